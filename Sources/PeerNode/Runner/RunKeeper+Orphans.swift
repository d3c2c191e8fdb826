// Ends what a previous life of this node left running.

internal import Platform
internal import Vocabulary

extension RunKeeper {
    /// Between TERM and KILL, and again until the kernel is given up on.
    private static let orphanGrace = Duration.seconds(2)
    private static let orphanPatience = Duration.seconds(10)

    /// Takes over what a previous life left: makes its reports again, ends every process of runs
    /// without a report, reports these as `lost`, and has the logs that are open closed with a
    /// note, which may take until after the return.
    ///
    /// Call it once, before the first ``start(_:)``. Takes no time if no process is left, 12 s at
    /// most.
    ///
    /// - Returns: How many runs had processes left.
    @discardableResult
    package func adoptOrphans() async -> Int {
        let entries = journal.entries.filter { runs[$0.run] == nil && logs[$0.run] == nil }
        guard !entries.isEmpty else { return 0 }
        for entry in entries {
            guard let order = entry.order, let report = entry.report else { continue }
            keep(report, of: order)
            endLog(
                leftOpenBy: order,
                saying: "the runner was ended before it had written all of this log"
            )
        }
        let open = entries.filter { $0.report == nil }
        let orphans = livingRuns(of: open)
        await end(orphans)
        for entry in open { conclude(entry) }
        log.info("runs.adopted", ["journal": "\(entries.count)", "living": "\(orphans.count)"])
        return orphans.count
    }

    private func conclude(_ entry: RunJournal.Entry) {
        // A note without an order was cut short: nothing was started by it.
        guard let order = entry.order else { return journal.forget(entry.run) }
        let reason =
            journal.isOfThisBoot(entry)
            ? "the runner of its node was ended" : "the machine of its node was restarted"
        conclude(RunReport(order.grant, .lost, nil, reason), of: order)
        endLog(
            leftOpenBy: order,
            saying: "the runner was started again; what was left of this run has been ended"
        )
    }

    private func end(_ orphans: [RunJournal.Entry]) async {
        end(orphans, with: .terminate)
        if await areGone(orphans, within: Self.orphanGrace) { return }
        let deadline = SystemClock.monotonic.advanced(by: Self.orphanPatience)
        repeat {
            end(livingRuns(of: orphans), with: .kill)
        } while await !areGone(orphans, within: .milliseconds(200))
            && SystemClock.monotonic < deadline
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
}
