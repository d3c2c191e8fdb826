// Reads one command line against the table.

internal import Vocabulary

/// The state of reading one command line from left to right.
struct CommandLineReader {
    private enum Stop: Error {
        case at(Request)
        case usage(UsageError)
    }

    private let table: CommandTable
    private var path: [String] = []
    private var command: Command?
    private var rest: ArraySlice<String> = []
    private var words: [String] = []
    private var options: [String: [String]] = [:]

    init(table: CommandTable) {
        self.table = table
        command = table.command(at: [])
    }

    mutating func read(_ line: [String]) throws(UsageError) -> Request {
        rest = line[...]
        do throws(Stop) {
            try takeAll()
        } catch {
            switch error {
            case .at(let request): return request
            case .usage(let error): throw error
            }
        }
        guard let command else {
            throw fault(.commandMissing(table.words(after: path).map(\.word)))
        }
        let arguments = try assignArguments(of: command)
        return .run(Invocation(path: path, arguments: arguments, options: options))
    }

    private mutating func takeAll() throws(Stop) {
        var mayBeOption = true
        while let word = rest.popFirst() {
            if mayBeOption, word == "--" {
                mayBeOption = false
            } else if mayBeOption, word.hasPrefix("--") {
                try takeLong(word.dropFirst(2))
            } else if mayBeOption, word.hasPrefix("-"), word != "-" {
                try takeShort(word.dropFirst())
            } else {
                try takeWord(word)
            }
        }
    }

    private mutating func takeWord(_ word: String) throws(Stop) {
        guard command == nil else {
            words.append(word)
            return
        }
        let next = path + [word]
        if let found = table.command(at: next) {
            command = found
        } else if !table.isGroup(next) {
            let known = table.words(after: path).map(\.word)
            throw .usage(fault(.unknownCommand(word, nearest: word.nearest(among: known))))
        }
        path = next
    }

    private mutating func takeLong(_ text: Substring) throws(Stop) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let option = known.first(where: { $0.name == name }) else {
            try stopIfBuiltIn("--\(name)")
            let nearest = name.nearest(among: known.map(\.name) + ["help", "version"])
            throw .usage(fault(.unknownOption("--\(name)", nearest: nearest.map { "--\($0)" })))
        }
        if parts.count == 2 {
            guard option.takesValue else {
                throw .usage(fault(.valueUnexpected(option: name, value: String(parts[1]))))
            }
            try set(option, to: String(parts[1]))
        } else {
            try set(option, to: option.takesValue ? value(of: option) : "")
        }
    }

    private mutating func takeShort(_ text: Substring) throws(Stop) {
        var letters = text
        while let letter = letters.popFirst() {
            guard let option = known.first(where: { $0.short == letter }) else {
                try stopIfBuiltIn("-\(letter)")
                throw .usage(fault(.unknownOption("-\(letter)", nearest: nil)))
            }
            guard option.takesValue else {
                try set(option, to: "")
                continue
            }
            try set(option, to: letters.isEmpty ? value(of: option) : String(letters))
            return
        }
    }

    private func stopIfBuiltIn(_ option: String) throws(Stop) {
        switch option {
        case "--help", "-h": throw .at(.help(for: path))
        case "--version", "-V": throw .at(.version)
        case _: return
        }
    }

    private var known: [Option] { (command?.options ?? []) + table.globalOptions }

    private mutating func value(of option: Option) throws(Stop) -> String {
        guard let value = rest.popFirst() else {
            throw .usage(fault(.valueMissing(option: option.name, value: option.valueName)))
        }
        return value
    }

    private mutating func set(_ option: Option, to value: String) throws(Stop) {
        if let expected = option.expectation(unmetBy: value) {
            throw .usage(
                fault(.badValue(of: "--\(option.name)", value: value, expected: expected))
            )
        }
        options[option.name, default: []].append(value)
    }

    private func assignArguments(
        of command: Command
    ) throws(UsageError) -> [String: [String]] {
        var left = words[...]
        var found: [String: [String]] = [:]
        for argument in command.arguments {
            let taken = argument.takesRest ? left : left.prefix(1)
            guard !taken.isEmpty || !argument.isRequired else {
                throw fault(.argumentMissing(argument.name, argument.summary))
            }
            if case .choices(let choices) = argument.source,
                let wrong = taken.first(where: { !choices.contains($0) })
            {
                let expected = "one of \(choices.joined(separator: ", "))"
                throw fault(.badValue(of: argument.name, value: wrong, expected: expected))
            }
            found[argument.name] = Array(taken)
            left = left.dropFirst(taken.count)
        }
        if let extra = left.first { throw fault(.argumentUnexpected(extra)) }
        return found
    }

    private func fault(_ problem: UsageError.Problem) -> UsageError {
        UsageError(
            command: table.name(of: path),
            problem: problem,
            example: command?.examples.first?.line
        )
    }
}

extension Option {
    /// What `value` should have been, or `nil` if it is fine.
    func expectation(unmetBy value: String) -> String? {
        switch kind {
        case .flag: return nil
        case .duration:
            return DurationText.parse(value) == nil ? "a duration such as 90s, 15m or 1h30m" : nil
        case .number(let range):
            if let number = Int(value), range.contains(number) { return nil }
            if range.upperBound == .max {
                return range.lowerBound == .min
                    ? "a whole number" : "a whole number of at least \(range.lowerBound)"
            }
            return "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .text:
            guard case .choices(let choices) = source, !choices.contains(value) else { return nil }
            return "one of \(choices.joined(separator: ", "))"
        }
    }
}
