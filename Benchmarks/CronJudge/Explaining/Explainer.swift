// Compares one judge's answers with ours and looks for the rules that explain a difference.

package import CronEval

/// One judge's rules, applied to its answers.
package struct Explainer {
    private let rules: JudgeRules
    private let habits: Habits
    private let plain: PlainJudge

    /// Takes the rules of `judge`, who was asked in `year`.
    package init(judge: Judge, year: Int, zones: ZoneCatalog) {
        let rules = JudgeRules.of(judge, year: year)
        self.rules = rules
        habits = Self.habits(rules.habits)
        plain = PlainJudge(zones: zones)
    }

    private static func habits(_ rules: some Sequence<HabitRule>) -> Habits {
        rules.reduce(into: Habits()) { $1.change(&$0) }
    }

    /// Compares `theirs` with `ours`.
    ///
    /// A difference is explained only if ours is what the documentation says, and theirs is what
    /// the judge's rules say.
    package func verdict(_ question: Question, theirs: Answer, ours: Answer) -> Verdict {
        if theirs != .rejected, ours != .rejected, let rule = refusal(of: question) {
            return .unexplained("accepted in spite of: \(rule)")
        }
        if theirs == ours { return .agreed }
        let isOursWrong: Verdict = .unexplained("ours is not what docs/schedules.md says")
        switch (theirs, ours) {
        case (.rejected, _):
            guard plain.accepts(question.text) else { return isOursWrong }
            return rejection(of: Shape(question.text))
        case (.fires([], .crash), .rejected):
            // It took the text and breaks off at the first question: no answer either.
            guard !plain.accepts(question.text) else { return isOursWrong }
            return .explained(["breaks off where we refuse"])
        case (_, .rejected):
            guard !plain.accepts(question.text) else { return isOursWrong }
            return acceptance(of: Shape(question.text))
        case (.fires(let fires, let ending), .fires):
            guard plain.answer(question) == ours else { return isOursWrong }
            return times(question, theirs: theirs, fires: fires, ending: ending)
        }
    }

    /// The rule by which the judge has to reject `question`.
    private func refusal(of question: Question) -> String? {
        let shape = Shape(question.text)
        return rules.rejects.first { $0.has(shape) }?.name
    }

    private func rejection(of shape: Shape) -> Verdict {
        let names = rules.rejects.filter { $0.has(shape) }.map(\.name)
        return names.isEmpty ? .unexplained("rejected for no known feature") : .explained(names)
    }

    private func acceptance(of shape: Shape) -> Verdict {
        var names = Set(rules.acceptsTexts.filter { $0.has(shape) }.map(\.name))
        for fault in shape.faults {
            guard let rule = rules.accepts.first(where: { $0.has(fault) }) else {
                return .unexplained("accepted with no known right: `\(fault.text)`")
            }
            names.insert(rule.name)
        }
        return names.isEmpty
            ? .unexplained("accepted for no known feature") : .explained(names.sorted())
    }

    /// Explains other fires: theirs must be exactly what an evaluator with the judge's habits
    /// predicts, but for quirks.
    private func times(
        _ question: Question,
        theirs: Answer,
        fires: [Int64],
        ending: Answer.Ending
    ) -> Verdict {
        let predicted = plain.answer(question, habits: habits)
        if predicted == theirs { return .explained(causes(question, of: theirs)) }
        guard let search = plain.search(question, habits: habits),
            let quirks = quirks(question, theirs: fires, search: search)
        else { return .unexplained("not what its habits predict: \(predicted.words)") }
        switch ending {
        case .enough: return .explained(quirks)
        case .end: return .unexplained("not what its habits predict: \(predicted.words)")
        case .hang, .crash:
            let last = fires.last ?? question.start
            let due = predicted.fires.first { $0 > last } ?? .max
            let traps = rules.hangs.filter { rule in
                guard rule.isAbout(search.reading) else { return false }
                guard let isAt = rule.isAt else { return true }
                return search.zone.changes.contains {
                    isAt($0) && $0.start > last - 86_400 && $0.start - 86_400 < due
                }
            }
            return traps.isEmpty
                ? .unexplained("\(ending) without a trap") : .hung(traps.map(\.name) + quirks)
        }
    }

    /// The quirks that explain how `fires` differ from what habits predict; `nil` if some instant
    /// remains.
    private func quirks(
        _ question: Question,
        theirs fires: [Int64],
        search: PlainSearch
    ) -> [String]? {
        guard let last = fires.last else { return [] }
        let predicted = Set(search.fires(question, through: last))
        var names: Set<String> = []
        for fire in predicted.symmetricDifference(fires) {
            let found = rules.quirks.first { rule in
                search.zone.changes.contains { change in
                    rule.isAbout(change) && rule.span(change).contains(fire)
                        && rule.predicts(
                            Oddity(
                                fire: fire,
                                isMissing: predicted.contains(fire),
                                change: change,
                                first: fires.first { $0 >= change.start },
                                recovery: fires.first {
                                    $0 > change.restOfDay.upperBound && predicted.contains($0)
                                },
                                reading: search.reading,
                                zone: search.zone
                            )
                        )
                }
            }
            guard let found else { return nil }
            names.insert(found.name)
        }
        return names.sorted()
    }

    /// The habits without which the prediction would be another one.
    private func causes(_ question: Question, of theirs: Answer) -> [String] {
        let needed = rules.habits.indices.filter { place in
            var others = rules.habits
            others.remove(at: place)
            return plain.answer(question, habits: Self.habits(others)) != theirs
        }
        if !needed.isEmpty { return needed.map { rules.habits[$0].name } }
        // Two habits do the same here: name those that would do alone.
        return rules.habits
            .filter { plain.answer(question, habits: Self.habits([$0])) == theirs }
            .map(\.name)
    }
}
