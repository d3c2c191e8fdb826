// A schedule in plain words, for tables and previews.

internal import Vocabulary

extension Schedule {
    /// When it fires, in words: `every 5 minutes`, `at 03:00 every day`.
    ///
    /// Made from what the text means, not from how it is written. Neither the zone nor what a
    /// calendar, jitter or clock changes make of it is mentioned: that is ``explanation(at:)``.
    package var words: String {
        let phrases = Phrases.english
        switch timing {
        case .fields(let pattern):
            let words = PatternWords(pattern: pattern, phrases: phrases).sentence
            return neverFires ? Phrases.fill(phrases.never, words) : words
        case .every(let grid): return phrases.every(milliseconds: grid.period)
        case .at(let instant): return Phrases.fill(phrases.once, "\(instant)")
        }
    }
}
