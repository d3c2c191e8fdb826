// What a shell task runs, as whom, and within which limits.

/// A command, run in a session of its own.
package struct ShellTask: Hashable, Sendable {
    /// What is started.
    package enum Form: Hashable, Sendable {
        /// A line for the shell.
        case line(String)
        /// A program's path and its arguments, which no shell takes apart; never empty.
        case program([String])
    }

    package var form: Form
    /// Runs the line; of no use to a program.
    package var shell = "/bin/sh"
    /// `nil`: the node's own.
    package var directory: String?
    package var environment: [String: String] = [:]
    /// Text for standard input; `nil`: `/dev/null`.
    package var input: String?
    /// As whom it runs; `nil`: as the node's own user.
    package var user: String?
    /// Bits that are taken from the modes of new files; `nil`: the node's own.
    package var umask: Int?
    /// From -20, the greediest, to 19; `nil`: the node's own.
    package var niceness: Int?
    package var limits = TaskLimits()
    /// Exit codes that count as success; empty: 0.
    package var successCodes: [Int] = []

    package init(command: String) {
        form = .line(command)
    }

    /// - Parameter program: A path and its arguments; not empty.
    package init(program: [String]) {
        precondition(!program.isEmpty, "a task that starts nothing")
        form = .program(program)
    }

    /// The path of what is started: the shell, or the program itself.
    package var executable: String {
        switch form {
        case .line: shell
        case .program(let words): words.first ?? ""
        }
    }

    /// Its arguments, the program's own name left out.
    package var arguments: [String] {
        switch form {
        case .line(let line): ["-c", line]
        case .program(let words): Array(words.dropFirst())
        }
    }
}
