// Why a child could not be started, as a sentence that says what to do.

internal import CLinux
internal import Glibc

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
    case userRefused(String, SystemError)
    case nicenessRefused(Int, SystemError)
    case limitRefused(SystemError)
    case cgroupRefused(String, SystemError)
    /// The caller's own rules forbid it; the sentence is theirs.
    case forbidden(String)
    case system(SystemError)
}

extension SpawnError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSuchProgram(let path):
            "there is no program `\(path)` on this node. Write an absolute path, such as /bin/sh"
        case .notExecutable(let path):
            "`\(path)` may not be executed by the task's user. Check its mode and its owner"
        case .noSuchDirectory(let path):
            "there is no folder `\(path)` on this node. Make it, or name one that is there"
        case .directoryRefused(let path):
            "the task's user may not enter the folder `\(path)`. Check its mode and its owner"
        case .tooLarge(let bytes):
            """
            command and environment take \(bytes) bytes, more than the kernel passes on. \
            Put long text into the task's standard input
            """
        case .unspeakable(let what):
            "\(what). Leave it out: the kernel cannot pass it on"
        case .outOfProcesses:
            """
            the kernel gives no more processes (EAGAIN). Raise the task's limit, TasksMax or \
            `ulimit -u`
            """
        case .outOfDescriptors:
            "this node is out of file descriptors. Raise LimitNOFILE or `ulimit -n`"
        case .userRefused(let user, let error):
            "\(error). Run the node as root, or leave out that the task runs as \(user)"
        case .nicenessRefused(let niceness, let error):
            "\(error). Only root may go below the node's own; write more than \(niceness)"
        case .limitRefused(let error):
            "\(error). Leave the limit out"
        case .cgroupRefused(let path, let error):
            "\(error). Check who may write to \(path)"
        case .forbidden(let sentence):
            sentence
        case .system(let error):
            "\(error)"
        }
    }
}

extension SpawnError {
    /// The meaning of what stopped `command` on its way.
    init(_ result: clinux_spawn_result, command: ChildCommand) {
        let code = result.error
        func failure(_ work: String) -> SystemError { SystemError(code: code, while: work) }
        switch clinux_spawn_step(rawValue: UInt32(result.step)) {
        case CLINUX_STEP_PROCESS:
            self = Self(startOf: command, code: code)
        case CLINUX_STEP_CGROUP:
            let path = command.cgroup?.path ?? ""
            self = .cgroupRefused(path, failure("join the cgroup \(path)"))
        case CLINUX_STEP_NICENESS:
            let niceness = command.niceness ?? 0
            self = .nicenessRefused(niceness, failure("set the niceness to \(niceness)"))
        case CLINUX_STEP_LIMIT:
            let limits = command.limits.kernelLimits
            let name = limits.indices.contains(result.limit) ? limits[result.limit].name : ""
            self = .limitRefused(failure("set the limit of \(name)"))
        case CLINUX_STEP_IDENTITY:
            let user = command.identity?.name ?? ""
            self = .userRefused(user, failure("become user \(user)"))
        case CLINUX_STEP_DIRECTORY:
            self = Self(directory: command.directory ?? "", code: code)
        case CLINUX_STEP_PROGRAM:
            self = Self(program: command, code: code)
        case CLINUX_STEP_DESCRIPTORS where code == EMFILE:
            self = .outOfDescriptors
        case _:
            self = .system(failure("start \(command.program), step \(result.step)"))
        }
    }

    private init(startOf command: ChildCommand, code: Int32) {
        switch code {
        case EAGAIN: self = .outOfProcesses
        case EMFILE, ENFILE: self = .outOfDescriptors
        case _: self = .system(SystemError(code: code, while: "start \(command.program)"))
        }
    }

    private init(directory: String, code: Int32) {
        switch code {
        case ENOENT, ENOTDIR: self = .noSuchDirectory(directory)
        case EACCES, EPERM: self = .directoryRefused(directory)
        case _: self = .system(SystemError(code: code, while: "enter the folder \(directory)"))
        }
    }

    private init(program command: ChildCommand, code: Int32) {
        let program = command.program
        switch code {
        case ENOENT, ENOTDIR: self = .noSuchProgram(program)
        case EACCES, EPERM, ENOEXEC: self = .notExecutable(program)
        case E2BIG: self = .tooLarge(bytes: command.sizeInBytes)
        case EAGAIN: self = .outOfProcesses
        case _: self = .system(SystemError(code: code, while: "start \(program)"))
        }
    }
}
