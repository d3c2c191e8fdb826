// The call to `posix_spawn(3)` and the descriptors around it.

internal import CLinux
internal import Glibc

/// A child that has just been started, as numbers that the caller owns.
struct SpawnedChild {
    let processID: Int32
    /// Readable once the child has exited.
    let pidfd: Int32
    /// The reading ends of its standard output and error, non-blocking.
    let output: Int32
    let errors: Int32

    init(_ command: ChildCommand) throws(SpawnError) {
        try command.checkText()
        var owned = OwnedDescriptors()
        let input = try owned.makeInput(command.input)
        let output = try owned.makePipe()
        let errors = try owned.makePipe()
        processID = try Self.start(
            command,
            descriptors: [input, output.writing, errors.writing]
        )
        pidfd = clinux_pidfd_open(processID, 0)
        guard pidfd >= 0 else {
            let failure = SystemError.last(while: "watch process \(processID)")
            // Unwatched it would be a run that nobody can end.
            kill(-processID, SIGKILL)
            var status: Int32 = 0
            _ = unsafe waitpid(processID, &status, 0)
            throw failure.code == EMFILE ? .outOfDescriptors : .system(failure)
        }
        self.output = owned.keep(output.reading)
        self.errors = owned.keep(errors.reading)
    }

    /// Starts `command` with `descriptors` as its 0, 1 and 2; answers its process id.
    private static func start(
        _ command: ChildCommand,
        descriptors: [Int32]
    ) throws(SpawnError) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let directory = command.directory {
            unsafe clinux_spawn_chdir(&actions, directory)
        }
        for (target, descriptor) in zip(Int32(0)..., descriptors) {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, target)
        }
        // Also those that some library opened without O_CLOEXEC.
        unsafe clinux_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(clinux_spawn_flags()))
        let variables = command.environment.map { "\($0.key)=\($0.value)" }
        var processID: Int32 = 0
        let code = unsafe withCStrings([command.program] + command.arguments) { arguments in
            unsafe withCStrings(variables) { environment in
                unsafe posix_spawn(
                    &processID,
                    command.program,
                    &actions,
                    &attributes,
                    arguments,
                    environment
                )
            }
        }
        guard code == 0 else { throw SpawnError(code: code, command: command) }
        return processID
    }

    /// Calls `body` with a list of C strings that ends with a null pointer.
    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe body(pointers)
    }
}

/// Descriptors that are closed at the end of their scope unless they are kept.
private struct OwnedDescriptors: ~Copyable {
    private var descriptors: [Int32] = []

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    mutating func makePipe() throws(SpawnError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        let code = unsafe clinux_pipe(&ends)
        guard code == 0 else { throw Self.failure("make a pipe") }
        descriptors += ends
        _ = clinux_set_nonblocking(ends[0])
        return (ends[0], ends[1])
    }

    /// A file in memory rather than a pipe: nobody has to feed it, and a child that does not read
    /// its input disturbs nobody.
    mutating func makeInput(_ bytes: [UInt8]?) throws(SpawnError) -> Int32 {
        guard let bytes else {
            let descriptor = unsafe clinux_open("/dev/null", O_RDONLY, 0)
            guard descriptor >= 0 else { throw Self.failure("open /dev/null") }
            descriptors.append(descriptor)
            return descriptor
        }
        let descriptor = unsafe clinux_memory_file("rota-input")
        guard descriptor >= 0 else { throw Self.failure("make a file in memory") }
        descriptors.append(descriptor)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("keep the standard input in memory") }
            written += count
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }

    /// `descriptor`, which the caller closes from here on.
    mutating func keep(_ descriptor: Int32) -> Int32 {
        descriptors.removeAll { $0 == descriptor }
        return descriptor
    }

    private static func failure(_ work: String) -> SpawnError {
        let error = SystemError.last(while: work)
        return error.code == EMFILE || error.code == ENFILE ? .outOfDescriptors : .system(error)
    }
}
