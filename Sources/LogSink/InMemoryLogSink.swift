// Logs in memory: for tests of whatever writes or reads logs.

internal import Platform
package import Vocabulary

/// Keeps logs until the process ends.
package actor InMemoryLogSink: LogSink {
    private struct Log {
        let job: UID
        let keep: Retention
        var layout: LogLayout
        var chunks: [LogChunk] = []
        var closedAt: Instant?
        var facts = RunFacts()
    }

    private let loop: EventLoop
    private let clock: @Sendable () -> Instant
    private var logs: [RunID: Log] = [:]
    private var waiters = LogWaiters()

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// - Parameter clock: Stamps the closing of logs, which retention goes by.
    package init(clock: @escaping @Sendable () -> Instant = { SystemClock.wall }) {
        loop = EventLoop(name: "rota-log")
        self.clock = clock
    }

    deinit {
        loop.stop()
    }

    package func open(_ run: RunID, job: UID, keep: Retention) async throws(LogError) {
        guard logs[run] == nil else { return }
        logs[run] = Log(job: job, keep: keep, layout: LogLayout(limit: keep.logBytes))
    }

    package func append(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?
    ) async throws(LogError) -> Int64 {
        guard var log = logs[run] else { throw .noSuchLog(run) }
        guard log.closedAt == nil else { throw .closed(run) }
        let buffer = LogBuffer(number: 0, layout: log.layout)
        guard let news = buffer.news(in: batch, at: offset) else {
            throw .gap(run, from: log.layout.end, to: offset ?? 0)
        }
        log.layout.add(news)
        let change = log.layout.change
        for chunk in change.writes {
            if log.chunks.last?.start == chunk.start { log.chunks.removeLast() }
            log.chunks.append(chunk)
        }
        log.chunks.removeAll { change.dropped.contains($0.start) }
        log.layout.markStored()
        logs[run] = log
        waiters.grew(run, to: log.layout.end)
        return log.layout.end
    }

    package func note(_ facts: RunFacts, of run: RunID) async throws(LogError) {
        guard logs[run] != nil else { throw .noSuchLog(run) }
        logs[run]?.facts = facts
    }

    package func facts(of run: RunID) async throws(LogError) -> RunFacts {
        guard let log = logs[run] else { throw .noSuchLog(run) }
        return log.facts
    }

    package func close(_ run: RunID) async throws(LogError) {
        guard let log = logs[run] else { throw .noSuchLog(run) }
        guard log.closedAt == nil else { return }
        logs[run]?.closedAt = clock()
        waiters.ended(run)
    }

    package func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage {
        guard let log = logs[run] else { throw .noSuchLog(run) }
        var page = LogPageBuilder(
            from: offset,
            limit: limit,
            end: log.layout.end,
            missing: log.layout.missing,
            isComplete: log.closedAt != nil
        )
        for chunk in log.chunks where chunk.end > page.start {
            guard page.add(chunk) else { break }
        }
        return page.page
    }

    package func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        guard let log = logs[run], log.closedAt == nil, log.layout.end <= offset else { return }
        await withCheckedContinuation { continuation in
            let number = waiters.add(continuation, for: run, beyond: offset)
            loop.call(at: SystemClock.monotonic.advanced(by: timeout)) { [weak self] in
                self?.assumeIsolated { $0.waiters.expire(number, of: run) }
            }
        }
    }

    package func prune(_ policy: LogRetention) async throws(LogError) -> Int {
        let before = logs.count
        for (_, runs) in Dictionary(grouping: logs.keys, by: { logs[$0]?.job }) {
            pruneJob(runs.sorted(by: >), policy)
        }
        var bytes = logs.values.reduce(0) { $0 + $1.layout.kept }
        let closed = logs.filter { $0.value.closedAt != nil }
        for (run, log) in closed.sorted(by: Self.closedEarlier) where bytes > policy.totalBytes {
            bytes -= log.layout.kept
            remove(run)
        }
        return before - logs.count
    }

    /// Removes what is too old or too much of one job, whose runs come with the newest first.
    private func pruneJob(_ runs: [RunID], _ policy: LogRetention) {
        guard let newest = runs.first, let keep = logs[newest]?.keep else { return }
        let oldest = policy.now.advanced(by: .zero - min(policy.age, keep.age))
        let limit = max(0, min(policy.runsPerJob, keep.runs))
        for (place, run) in runs.enumerated() {
            guard let closedAt = logs[run]?.closedAt else { continue }
            if place >= limit || closedAt < oldest { remove(run) }
        }
    }

    private func remove(_ run: RunID) {
        logs[run] = nil
        waiters.ended(run)
    }

    private static func closedEarlier(_ lhs: (RunID, Log), _ rhs: (RunID, Log)) -> Bool {
        (lhs.1.closedAt ?? .epoch, lhs.0) < (rhs.1.closedAt ?? .epoch, rhs.0)
    }
}
