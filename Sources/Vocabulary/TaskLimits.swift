// How much a task may take of its node.

/// Limits on a task's processes; `nil`: those of the node itself.
///
/// Where the node may make cgroups, memory and processes are counted for the run as a whole. Where
/// it may not, each process has the memory for itself, and processes are counted by user, root's
/// not at all; see setrlimit(2).
package struct TaskLimits: Hashable, Sendable {
    /// In bytes; without a cgroup what one process may allocate, RLIMIT_DATA.
    package var memory: Int?
    /// Time on a CPU for each process, in whole seconds; KILL comes a second after the limit.
    package var cpuTime: Duration?
    package var processes: Int?
    /// Descriptors that one process may have open.
    package var files: Int?
    /// In bytes, of any file that is written.
    package var fileSize: Int?

    package init() {}

    /// The lower of two limits each.
    package func within(_ other: Self) -> Self {
        func lower<Size: Comparable>(_ one: Size?, _ two: Size?) -> Size? {
            guard let one, let two else { return one ?? two }
            return min(one, two)
        }
        var result = Self()
        result.memory = lower(memory, other.memory)
        result.cpuTime = lower(cpuTime, other.cpuTime)
        result.processes = lower(processes, other.processes)
        result.files = lower(files, other.files)
        result.fileSize = lower(fileSize, other.fileSize)
        return result
    }
}
