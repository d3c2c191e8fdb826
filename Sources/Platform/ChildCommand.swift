// What to start as a child.

package import Vocabulary

/// A program with everything it starts with.
///
/// What is `nil` is inherited: identity, limits, niceness, file mode mask. Nothing else is.
package struct ChildCommand: Equatable, Sendable {
    /// An absolute path; `PATH` is not searched.
    package var program: String
    /// Without the program's own name.
    package var arguments: [String]
    /// The whole environment.
    package var environment: [String: String]
    /// `nil`: that of this process.
    package var directory: String?
    /// Bytes for standard input; `nil`: `/dev/null`.
    package var input: [UInt8]?
    /// `nil`: as this process.
    package var identity: HostUser?
    /// Bits that are taken from the modes of new files.
    package var umask: Int?
    /// From -20 to 19.
    package var niceness: Int?
    package var limits = TaskLimits()
    /// A group of its own for it and all its offspring; removed by who made it.
    package var cgroup: CgroupFolder?
    /// By which it and all its offspring are found, also those that leave its session.
    package var mark: ProcessMark?
    /// Set-user-id programs give it, and all its offspring, no rights that it has not.
    package var isWithoutNewPrivileges = false
    /// It is sent KILL once the thread that started it has ended, whatever ended it.
    package var endsWithItsStarter = false

    package init(
        program: String,
        arguments: [String] = [],
        environment: [String: String] = [:],
        directory: String? = nil,
        input: [UInt8]? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.input = input
    }
}

extension ChildCommand {
    var sizeInBytes: Int {
        arguments.reduce(program.utf8.count + 1) { $0 + $1.utf8.count + 1 }
            + environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 }
    }

    /// Refuses what C strings cannot say.
    func checkText() throws(SpawnError) {
        for text in [program, directory ?? ""] + arguments where text.utf8.contains(0) {
            throw .unspeakable("the command, `\(text.prefix(40))`, has a zero byte in it")
        }
        for (name, value) in environment {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0)
            else {
                throw .unspeakable("`\(name.prefix(40))` is no name for an environment variable")
            }
            guard !value.utf8.contains(0) else {
                throw .unspeakable("the environment variable `\(name)` has a zero byte in it")
            }
        }
    }
}
