// A cgroup (version 2) of a run's own: nobody leaves it, and it is ended as a whole.

internal import CLinux
internal import Glibc

/// One group, a folder of the kernel's; every process in it and below it belongs to the run.
///
/// - SeeAlso: <https://docs.kernel.org/admin-guide/cgroup-v2.html>
package struct CgroupFolder: Equatable, Sendable {
    package let path: String

    /// A group that is there, or is to be made by ``CgroupRoot/makeFolder(named:limits:)``.
    package init(path: String) {
        self.path = path
    }

    /// What it is called among those beside it.
    package var name: String {
        String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...])
    }

    /// Whether a process in it, or in a group below, has not ended.
    ///
    /// A group that is there and cannot be read, for want of descriptors say, counts as populated:
    /// it proves nobody's end. One that is gone was empty, or could not have been removed.
    package var isPopulated: Bool {
        if let count = Self.number(of: "populated", in: path + "/cgroup.events") {
            return count != 0
        }
        return unsafe access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)
    }

    /// How many processes of it the kernel has ended because the group's memory was used up.
    package var memoryKills: Int {
        Self.number(of: "oom_kill", in: path + "/memory.events") ?? 0
    }

    /// Sends TERM to each process, or KILL to all at once, those included that are being started.
    package func end(_ signal: EndSignal) {
        switch signal {
        case .terminate:
            let members = Set(processIDs)
            ProcessTree.signal(.terminate, members.compactMap(ProcessTable.entry(of:)))
        case .kill:
            // Linux 5.14. Before that each by itself; the caller asks again until nobody is left.
            guard (try? Self.write("1", to: path + "/cgroup.kill")) == nil else { return }
            ProcessTree.signal(.kill, processIDs.compactMap(ProcessTable.entry(of:)))
        }
    }

    /// The members of it and of the groups below.
    package var processIDs: [Int32] {
        folders.flatMap { folder in
            let bytes = (try? FileStore.read(folder + "/cgroup.procs")) ?? []
            return bytes.split(separator: 0x0A).compactMap {
                Int32(String(decoding: $0, as: UTF8.self))
            }
        }
    }

    /// Removes it with the groups below; one that is not empty stays.
    package func remove() {
        for folder in folders.reversed() { unsafe rmdir(folder) }
    }

    /// It and all groups below it, each before those below it; a thousand at most.
    private var folders: [String] {
        var all = [path]
        var index = 0
        while index < all.count, all.count < 1_000 {
            let folder = all[index]
            all += ProcessTable.folders(in: folder).map { "\(folder)/\($0)" }
            index += 1
        }
        return all
    }

    /// The number behind `key` in a file of lines such as `populated 1`.
    static func number(of key: String, in path: String) -> Int? {
        guard let bytes = try? FileStore.read(path, limit: 65_536) else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == key { return Int(words[1]) }
        }
        return nil
    }

    /// Writes to a file that is there.
    static func write(_ text: String, to path: String) throws(SystemError) {
        let descriptor = unsafe clinux_open(path, O_WRONLY, 0)
        guard descriptor >= 0 else { throw .last(while: "open \(path)") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw .last(while: "write \(text) to \(path)")
        }
    }
}
