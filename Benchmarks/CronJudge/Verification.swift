// The whole comparison: corpus, judges, verdicts.

package import CronEval

/// What one judge's answers come to.
package struct Tally: Sendable {
    /// A difference without an explanation.
    package struct Finding: Sendable {
        package let question: Question
        package let theirs: Answer
        package let ours: Answer
        package let why: String
    }

    /// As the judge calls itself.
    package let name: String
    package fileprivate(set) var cases = 0
    package fileprivate(set) var agreed = 0
    /// Cases that differ as rules say.
    package fileprivate(set) var explained = 0
    /// How often each rule explained, some together.
    package fileprivate(set) var rules: [String: Int] = [:]
    /// How often the judge did not come back, by why.
    package fileprivate(set) var hangs: [String: Int] = [:]
    package fileprivate(set) var unexplained: [Finding] = []

    init(name: String) {
        self.name = name
    }
}

/// Compares answers, once for each judge.
package struct Verification: Sendable {
    private let questions: [Question]
    private let ours: [Answer]
    private let zones: ZoneCatalog
    private let year: Int

    /// - Parameters:
    ///   - questions: What the judges were asked.
    ///   - year: When they were asked it.
    ///   - zones: Where zones are found.
    package init(_ questions: [Question], year: Int, zones: ZoneCatalog) {
        let our = OurAnswers(zones: zones)
        self.init(questions, ours: questions.map(our.answer), year: year, zones: zones)
    }

    /// Compares with `ours` instead of what our evaluator answers.
    package init(_ questions: [Question], ours: [Answer], year: Int, zones: ZoneCatalog) {
        self.questions = questions
        self.ours = ours
        self.zones = zones
        self.year = year
    }

    /// Compares the answers of `judge`, in the order of the questions.
    package func compare(_ judge: Judge, name: String, answers: [Answer]) -> Tally {
        let explainer = Explainer(judge: judge, year: year, zones: zones)
        var tally = Tally(name: name)
        for (place, question) in questions.enumerated() {
            let (theirs, ours) = (answers[place], ours[place])
            tally.cases += 1
            switch explainer.verdict(question, theirs: theirs, ours: ours) {
            case .agreed: tally.agreed += 1
            case .explained(let names):
                tally.explained += 1
                for name in names { tally.rules[name, default: 0] += 1 }
            case .hung(let names):
                tally.hangs[names.joined(separator: "; "), default: 0] += 1
            case .unexplained(let why):
                tally.unexplained.append(
                    Tally.Finding(question: question, theirs: theirs, ours: ours, why: why)
                )
            }
        }
        return tally
    }

    /// Compares ours with the words of the documentation, and read forwards with read backwards.
    package func compareWithDocumentation() -> Tally {
        let plain = PlainJudge(zones: zones)
        let our = OurAnswers(zones: zones)
        var tally = Tally(name: "docs/schedules.md, read slowly")
        for (question, ours) in zip(questions, ours) {
            let theirs = plain.answer(question)
            tally.cases += 1
            if theirs != ours {
                tally.unexplained.append(
                    Tally.Finding(question: question, theirs: theirs, ours: ours, why: "differs")
                )
            } else if !our.isMirrored(ours.fires, of: question) {
                tally.unexplained.append(
                    Tally.Finding(
                        question: question,
                        theirs: theirs,
                        ours: ours,
                        why: "previous does not lead back"
                    )
                )
            } else {
                tally.agreed += 1
            }
        }
        return tally
    }
}
