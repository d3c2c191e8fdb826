// What to start as a child, and why it could not be started.

internal import Glibc

/// A program with everything it starts with; nothing else is inherited but identity and limits.
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

/// Why a child could not be started; nothing has run then.
package enum SpawnError: Error, Equatable, Sendable {
    case noSuchProgram(String)
    case notExecutable(String)
    case noSuchDirectory(String)
    case directoryRefused(String)
    /// The kernel's limit on arguments and environment together, or on one of them.
    case tooLarge(bytes: Int)
    /// A zero byte in text that the kernel ends at the first one, or a name that is none.
    case unspeakable(String)
    case outOfProcesses
    case outOfDescriptors
    case system(SystemError)
}

extension SpawnError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSuchProgram(let path):
            "there is no program `\(path)` on this node. Write an absolute path, such as /bin/sh"
        case .notExecutable(let path):
            "`\(path)` may not be executed by this node's user. Check its mode and its owner"
        case .noSuchDirectory(let path):
            "there is no folder `\(path)` on this node. Make it, or name one that is there"
        case .directoryRefused(let path):
            "this node's user may not enter the folder `\(path)`. Check its mode and its owner"
        case .tooLarge(let bytes):
            """
            command and environment take \(bytes) bytes, more than the kernel passes on. \
            Put long text into the task's standard input
            """
        case .unspeakable(let what):
            "\(what). Leave it out: the kernel cannot pass it on"
        case .outOfProcesses:
            "the kernel gives no more processes (EAGAIN). Raise TasksMax or `ulimit -u`"
        case .outOfDescriptors:
            "this node is out of file descriptors. Raise LimitNOFILE or `ulimit -n`"
        case .system(let error):
            "\(error)"
        }
    }

    /// The meaning of `code`, answered by `posix_spawn(3)` for `command`.
    init(code: Int32, command: ChildCommand) {
        let program = command.program
        switch code {
        case E2BIG:
            self = .tooLarge(bytes: command.sizeInBytes)
        case EAGAIN:
            self = .outOfProcesses
        case EMFILE, ENFILE:
            self = .outOfDescriptors
        case ENOENT, ENOTDIR, EACCES:
            // The same codes come from the folder and from the program.
            if let refusal = Self.refusal(of: command.directory) {
                self = refusal
            } else {
                self = code == EACCES ? .notExecutable(program) : .noSuchProgram(program)
            }
        case ENOEXEC:
            self = .notExecutable(program)
        case _:
            self = .system(SystemError(code: code, while: "start \(program)"))
        }
    }

    private static func refusal(of directory: String?) -> Self? {
        guard let directory else { return nil }
        var information = stat()
        guard unsafe stat(directory, &information) == 0 else {
            return errno == EACCES ? .directoryRefused(directory) : .noSuchDirectory(directory)
        }
        guard information.st_mode & S_IFMT == S_IFDIR else { return .noSuchDirectory(directory) }
        return unsafe access(directory, X_OK) == 0 ? nil : .directoryRefused(directory)
    }
}

extension ChildCommand {
    fileprivate var sizeInBytes: Int {
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
