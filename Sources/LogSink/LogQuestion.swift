// What is looked for in a log, as a request asks for it.

internal import HTTPService

/// A search in a log.
package struct LogQuestion: Equatable, Sendable {
    package static let limits = 0...10_000
    /// The longest text that is looked for.
    package static let textLimit = 4_096

    package let text: String
    package let letters: LogNeedle.Letters
    /// How many lines are answered at most; all are counted.
    package let limit: Int

    package init(text: String, letters: LogNeedle.Letters = .exact, limit: Int = 200) {
        self.text = text
        self.letters = letters
        self.limit = limit
    }

    package var needle: LogNeedle { LogNeedle(Array(text.utf8), letters) }

    /// As the query of a request to another member.
    package var query: String {
        let letters = letters == .anyCase ? "&letters=any" : ""
        return "q=\(PercentCoding.encode(text))&limit=\(limit)\(letters)"
    }
}
