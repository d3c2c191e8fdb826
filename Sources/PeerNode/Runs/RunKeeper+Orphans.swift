// Ends what a previous life of this node left running.

internal import LogSink
internal import Platform
internal import Vocabulary

extension RunKeeper {
    /// Between TERM and KILL, and again until the kernel is given up on.
    private static let orphanGrace = Duration.seconds(2)
    private static let orphanPatience = Duration.seconds(10)

    /// Ends every process that runs of a previous life left, and closes their logs with a note.
    ///
    /// Call it once, before the first ``start(_:)``. The store learns of those runs by their dead
    /// session, so nothing is reported. Takes no time if there are none, 12 s at most.
    ///
    /// - Returns: How many runs had processes left.
    @discardableResult
    package func adoptOrphans() async -> Int {
        let entries = journal.entries.filter { runs[$0.run] == nil }
        guard !entries.isEmpty else { return 0 }
        let orphans = livingRuns(of: entries)
        end(orphans, with: .terminate)
        if await !areGone(orphans, within: Self.orphanGrace) {
            let deadline = SystemClock.monotonic.advanced(by: Self.orphanPatience)
            repeat {
                end(livingRuns(of: orphans), with: .kill)
            } while await !areGone(orphans, within: .milliseconds(200))
                && SystemClock.monotonic < deadline
        }
        for entry in entries {
            journal.forget(entry.run)
            await closeLog(of: entry.run)
        }
        log.info("runs.adopted", ["journal": "\(entries.count)", "living": "\(orphans.count)"])
        return orphans.count
    }

    private func livingRuns(of entries: [RunJournal.Entry]) -> [RunJournal.Entry] {
        let table = ProcessTable.snapshot()
        return entries.filter { !journal.members(of: $0, in: table).isEmpty }
    }

    private func end(_ entries: [RunJournal.Entry], with signal: EndSignal) {
        let table = ProcessTable.snapshot()
        for member in entries.flatMap({ journal.members(of: $0, in: table) }) {
            ProcessTree.signal(signal, [member])
        }
    }

    private func areGone(_ entries: [RunJournal.Entry], within limit: Duration) async -> Bool {
        let deadline = SystemClock.monotonic.advanced(by: limit)
        while !livingRuns(of: entries).isEmpty {
            guard SystemClock.monotonic < deadline else { return false }
            await withCheckedContinuation { continuation in
                let due = SystemClock.monotonic.advanced(by: .milliseconds(20))
                loop.call(at: due) { continuation.resume() }
            }
        }
        return true
    }

    private func closeLog(of run: RunID) async {
        let text = "the node was restarted; what was left of this run has been ended"
        let note = LogLine(stream: .note, at: SystemClock.wall, text: Array(text.utf8))
        // A run whose log was never opened, or is closed already, needs no note.
        _ = try? await sink.append([note], to: run)
        try? await sink.close(run)
    }
}
