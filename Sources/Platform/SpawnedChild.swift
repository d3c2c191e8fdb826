// The call that starts a child, and the descriptors around it.

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
        let cgroup = try owned.openFolder(of: command.cgroup)
        let descriptors = (input, output.writing, errors.writing)
        let result = try Self.start(command, descriptors: descriptors, cgroup: cgroup)
        processID = result.process
        pidfd = result.pidfd
        self.output = owned.keep(output.reading)
        self.errors = owned.keep(errors.reading)
    }

    /// Starts `command` with `descriptors` as its 0, 1 and 2.
    private static func start(
        _ command: ChildCommand,
        descriptors: (Int32, Int32, Int32),
        cgroup: Int32
    ) throws(SpawnError) -> clinux_spawn_result {
        var result = clinux_spawn_result()
        var plan = unsafe clinux_spawn_plan()
        unsafe plan.descriptors = descriptors
        unsafe plan.cgroup = cgroup
        unsafe plan.mask = command.umask.map { Int32($0) } ?? -1
        if let niceness = command.niceness {
            unsafe plan.has_niceness = 1
            unsafe plan.niceness = Int32(niceness)
        }
        unsafe plan.mark = command.mark?.number ?? 0
        unsafe plan.ends_with_caller = command.endsWithItsStarter ? 1 : 0
        unsafe plan.no_new_privileges = command.isWithoutNewPrivileges ? 1 : 0
        let limits = command.limits.kernelLimits.map(\.limit)
        let groups = command.identity?.groups ?? []
        let code = unsafe withCommand(command) { program, arguments, environment, directory in
            unsafe limits.withUnsafeBufferPointer { limits in
                unsafe groups.withUnsafeBufferPointer { groups in
                    unsafe plan.program = UnsafePointer(program)
                    unsafe plan.arguments = arguments
                    unsafe plan.environment = environment
                    unsafe plan.directory = directory.map { unsafe UnsafePointer($0) }
                    unsafe plan.limits = limits.baseAddress
                    unsafe plan.limit_count = limits.count
                    if let identity = command.identity {
                        unsafe plan.has_identity = 1
                        unsafe plan.user = identity.userID
                        unsafe plan.group = identity.groupID
                        unsafe plan.groups = groups.baseAddress
                        unsafe plan.group_count = groups.count
                    }
                    return unsafe clinux_spawn(&plan, &result)
                }
            }
        }
        guard code == 0 else { throw SpawnError(result, command: command) }
        return result
    }

    private typealias CString = UnsafeMutablePointer<CChar>

    /// Calls `body` with the texts of `command` as C knows them.
    private static func withCommand(
        _ command: ChildCommand,
        _ body: (CString, UnsafePointer<CString?>, UnsafePointer<CString?>, CString?) -> Int32
    ) -> Int32 {
        let variables = command.environment.map { "\($0.key)=\($0.value)" }
        let directory = unsafe command.directory.flatMap { unsafe strdup($0) }
        defer { unsafe free(directory) }
        return unsafe withCStrings([command.program] + command.arguments) { arguments in
            unsafe withCStrings(variables) { environment in
                guard let program = unsafe arguments.pointee else { return -1 }
                return unsafe body(program, arguments, environment, directory)
            }
        }
    }

    /// Calls `body` with a list of C strings that ends with a null pointer.
    private static func withCStrings(
        _ strings: [String],
        _ body: (UnsafePointer<CString?>) -> Int32
    ) -> Int32 {
        let pointers: [CString?] = unsafe strings.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe pointers.withUnsafeBufferPointer { list in
            guard let first = list.baseAddress else { return -1 }
            return unsafe body(first)
        }
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

    /// What `cgroup` is named by when a process is started in it; -1 if there is none.
    mutating func openFolder(of cgroup: CgroupFolder?) throws(SpawnError) -> Int32 {
        guard let cgroup else { return -1 }
        let descriptor = unsafe clinux_open(cgroup.path, O_RDONLY | O_DIRECTORY, 0)
        guard descriptor >= 0 else { throw Self.failure("open \(cgroup.path)") }
        descriptors.append(descriptor)
        return descriptor
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
