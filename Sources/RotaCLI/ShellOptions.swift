// The options of a command to run, as the member `shell` of a spec.

internal import CommandTable
internal import Vocabulary

/// Builds shell tasks from `job add`'s options.
enum ShellOptions {
    /// The options that only such a task has.
    static let all = [
        "dir", "env", "input", "shell-program", "user", "umask", "nice", "limit", "success",
    ]

    /// What is to run: a line, or a program with its arguments.
    enum Command {
        case line(String)
        case program([String])
    }

    /// `nil` if neither is given.
    static func command(_ given: Invocation) throws(Failure) -> Command? {
        let words = given.texts("argv")
        switch given.text("shell") {
        case let line? where words.isEmpty: return .line(line)
        case _?: throw .usage("--shell and --argv exclude each other. Give one of them")
        case nil where words.isEmpty: return nil
        case nil: return .program(words)
        }
    }

    static func task(_ command: Command, _ given: Invocation) throws(Failure) -> Value {
        var task: [String: Value] = [:]
        switch command {
        case .line(let line):
            task["command"] = .string(line)
            task["shell"] = given.text("shell-program").map { .string($0) }
        case .program(let words):
            guard !given.flag("shell-program") else {
                throw .usage("--shell-program goes with --shell, not with --argv")
            }
            task["argv"] = .array(words.map { .string($0) })
        }
        for (option, member) in [
            ("dir", "directory"), ("input", "input"), ("user", "user"), ("umask", "umask"),
        ] {
            task[member] = given.text(option).map { .string($0) }
        }
        let environment = try SpecDocument.pairs(given, "env")
        if !environment.isEmpty { task["environment"] = .object(environment) }
        task["nice"] = given.number("nice").map { .integer(Int64($0)) }
        let limits = try SpecDocument.pairs(given, "limit").mapValues(\.asCount)
        if !limits.isEmpty { task["limits"] = .object(limits) }
        var codes: [Value] = []
        for text in given.texts("success") {
            guard let code = Int64(text) else {
                throw .usage("--success is an exit code such as 2; repeat it for several")
            }
            codes.append(.integer(code))
        }
        if !codes.isEmpty { task["success"] = .array(codes) }
        return .object(task)
    }
}

extension Value {
    /// Digits as a number, for limits that count something.
    fileprivate var asCount: Value {
        string.flatMap { Int64($0) }.map { .integer($0) } ?? self
    }
}
