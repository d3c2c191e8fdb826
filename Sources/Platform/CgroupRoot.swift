// Where this process may make cgroups, if it may.

internal import CLinux
internal import Glibc
package import Vocabulary

/// A group of this process's own below which each run gets one.
package struct CgroupRoot: Equatable, Sendable {
    package let path: String
    /// Whether the kernel counts memory and processes for groups below.
    package let hasMemory: Bool
    package let hasProcesses: Bool

    /// Finds out whether groups can be made, by making one.
    ///
    /// Under systemd only where the unit says `Delegate=yes`: elsewhere the tree is systemd's.
    ///
    /// - Parameter name: What the group for runs is called below this process's own.
    /// - Throws: ``SystemError`` saying what is missing; runs go without groups then.
    package init(named name: String) throws(SystemError) {
        let mounts = (try? FileStore.read("/proc/self/mountinfo", limit: 4 << 20)) ?? []
        let groups = (try? FileStore.read("/proc/self/cgroup", limit: 1 << 20)) ?? []
        guard
            let own = Self.ownGroup(
                mounts: String(decoding: mounts, as: UTF8.self),
                groups: String(decoding: groups, as: UTF8.self)
            )
        else { throw SystemError(code: ENOENT, while: "find a cgroup2 file system") }
        guard unsafe access("/run/systemd/system", F_OK) != 0 || Self.isDelegated(own) else {
            throw SystemError(code: EPERM, while: "use \(own), which is not delegated")
        }
        path = own == "/" ? "/" + name : "\(own)/\(name)"
        try FileStore.makeFolder(path, mode: 0o755)
        // Refused while processes are in the group itself; runs are without these limits then.
        for folder in [own, path] {
            for controller in ["memory", "pids"] {
                try? CgroupFolder.write("+" + controller, to: folder + "/cgroup.subtree_control")
            }
        }
        let bytes = (try? FileStore.read(path + "/cgroup.subtree_control", limit: 4_096)) ?? []
        let enabled = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }
        hasMemory = enabled.contains("memory")
        hasProcesses = enabled.contains("pids")
        // A group that nothing can be put into is none.
        let trial = try makeFolder(named: "trial-\(getpid())")
        defer { trial.remove() }
        guard unsafe access(trial.path + "/cgroup.procs", W_OK) == 0 else {
            throw .last(while: "write \(trial.path)/cgroup.procs")
        }
    }

    /// As ``init(named:)``, with a name that no other process has that uses another `folder`.
    ///
    /// So everything in it is of a former life of whoever uses the folder now.
    package init(named name: String, of folder: String) throws(SystemError) {
        let real = unsafe realpath(folder, nil)
        defer { unsafe free(real) }
        let path = unsafe real.map { unsafe String(cString: $0) } ?? folder
        try self.init(named: "\(name)-\(String(ProcessMark(path).number, radix: 36))")
    }

    /// Removes it, unless a run is left in it.
    package func remove() {
        unsafe rmdir(path)
    }

    /// Makes the group of a run, with the limits that groups know; one that is there is taken.
    ///
    /// - Throws: ``SystemError`` naming the file that could not be made or written.
    package func makeFolder(
        named name: String,
        limits: TaskLimits = TaskLimits()
    ) throws(SystemError) -> CgroupFolder {
        let folder = CgroupFolder(path: "\(path)/\(name)")
        guard unsafe mkdir(folder.path, 0o755) == 0 || errno == EEXIST else {
            throw .last(while: "make the cgroup \(folder.path)")
        }
        do throws(SystemError) {
            if hasMemory, let memory = limits.memory {
                try CgroupFolder.write("\(memory)", to: folder.path + "/memory.max")
                // Half a task is no task.
                try CgroupFolder.write("1", to: folder.path + "/memory.oom.group")
                // Absent where there is no swap.
                try? CgroupFolder.write("0", to: folder.path + "/memory.swap.max")
            }
            if hasProcesses, let processes = limits.processes {
                try CgroupFolder.write("\(processes)", to: folder.path + "/pids.max")
            }
        } catch {
            folder.remove()
            throw error
        }
        return folder
    }

    /// What of `limits` is left for each process to have.
    package func limitsOfProcesses(_ limits: TaskLimits) -> TaskLimits {
        var rest = limits
        if hasMemory { rest.memory = nil }
        if hasProcesses { rest.processes = nil }
        return rest
    }

    /// The groups of earlier runs that are still there.
    package var folders: [(name: String, folder: CgroupFolder)] {
        ProcessTable.folders(in: path).sorted().map { ($0, CgroupFolder(path: "\(path)/\($0)")) }
    }

    /// Where the group of the process is, from its `mountinfo` and its `cgroup`; proc(5).
    package static func ownGroup(mounts: String, groups: String) -> String? {
        let own = groups.split(separator: "\n").first { $0.hasPrefix("0::/") }?.dropFirst(3)
        guard let own else { return nil }
        for line in mounts.split(separator: "\n") {
            let halves = line.split(separator: " - ", maxSplits: 1, omittingEmptySubsequences: true)
            let fields = halves[0].split(separator: " ")
            guard halves.count == 2, halves[1].hasPrefix("cgroup2 "), fields.count > 4 else {
                continue
            }
            // A container may see only a part of the tree.
            let root = fields[3] == "/" ? "" : fields[3]
            guard own == root || own.hasPrefix(root + "/") else { continue }
            let rest = own.dropFirst(root.count)
            return rest == "/" ? String(fields[4]) : String(fields[4]) + rest
        }
        return nil
    }

    /// systemd marks what it has given away.
    private static func isDelegated(_ path: String) -> Bool {
        ["trusted.delegate", "user.delegate"].contains { name in
            var value: UInt8 = 0
            return unsafe getxattr(path, name, &value, 1) == 1 && value == UInt8(ascii: "1")
        }
    }
}
