// What a runner leaves behind for its next life: its orders, its processes, its reports.

internal import Documents
internal import LockLease
internal import Platform
internal import Vocabulary

/// One file for all runs, each from before its start until the store has recorded its end.
///
/// Each step is a line: the order, the process that leads the run's session, the report. Making and
/// removing a file for each run would cost nine times as much.
final class RunJournal {
    /// What is known of a run of a previous life.
    struct Entry: Equatable {
        let run: RunID
        var order: RunOrder?
        var bootID = ""
        /// `nil`: the runner died between the decision to start and the start's being noted.
        var processID: Int32?
        var startTime: UInt64?
        /// How it ended, if that was noted.
        var report: RunReport?
    }

    /// From so many bytes on what is needed no longer is dropped.
    private static let slack = 1 << 20

    private let notes: NoteLog
    private let bootID = ProcessTable.bootID
    private var noted: Set<RunID> = []
    private var sizeWhenDropped = 0

    init(dataFolder: String) throws(SystemError) {
        try FileStore.makeFolder(dataFolder, mode: 0o700)
        notes = try NoteLog(path: dataFolder + "/runs.journal")
        noted = Set(entries.map(\.run))
    }

    /// Notes that `order` is about to be started.
    func intend(_ order: RunOrder) throws(SystemError) {
        try note(["boot": .string(bootID), "order": order.value], of: order.grant.run)
        noted.insert(order.grant.run)
    }

    /// Notes that `run` has started as the process `leader`.
    func record(_ run: RunID, leader: ProcessEntry) throws(SystemError) {
        try note(
            [
                "pid": .integer(Int64(leader.processID)),
                "start": .integer(Int64(clamping: leader.startTime)),
            ],
            of: run
        )
    }

    /// Notes how a run has ended; it may have been ended before it was intended.
    func conclude(_ report: RunReport, of order: RunOrder) throws(SystemError) {
        if !noted.contains(report.run) { try intend(order) }
        try note(["report": report.value], of: report.run)
    }

    func forget(_ run: RunID) {
        guard noted.remove(run) != nil else { return }
        guard !noted.isEmpty else { return notes.clear() }
        // If there is no room for it, the run is reported once more, and recorded already.
        try? notes.append("\(run) \(Self.forgotten)")
        guard notes.size > max(Self.slack, 4 * sizeWhenDropped) else { return }
        try? notes.shrink { line in Self.run(of: line).map(noted.contains) ?? false }
        sizeWhenDropped = notes.size
    }

    /// What a previous life left, in the order the runs were made.
    var entries: [Entry] {
        var found: [RunID: Entry] = [:]
        for line in notes.lines {
            guard let run = Self.run(of: line) else { continue }
            let text = line.dropFirst(run.text.count + 1)
            if text == Self.forgotten {
                found[run] = nil
            } else if let value = try? JSON.parse(Array(text.utf8)) {
                // A line that was cut short, by a crash or for want of room, did not happen.
                found[run, default: Entry(run: run)].take(value)
            }
        }
        return found.values.sorted { $0.run < $1.run }
    }

    private static let forgotten = "-"

    private func note(_ value: Value, of run: RunID) throws(SystemError) {
        try notes.append("\(run) " + String(decoding: JSON.bytes(value), as: UTF8.self))
    }

    /// Whose a line is, from what it begins with.
    private static func run(of line: Substring) -> RunID? {
        line.firstIndex(of: " ").map { RunID(String(line[..<$0])) }
    }

    /// Whether its processes, if any are left, are of this boot of the machine.
    func isOfThisBoot(_ entry: Entry) -> Bool { entry.bootID == bootID }

    /// The processes in `look`, a look for leftovers, that belong to the run of `entry`.
    ///
    /// A process id names the same process only within one boot and with the same start time. Who
    /// has left the leader's session, or outlived the leader, is recognised by the run's mark.
    func members(of entry: Entry, in look: ProcessLook) -> [ProcessEntry] {
        guard entry.bootID == bootID else { return [] }
        let mark = ProcessMark(entry.run.text)
        guard let processID = entry.processID, processID > 1, let startTime = entry.startTime,
            look.entry(processID)?.startTime == startTime
        else { return look.marked(mark).filter { !$0.isZombie && !$0.isOwn } }
        var tree = ProcessTree(session: processID, mark: mark)
        return tree.members(in: look).filter { !$0.isOwn }
    }
}

extension RunJournal.Entry {
    fileprivate mutating func take(_ value: Value) {
        if let boot = value["boot"]?.string {
            bootID = boot
            order = value["order"].flatMap(RunOrder.init)
        }
        if let number = value["pid"]?.integer { processID = Int32(truncatingIfNeeded: number) }
        if let start = value["start"]?.integer { startTime = UInt64(clamping: start) }
        if let report = value["report"].flatMap(RunReport.init) { self.report = report }
    }
}
