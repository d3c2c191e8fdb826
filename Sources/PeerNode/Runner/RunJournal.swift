// What a runner leaves behind for its next life: its orders, its processes, its reports.

internal import Documents
internal import LockLease
internal import Platform
internal import Vocabulary

/// One note per run, from before its start until the store has recorded its end.
///
/// A note grows by a line with each step: the order, the process that leads its session, the
/// report.
struct RunJournal {
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

    private let notes: NoteFolder
    private let bootID = ProcessTable.bootID

    init(dataFolder: String) throws(SystemError) {
        notes = try NoteFolder(path: dataFolder + "/runs")
    }

    /// Notes that `order` is about to be started.
    func intend(_ order: RunOrder) throws(SystemError) {
        let value: Value = ["boot": .string(bootID), "order": order.value]
        try notes.write(Self.line(value), as: order.grant.run.text)
    }

    /// Notes that `run` has started as the process `leader`.
    func record(_ run: RunID, leader: ProcessEntry) throws(SystemError) {
        let value: Value = [
            "pid": .integer(Int64(leader.processID)),
            "start": .integer(Int64(clamping: leader.startTime)),
        ]
        try notes.append(Self.line(value), to: run.text)
    }

    /// Notes how a run has ended; it may have been ended before it was intended.
    func conclude(_ report: RunReport, of order: RunOrder) throws(SystemError) {
        let isNoted = notes.contains(report.run.text)
        if !isNoted { try intend(order) }
        try notes.append(Self.line(["report": report.value]), to: report.run.text)
    }

    func forget(_ run: RunID) {
        notes.remove(run.text)
    }

    /// What a previous life left, in the order the runs were made.
    var entries: [Entry] {
        notes.names.map { name in
            var entry = Entry(run: RunID(name))
            for line in (notes.read(name) ?? "").split(separator: "\n") {
                // A line that was cut short, by a crash or for want of room, did not happen.
                if let value = try? JSON.parse(Array(line.utf8)) { entry.take(value) }
            }
            return entry
        }
    }

    /// Begins a line of its own, whatever became of the one before.
    private static func line(_ value: Value) -> String {
        "\n" + String(decoding: JSON.bytes(value), as: UTF8.self) + "\n"
    }

    /// Whether its processes, if any are left, are of this boot of the machine.
    func isOfThisBoot(_ entry: Entry) -> Bool { entry.bootID == bootID }

    /// The processes of `table` that belong to the run of `entry`.
    ///
    /// A process id names the same process only within one boot and with the same start time. A
    /// session whose leader is gone is recognised by the run's id in its members' environment.
    func members(of entry: Entry, in table: [ProcessEntry]) -> [ProcessEntry] {
        guard entry.bootID == bootID else { return [] }
        let mark = "ROTA_RUN_ID=\(entry.run)"
        let living = table.filter { $0.session > 1 && !$0.isZombie }
        guard let processID = entry.processID, let startTime = entry.startTime else {
            return living.filter { ProcessTable.isMarked($0.processID, with: mark) }
        }
        let session = living.filter { $0.session == processID }
        guard let leader = table.first(where: { $0.processID == processID }) else {
            return session.filter { ProcessTable.isMarked($0.processID, with: mark) }
        }
        return leader.startTime == startTime ? session : []
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
