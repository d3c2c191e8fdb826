// The processes of this machine, as /proc shows them.

internal import CLinux
internal import Glibc

/// One process.
package struct ProcessEntry: Equatable, Sendable {
    package let processID: Int32
    package let group: Int32
    package let session: Int32
    /// Ended, and not reaped yet.
    package let isZombie: Bool
    /// In clock ticks since boot: with the process id it names a process for good.
    package let startTime: UInt64
}

/// Reads `/proc`.
package enum ProcessTable {
    /// Every process that is visible; those that end meanwhile may be left out.
    package static func snapshot() -> [ProcessEntry] {
        names(in: "/proc").compactMap { Int32($0).flatMap(entry(of:)) }
    }

    /// The process `processID`, or `nil` if there is none.
    package static func entry(of processID: Int32) -> ProcessEntry? {
        guard let text = contents("/proc/\(processID)/stat") else { return nil }
        // The name in parentheses may hold anything, spaces and parentheses included; proc(5).
        guard let close = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first else { return nil }
        let numbers = [2, 3, 19].compactMap { UInt64(String(decoding: fields[$0], as: UTF8.self)) }
        guard numbers.count == 3 else { return nil }
        return ProcessEntry(
            processID: processID,
            group: Int32(truncatingIfNeeded: numbers[0]),
            session: Int32(truncatingIfNeeded: numbers[1]),
            isZombie: state == UInt8(ascii: "Z") || state == UInt8(ascii: "X"),
            startTime: numbers[2]
        )
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

/// The processes of one session.
package struct ProcessTree: Equatable, Sendable {
    /// The process id of the session's leader, whether or not that still lives.
    package let session: Int32

    package init(session: Int32) {
        precondition(session > 1, "session \(session) is not one that we started")
        self.session = session
    }

    /// Those of `table` that are in this session and have not ended.
    package func members(in table: [ProcessEntry]) -> [ProcessEntry] {
        table.filter { $0.session == session && !$0.isZombie }
    }

    /// Signals the leader's process group.
    ///
    /// Only while the leader is known to be unreaped: otherwise the number may be somebody else's.
    func signalGroup(_ signal: EndSignal) {
        for number in signal.numbers { kill(-session, number) }
    }

    /// Signals the members that are in `table`, each only if it is still the same process.
    package func signal(_ signal: EndSignal, _ table: [ProcessEntry]) {
        for member in members(in: table) {
            // The descriptor pins the process; only then is it compared with what was seen.
            let pidfd = clinux_pidfd_open(member.processID, 0)
            guard pidfd >= 0 else { continue }
            defer { close(pidfd) }
            guard let now = ProcessTable.entry(of: member.processID), now.session == session,
                now.startTime == member.startTime
            else { continue }
            for number in signal.numbers { _ = clinux_pidfd_signal(pidfd, number) }
        }
    }
}

extension EndSignal {
    fileprivate var numbers: [Int32] {
        switch self {
        case .terminate: [SIGTERM, SIGCONT]
        case .kill: [SIGKILL]
        }
    }
}
