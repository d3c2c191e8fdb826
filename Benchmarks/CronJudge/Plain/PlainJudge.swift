// The words of docs/schedules.md as a judge.

package import CronEval

/// A slow evaluator made from the documentation alone, with whatever habits.
package struct PlainJudge {
    private let zones: [String: PlainZone]

    package init(zones: ZoneCatalog) {
        self.zones = Dictionary(
            uniqueKeysWithValues: Corpus.zones.compactMap { name in
                PlainZone(named: name, in: zones).map { (name, $0) }
            }
        )
    }

    /// What the documentation says of `question`.
    package func answer(_ question: Question) -> Answer { answer(question, habits: Habits()) }

    /// What somebody would answer who makes `mistake`.
    package func answer(_ question: Question, making mistake: Mistake) -> Answer {
        answer(question, habits: mistake.habits)
    }

    /// Whether the documentation allows `text`.
    func accepts(_ text: String) -> Bool {
        PlainTimed(text) != nil || Shape(text).faults.isEmpty && PlainReading(text) != nil
    }

    /// What somebody with these habits would say, rejections apart.
    func answer(_ question: Question, habits: Habits) -> Answer {
        guard let zone = zone(of: question) else { return .rejected }
        if let timed = PlainTimed(question.text) {
            return timed.answer(question, in: zone, habits: habits)
        }
        return search(question, habits: habits)?.answer(question) ?? .rejected
    }

    /// The search for the fires of a text that is made of fields.
    func search(_ question: Question, habits: Habits) -> PlainSearch? {
        guard let zone = zone(of: question), Shape(question.text).faults.isEmpty,
            let reading = PlainReading(question.text, habits: habits)
        else { return nil }
        return PlainSearch(reading: reading, zone: zone, habits: habits)
    }

    private func zone(of question: Question) -> PlainZone? {
        zones[PlainPrefix(question.text).zone ?? question.zone]
    }
}
