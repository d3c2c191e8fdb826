// What is behind a race program's command.

/// A command line of plain words and of options with one value each.
package struct Words: Sendable {
    package private(set) var plain: [String] = []
    private var options: [String: String] = [:]

    /// `nil` if an option has no value.
    package init?(_ words: ArraySlice<String>) {
        var rest = words
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                plain.append(word)
                continue
            }
            guard let value = rest.popFirst() else { return nil }
            options[String(word.dropFirst(2))] = value
        }
    }

    package func text(_ option: String) -> String? { options[option] }
    package func number(_ option: String) -> Int? { options[option].flatMap { Int($0) } }

    package func neededText(_ option: String) throws(RaceFailure) -> String {
        guard let text = options[option] else { throw RaceFailure("--\(option) is missing") }
        return text
    }

    package func neededNumber(_ option: String) throws(RaceFailure) -> Int {
        guard let number = number(option) else { throw RaceFailure("--\(option) is no number") }
        return number
    }
}
