// A command line that cannot be followed, in at most three lines.

/// Why a command line cannot be followed; a program that gets one exits with 2.
package struct UsageError: Error, Equatable, Sendable {
    package enum Problem: Equatable, Sendable {
        case commandMissing([String])
        case unknownCommand(String, nearest: String?)
        case unknownOption(String, nearest: String?)
        case valueMissing(option: String, value: String)
        case valueUnexpected(option: String, value: String)
        case badValue(of: String, value: String, expected: String)
        /// The argument's name and what it is.
        case argumentMissing(String, String)
        case argumentUnexpected(String)
        /// What the table cannot express, such as two options that exclude each other.
        case other(String)
    }

    /// The program and the command's words as far as they were understood: `rota job add`.
    package let command: String
    package let problem: Problem
    /// A command line that would have been right.
    package let example: String?

    package init(command: String, problem: Problem, example: String? = nil) {
        self.command = command
        self.problem = problem
        self.example = example
    }
}

extension UsageError: CustomStringConvertible {
    /// What is wrong, then an example where it helps, then where to read on.
    package var description: String {
        var lines = ["\(command): \(sentence)"]
        if showsExample, let example { lines.append("  Example: \(example)") }
        lines.append("  Read on: \(command) --help")
        return lines.joined(separator: "\n")
    }

    private var sentence: String {
        switch problem {
        case .commandMissing(let choices):
            "which command? One of \(choices.joined(separator: ", "))"
        case .unknownCommand(let word, let nearest):
            "there is no command \"\(word)\"" + Self.question(nearest)
        case .unknownOption(let option, let nearest):
            "there is no option \(option)" + Self.question(nearest)
        case .valueMissing(let option, let value):
            "--\(option) needs a value: --\(option) \(value)"
        case .valueUnexpected(let option, let value):
            "--\(option) takes no value, but got \"\(value)\". Write just --\(option)"
        case .badValue(let name, let value, let expected):
            "\(name) is \"\(value)\". Write \(expected)"
        case .argumentMissing(let name, let summary):
            "\(name) is missing: \(summary)"
        case .argumentUnexpected(let word):
            "\"\(word)\" is one word too many. Quote words that belong together"
        case .other(let sentence):
            sentence
        }
    }

    private var showsExample: Bool {
        switch problem {
        case .argumentMissing, .argumentUnexpected, .valueMissing, .other: true
        case .commandMissing, .unknownCommand, .unknownOption, .valueUnexpected, .badValue: false
        }
    }

    private static func question(_ nearest: String?) -> String {
        nearest.map { ". Did you mean \"\($0)\"?" } ?? ""
    }
}
