// A task's limits as the kernel takes them.

internal import CLinux
internal import Glibc
internal import Vocabulary

extension TaskLimits {
    /// Each limit that is set, with what it is called in a message.
    ///
    /// RLIMIT_DATA rather than RLIMIT_AS: many a runtime reserves a thousand times the addresses
    /// that it will ever put memory behind.
    var kernelLimits: [(name: String, limit: clinux_limit)] {
        var limits: [(name: String, limit: clinux_limit)] = []
        func add(_ name: String, _ resource: Int, _ value: Int?, grace: UInt64 = 0) {
            guard let value else { return }
            let limit = clinux_limit(
                resource: Int32(resource),
                value: UInt64(clamping: value),
                grace: grace
            )
            limits.append((name, limit))
        }
        // From <asm-generic/resource.h>, which Swift sees as values of an enumeration.
        add("memory", 2, memory)
        // At the soft limit comes SIGXCPU, at the hard one KILL.
        add("cpu", 0, cpuTime.map { Int($0.components.seconds) }, grace: 1)
        add("processes", 6, processes)
        add("files", 7, files)
        add("file_size", 1, fileSize)
        return limits
    }
}
