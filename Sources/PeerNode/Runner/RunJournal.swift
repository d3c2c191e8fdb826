// What a node leaves behind for its next life about the runs it has under way.

internal import Platform
internal import Vocabulary

/// One note per run under way, gone when the run is over.
struct RunJournal {
    /// What is known of a run of a previous life.
    struct Entry: Equatable {
        let run: RunID
        var bootID: String
        /// `nil`: the node died between the decision to start and the start's being noted.
        var processID: Int32?
        var startTime: UInt64?
    }

    private let notes: NoteFolder
    private let bootID = ProcessTable.bootID

    init(dataFolder: String) throws(SystemError) {
        notes = try NoteFolder(path: dataFolder + "/runs")
    }

    /// Notes that `run` is about to start.
    func intend(_ run: RunID) throws(SystemError) {
        try notes.write("boot=\(bootID)\n", as: run.text)
    }

    /// Notes that `run` has started as the process `leader`.
    func record(_ run: RunID, leader: ProcessEntry) throws(SystemError) {
        let text = "boot=\(bootID)\npid=\(leader.processID)\nstart=\(leader.startTime)\n"
        try notes.write(text, as: run.text)
    }

    func forget(_ run: RunID) {
        notes.remove(run.text)
    }

    /// What a previous life left, in the order the runs were made.
    var entries: [Entry] {
        notes.names.map { name in
            var entry = Entry(run: RunID(name), bootID: "")
            for line in (notes.read(name) ?? "").split(separator: "\n") {
                let parts = line.split(separator: "=", maxSplits: 1)
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "boot": entry.bootID = String(parts[1])
                case "pid": entry.processID = Int32(parts[1])
                case "start": entry.startTime = UInt64(parts[1])
                case _: break
                }
            }
            return entry
        }
    }

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
