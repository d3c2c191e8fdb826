// The central log store: the output of every run of all nodes, on one PostgreSQL server.

internal import Platform
internal import Postgres
package import Vocabulary

/// Writes logs to a PostgreSQL server by one connection, on a thread of its own.
///
/// What a batch changes is one statement, which counts only if the log still ends where this sink
/// knows it to. So a batch whose answer was lost can be sent again: either the log ends where it
/// did, or where the batch would have it. Any number of processes may write, each its own runs.
/// The server is reached at the first call, and each call after a failure tries to reach it again.
/// Memory: as ``SQLiteLogSink``.
package actor PostgresLogSink: LogSink {
    private let loop: EventLoop
    private let link: PostgresLogLink
    private let reader: PostgresLogReader
    private let clock: @Sendable () -> Instant
    private var open: [RunID: LogBuffer] = [:]
    /// Logs as they are if what was sent last was done, of which no answer came.
    private var doubts: [RunID: LogBuffer] = [:]
    /// Logs that somebody else has written to since they were looked at.
    private var overtaken: Set<RunID> = []
    private var isFlushArmed = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// A sink at `url`: `postgres://user@host:port/database?schema=rota_logs`.
    ///
    /// - Throws: ``LogError/misconfigured(_:)`` for a URL that makes no sense.
    package init(
        url text: String,
        clock: @escaping @Sendable () -> Instant = { SystemClock.wall }
    ) throws(LogError) {
        let url = try PostgresLogURL(text)
        self.clock = clock
        link = PostgresLogLink(url)
        reader = PostgresLogReader(url)
        loop = EventLoop(name: "rota-log")
    }

    deinit {
        loop.stop()
    }

    package func open(_ run: RunID, job: UID, keep: Retention) async throws(LogError) {
        _ = try link.repeated([PostgresLogQueries.open(run, job: job, keep: keep, at: clock())])
    }

    package func append(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?
    ) async throws(LogError) -> Int64 {
        let now = SystemClock.monotonic
        let end: Int64
        if doubts[run] == nil, !overtaken.contains(run),
            open[run]?.mayWait(for: offset, at: now) == true
        {
            // In place, and without a copy of what is there.
            open[run]?.add(batch)
            end = open[run]?.layout.end ?? 0
            armFlush()
        } else {
            end = try appendAtOnce(batch, to: run, at: offset)
        }
        await reader.grew(run, to: end)
        return end
    }

    package func note(_ facts: RunFacts, of run: RunID) async throws(LogError) {
        let answer = try link.repeated([PostgresLogQueries.note(facts, of: run)])[0]
        guard answer.first != nil else { throw .noSuchLog(run) }
    }

    package func facts(of run: RunID) async throws(LogError) -> RunFacts {
        try await reader.facts(of: run)
    }

    package func close(_ run: RunID) async throws(LogError) {
        try flush(run)
        forget(run)
        let answers = try link.repeated([
            PostgresLogQueries.close(run, at: clock()), PostgresLogQueries.row(of: run),
        ])
        guard PostgresLogQueries.row(answers[1]) != nil else { throw .noSuchLog(run) }
        await reader.ended(run)
    }

    package func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage {
        try flush(run)
        return try await reader.read(run, from: offset, limit: limit)
    }

    package func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        await reader.wait(for: run, beyond: offset, timeout: timeout)
    }

    package func prune(_ policy: LogRetention) async throws(LogError) -> Int {
        var removed = 0
        while true {
            var step = PostgresLogQueries.surplusOfJobs(policy)
            var surplus = PostgresLogQueries.surplus(try link.repeated([step])[0])
            if surplus.isEmpty {
                step = PostgresLogQueries.surplusBySize(policy)
                surplus = PostgresLogQueries.surplus(try link.repeated([step])[0])
            }
            guard !surplus.isEmpty else { return removed }
            for start in stride(from: 0, to: surplus.count, by: SurplusLog.step) {
                let logs = surplus[start..<min(start + SurplusLog.step, surplus.count)]
                removed += try link.repeated([PostgresLogQueries.remove(logs)])[0].count
                for log in logs { await reader.ended(log.run) }
                await Task.yield()
            }
        }
    }

    // MARK: Storing

    /// Adds `batch` and stores it with all that waited; answers the log's end.
    ///
    /// Tried again on the log as it is by then if somebody else has written it, or an answer was
    /// lost; in that case the log shows whether the batch came in.
    private func appendAtOnce(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?
    ) throws(LogError) -> Int64 {
        var failure = LogError.unavailable("another process keeps writing the log of \(run)")
        var sentEnd: Int64?
        var chosen: LogBatch?
        for _ in 0..<3 {
            try load(run)
            guard var buffer = open[run] else { throw .noSuchLog(run) }
            if let sentEnd, buffer.layout.storedEnd == sentEnd { return sentEnd }
            // As the caller knew the log; behind what others have written since it is all new.
            guard let news = chosen ?? buffer.news(in: batch, at: offset) else {
                throw .gap(run, from: buffer.layout.end, to: offset ?? 0)
            }
            chosen = news
            guard !news.isEmpty || !buffer.layout.isStored else { return buffer.layout.end }
            buffer.add(news)
            do throws(LinkFailure) {
                if try store(buffer, run) { return buffer.layout.end }
            } catch {
                guard case .lost(let reason) = error else { throw error.inLogWords }
                failure = reason
                sentEnd = buffer.layout.end
            }
        }
        throw failure
    }

    /// Makes sure that the log of `run` can be appended to, as the server has it.
    private func load(_ run: RunID) throws(LogError) {
        guard open[run] == nil || doubts[run] != nil || overtaken.contains(run) else { return }
        let answers = try link.repeated([
            PostgresLogQueries.row(of: run), PostgresLogQueries.tailChunks(of: run),
        ])
        guard let row = PostgresLogQueries.row(answers[0]), !row.isClosed else {
            // Nothing that waits can ever be stored.
            forget(run)
            throw answers[0].first == nil ? .noSuchLog(run) : .closed(run)
        }
        overtaken.remove(run)
        let doubt = doubts.removeValue(forKey: run)
        if let doubt, doubt.layout.storedEnd == row.end {
            open[run] = doubt
        } else if open[run]?.layout.storedEnd != row.end {
            let starts = answers[1].map { $0.integer(0) ?? 0 }
            var buffer = row.buffer(tailChunks: starts)
            if let known = open[run] { buffer.takeWaiting(of: known) }
            open[run] = buffer
        }
    }

    private func forget(_ run: RunID) {
        open[run] = nil
        doubts[run] = nil
        overtaken.remove(run)
    }

    private func flush(_ run: RunID) throws(LogError) {
        guard let buffer = open[run], !buffer.layout.isStored else { return }
        _ = try appendAtOnce(LogBatch(), to: run, at: nil)
    }

    private func armFlush() {
        guard !isFlushArmed else { return }
        isFlushArmed = true
        // Holds on to the sink: what waits is stored also if nobody else does.
        loop.call(at: SystemClock.monotonic.advanced(by: LogBuffer.patience)) {
            self.assumeIsolated { $0.flushAll() }
        }
    }

    private func flushAll() {
        isFlushArmed = false
        for run in open.keys {
            do throws(LogError) {
                try flush(run)
            } catch {
                // It goes with the next batch, whose caller is told if it fails again.
            }
        }
    }

    /// Sends what is new in `buffer`, and keeps it as the log of `run` once it is stored; answers
    /// whether it was, or the log was not as the buffer knew it.
    private func store(_ buffer: LogBuffer, _ run: RunID) throws(LinkFailure) -> Bool {
        var stored = buffer
        stored.markStored(at: SystemClock.monotonic)
        do throws(LinkFailure) {
            guard try link.once([PostgresLogQueries.store(buffer)])[0].count == 1 else {
                overtaken.insert(run)
                return false
            }
            open[run] = stored
            return true
        } catch {
            if case .lost = error { doubts[run] = stored }
            throw error
        }
    }
}
