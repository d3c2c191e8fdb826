// All there is to say about a schedule, for whoever is about to rely on it.

package import Vocabulary

/// A schedule in plain words, and what may surprise.
package struct Explanation: Equatable, Sendable {
    /// When it fires, where, and what calendars and jitter do to it.
    package let sentence: String
    /// What its author may not have meant, and each clock change of the coming year that it meets.
    package let notes: [String]
}

extension Schedule {
    /// What this schedule does, told at `now`.
    ///
    /// - Complexity: Like a few dozen searches; it is for people.
    package func explanation(at now: Instant) -> Explanation {
        let phrases = Phrases.english
        let yearAhead = now..<now.advanced(by: .seconds(366 * 86_400))
        return Explanation(
            sentence: sentence(in: phrases),
            notes: warnings.map(\.description)
                + (neverFires ? [] : clockChanges(in: yearAhead).map { $0.sentence(in: phrases) })
        )
    }

    private func sentence(in phrases: Phrases) -> String {
        var text = words
        if case .fields = timing { text = Phrases.fill(phrases.inZone, text, zoneName) }
        guard let restriction else { return text }
        if let calendar = restriction.calendar {
            let phrase =
                switch calendar.shift {
                case nil: phrases.allowedDays
                case .next: phrases.movedToNext
                case .previous: phrases.movedToPrevious
                }
            text = Phrases.fill(phrase, text)
        }
        guard delay != .zero else { return text }
        return Phrases.fill(
            phrases.delayed,
            text,
            phrases.duration(milliseconds: delay.milliseconds)
        )
    }
}
