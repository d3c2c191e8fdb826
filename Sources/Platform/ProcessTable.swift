// The processes of this machine, as /proc shows them.

internal import CLinux
internal import Glibc

/// One process.
package struct ProcessEntry: Hashable, Sendable {
    package let processID: Int32
    /// 0: none that can be seen.
    package let parent: Int32
    package let group: Int32
    package let session: Int32
    /// Ended, and not reaped yet.
    package let isZombie: Bool
    /// In clock ticks since boot: with the process id it names a process for good.
    package let startTime: UInt64

    package init(
        processID: Int32,
        parent: Int32,
        group: Int32,
        session: Int32,
        isZombie: Bool = false,
        startTime: UInt64
    ) {
        self.processID = processID
        self.parent = parent
        self.group = group
        self.session = session
        self.isZombie = isZombie
        self.startTime = startTime
    }
}

extension ProcessEntry {
    /// Whether it is this process.
    package var isOwn: Bool { processID == getpid() }
}

/// Reads `/proc`.
package enum ProcessTable {
    /// Every process that is visible; those that end meanwhile may be left out.
    ///
    /// What cannot be read, for want of descriptors say, is left out too.
    package static func snapshot() -> [ProcessEntry] {
        names(in: "/proc").compactMap { Int32($0).flatMap(entry(of:)) }
    }

    /// As ``snapshot()``, or `nil` if this process lacks what it takes to see them all.
    static func wholeSnapshot() -> [ProcessEntry]? {
        var entries: [ProcessEntry] = []
        for case let processID? in names(in: "/proc").map({ Int32($0) }) {
            errno = 0
            if let entry = entry(of: processID) {
                entries.append(entry)
            } else if [EMFILE, ENFILE, ENOMEM].contains(errno) {
                return nil
            }
        }
        return entries
    }

    /// The process `processID`, or `nil` if there is none.
    package static func entry(of processID: Int32) -> ProcessEntry? {
        guard let text = contents("/proc/\(processID)/stat") else { return nil }
        // The name in parentheses may hold anything, spaces and parentheses included; proc(5).
        guard let close = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first else { return nil }
        let numbers = [1, 2, 3, 19].compactMap {
            UInt64(String(decoding: fields[$0], as: UTF8.self))
        }
        guard numbers.count == 4 else { return nil }
        return ProcessEntry(
            processID: processID,
            parent: Int32(truncatingIfNeeded: numbers[0]),
            group: Int32(truncatingIfNeeded: numbers[1]),
            session: Int32(truncatingIfNeeded: numbers[2]),
            isZombie: state == UInt8(ascii: "Z") || state == UInt8(ascii: "X"),
            startTime: numbers[3]
        )
    }

    /// The variable called `name` with which `processID` was started.
    package static func variable(_ name: String, of processID: Int32) -> String? {
        guard let bytes = try? FileStore.read("/proc/\(processID)/environ", limit: 4 << 20) else {
            return nil
        }
        let start = Array("\(name)=".utf8)
        let found = bytes.split(separator: 0).first { $0.starts(with: start) }
        return found.map { String(decoding: $0.dropFirst(start.count), as: UTF8.self) }
    }

    /// Whether `processID` was started with `variable`, such as `A=b`, in its environment.
    package static func isMarked(_ processID: Int32, with variable: String) -> Bool {
        guard let bytes = try? FileStore.read("/proc/\(processID)/environ", limit: 4 << 20) else {
            return false
        }
        return bytes.split(separator: 0).contains { $0.elementsEqual(variable.utf8) }
    }

    /// Names this boot of the machine; process ids of another one mean nothing.
    package static var bootID: String {
        let bytes = contents("/proc/sys/kernel/random/boot_id") ?? []
        return String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)
    }

    /// The names of what is in a folder, without `.` and `..`; none if it cannot be read.
    static func names(in folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The names of the folders in a folder; none if it cannot be read.
    static func folders(in folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            guard unsafe Int(entry.pointee.d_type) == Int(DT_DIR) else { continue }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The first kilobyte of a file of `/proc`.
    private static func contents(_ path: String) -> [UInt8]? {
        let descriptor = unsafe clinux_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1_024) { buffer, count in
            count = max(0, unsafe read(descriptor, buffer.baseAddress, buffer.count))
        }
        return bytes.isEmpty ? nil : bytes
    }
}
