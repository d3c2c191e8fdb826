// One table from which a program's parser, help and completion are made.

internal import Vocabulary

/// All that one program can be asked to do.
///
/// A program with a single command lists one ``Command`` with an empty path.
package struct CommandTable: Equatable, Sendable {
    package let program: String
    package let version: String
    package let summary: String
    package let groups: [CommandGroup]
    package let commands: [Command]
    /// Understood before and after any command's words.
    package let globalOptions: [Option]

    /// - Precondition: No two commands share a path, and none is the beginning of another.
    package init(
        program: String,
        version: String,
        summary: String,
        groups: [CommandGroup] = [],
        commands: [Command],
        globalOptions: [Option] = []
    ) {
        self.program = program
        self.version = version
        self.summary = summary
        self.groups = groups
        self.commands = commands
        self.globalOptions = globalOptions
        for (index, command) in commands.enumerated() {
            for other in commands[(index + 1)...] {
                precondition(
                    !command.path.starts(with: other.path)
                        && !other.path.starts(with: command.path),
                    "commands \(command.path) and \(other.path) cannot be told apart"
                )
            }
        }
    }

    /// What a command line asks for, by the GNU rules.
    ///
    /// `--long value`, `--long=value`, `-s value`, `-svalue`, flags together as in `-fv`, `--`
    /// before words that only look like options, and `-` as an ordinary word. Options and arguments
    /// may be mixed. `-h` and `-V` win over everything after them.
    ///
    /// - Parameter words: The command line without the program's own name.
    /// - Returns: A command to run, or what the user asked to see instead.
    /// - Throws: ``UsageError`` for the first word that cannot be followed.
    package func parse(_ words: [String]) throws(UsageError) -> Request {
        var reader = CommandLineReader(table: self)
        return try reader.read(words)
    }

    /// The command with exactly this path.
    package func command(at path: [String]) -> Command? {
        commands.first { $0.path == path }
    }

    /// The words that may follow `path`, hidden commands left out, in the table's order.
    package func words(after path: [String]) -> [(word: String, summary: String)] {
        var found: [(word: String, summary: String)] = []
        for command in commands
        where command.visibility == .listed && command.path.count > path.count
            && command.path.starts(with: path)
        {
            let word = command.path[path.count]
            guard !found.contains(where: { $0.word == word }) else { continue }
            found.append((word, summary(of: path + [word])))
        }
        return found
    }

    /// Whether some command's path goes on after `path`.
    func isGroup(_ path: [String]) -> Bool {
        commands.contains { $0.path.count > path.count && $0.path.starts(with: path) }
    }

    func summary(of path: [String]) -> String {
        command(at: path)?.summary ?? groups.first { $0.path == path }?.summary ?? ""
    }

    /// `rota job add`: the program and the words of a command.
    func name(of path: [String]) -> String {
        ([program] + path).joined(separator: " ")
    }
}

/// What a command line asks for.
package enum Request: Equatable, Sendable {
    case run(Invocation)
    /// Help for the command or group with this path.
    case help(for: [String])
    case version
}

/// One command with the values it was given.
package struct Invocation: Equatable, Sendable {
    package let path: [String]
    /// By the argument's name, in the order given.
    let arguments: [String: [String]]
    /// By the option's name; a flag has one empty value.
    let options: [String: [String]]

    package func flag(_ name: String) -> Bool { options[name] != nil }
    /// The value of the option called `name`.
    package func text(_ name: String) -> String? { options[name]?.last }
    /// All values of a repeated option, in the order given.
    package func texts(_ name: String) -> [String] { options[name] ?? [] }
    package func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }
    package func duration(_ name: String) -> Duration? {
        text(name).flatMap { DurationText.parse($0) }
    }

    /// The argument called `name`, or `nil` if it is optional and was left out.
    package func argument(_ name: String) -> String? { arguments[name]?.first }
    /// The words given for the argument called `name`.
    package func arguments(_ name: String) -> [String] { arguments[name] ?? [] }
}
