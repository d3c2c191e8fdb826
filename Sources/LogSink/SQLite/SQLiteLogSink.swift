// The embedded log store: the output of every run of one node, in one SQLite file.

internal import Platform
internal import SQLite
package import Vocabulary

/// Writes logs to one SQLite file, on a thread of its own.
///
/// One process writes; others read the same file meanwhile through ``SQLiteLogReader``. Should two
/// write the same log after all, each notices that the other has, and goes on behind it. A power
/// cut loses at most the last seconds (`synchronous=NORMAL`). Memory: per open log at most one
/// stretch of lines, 16 KB, and of one that is printed to faster than makes sense to store, what
/// its limit keeps of the last 40 ms, at most 1 MB.
package actor SQLiteLogSink: LogSink {
    private let loop: EventLoop
    private let tables: SQLiteLogTables
    private let clock: @Sendable () -> Instant
    private var open: [RunID: LogBuffer] = [:]
    private var waiters = LogWaiters()
    private var isFlushArmed = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Opens or creates the file at `path`.
    ///
    /// - Parameters:
    ///   - path: The file; SQLite puts two more beside it.
    ///   - clock: Stamps the opening and closing of logs, which retention goes by.
    /// - Throws: ``LogError/unavailable(_:)`` naming the file, also if it is no database of ours.
    package init(
        path: String,
        clock: @escaping @Sendable () -> Instant = { SystemClock.wall }
    ) throws(LogError) {
        do throws(SQLiteError) {
            tables = SQLiteLogTables(connection: try Connection(path: path))
            try SQLiteLogSchema.prepare(tables.connection)
        } catch {
            throw .unavailable("\(path): \(error)")
        }
        self.clock = clock
        loop = EventLoop(name: "rota-log")
    }

    deinit {
        loop.stop()
    }

    package func open(_ run: RunID, job: UID, keep: Retention) async throws(LogError) {
        _ = try LogError.translating { () throws(SQLiteError) in
            try tables.connection.run(
                """
                INSERT INTO log(run, job, byte_limit, keep_runs, keep_age, opened_at)
                VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(run) DO NOTHING
                """,
                [
                    .text(run.text), .text(job.text), .integer(max(0, keep.logBytes)),
                    .integer(max(0, keep.runs)), .integer(keep.ageInMilliseconds),
                    .integer(clock().unixMilliseconds),
                ]
            )
        }
    }

    package func append(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?
    ) async throws(LogError) -> Int64 {
        try load(run)
        let now = SystemClock.monotonic
        var end: Int64
        if open[run]?.mayWait(for: offset, at: now) == true {
            // In place, and without a copy of what is there.
            open[run]?.add(batch)
            end = open[run]?.layout.end ?? 0
            armFlush()
        } else {
            end = try appendAtOnce(batch, to: run, at: offset, now)
        }
        waiters.grew(run, to: end)
        return end
    }

    package func note(_ facts: RunFacts, of run: RunID) async throws(LogError) {
        let changed = try LogError.translating { () throws(SQLiteError) in
            try tables.connection.run(
                "UPDATE log SET facts = ? WHERE run = ?",
                [.text(facts.text), .text(run.text)]
            )
        }
        guard changed > 0 else { throw .noSuchLog(run) }
    }

    package func facts(of run: RunID) async throws(LogError) -> RunFacts {
        let facts = try LogError.translating { () throws(SQLiteError) in
            try tables.facts(of: run)
        }
        guard let facts else { throw .noSuchLog(run) }
        return facts
    }

    package func close(_ run: RunID) async throws(LogError) {
        try flush(run)
        open[run] = nil
        let changed = try LogError.translating { () throws(SQLiteError) in
            try tables.connection.run(
                "UPDATE log SET closed_at = ? WHERE run = ? AND closed_at IS NULL",
                [.integer(clock().unixMilliseconds), .text(run.text)]
            )
        }
        if changed == 0 { _ = try row(of: run) }
        waiters.ended(run)
    }

    /// Has the log of `run` go on at `offset`; nothing happens if it reaches as far already.
    ///
    /// What lies between is missing, and with it what was kept of the tail: for copies of logs
    /// that have lost their middle.
    ///
    /// - Throws: ``LogError/noSuchLog(_:)``, ``LogError/closed(_:)``.
    package func skip(_ run: RunID, to offset: Int64) async throws(LogError) {
        for _ in 0..<2 {
            try load(run)
            guard let known = open[run], offset > known.layout.end else { return }
            var buffer = known
            buffer.skip(to: offset)
            if try store(buffer) {
                buffer.markStored(at: SystemClock.monotonic)
                open[run] = buffer
                return waiters.grew(run, to: offset)
            }
            // Somebody else has written: once more, on what is there now.
            open[run] = try reloaded(run, with: known)
        }
        throw .unavailable("another process keeps writing the log of \(run)")
    }

    /// Closes what was opened before `instant` and is open still, so that retention takes it.
    package func close(openedBefore instant: Instant) async throws(LogError) {
        let runs = try LogError.translating { () throws(SQLiteError) in
            try tables.connection.query(
                "SELECT run FROM log WHERE closed_at IS NULL AND opened_at < ?",
                [.integer(instant.unixMilliseconds)]
            ) { RunID($0.text(0)) }
        }
        for run in runs { try await close(run) }
    }

    package func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage {
        try flush(run)
        let row = try row(of: run)
        return try LogError.translating { () throws(SQLiteError) in
            try tables.page(of: row, from: offset, limit: limit)
        }
    }

    package func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        guard let log = try? row(of: run), !log.isClosed else { return }
        guard max(log.end, open[run]?.layout.end ?? 0) <= offset else { return }
        await withCheckedContinuation { continuation in
            let number = waiters.add(continuation, for: run, beyond: offset)
            loop.call(at: SystemClock.monotonic.advanced(by: timeout)) { [weak self] in
                self?.assumeIsolated { $0.waiters.expire(number, of: run) }
            }
        }
    }

    package func prune(_ policy: LogRetention) async throws(LogError) -> Int {
        var removed = 0
        while true {
            let surplus = try LogError.translating { () throws(SQLiteError) in
                try tables.surplus(under: policy)
            }
            guard !surplus.isEmpty else { return removed }
            for start in stride(from: 0, to: surplus.count, by: SurplusLog.step) {
                let step = surplus[start..<min(start + SurplusLog.step, surplus.count)]
                try LogError.translating { () throws(SQLiteError) in
                    try inTransaction { () throws(SQLiteError) in try tables.remove(step) }
                    // Gives back what the removed logs took, a bounded piece at a time.
                    try tables.connection.execute("PRAGMA incremental_vacuum(4096)")
                }
                for log in step { waiters.ended(log.run) }
                removed += step.count
                await Task.yield()
            }
        }
    }

    // MARK: Storing

    /// Makes sure that the log of `run` can be appended to.
    private func load(_ run: RunID) throws(LogError) {
        guard open[run] == nil else { return }
        let row = try row(of: run)
        guard !row.isClosed else { throw .closed(run) }
        open[run] = try LogError.translating { () throws(SQLiteError) in
            try tables.buffer(of: row)
        }
    }

    private func row(of run: RunID) throws(LogError) -> LogRow {
        let row = try LogError.translating { () throws(SQLiteError) in try tables.row(of: run) }
        guard let row else { throw .noSuchLog(run) }
        return row
    }

    /// Adds `batch` and stores it with all that waited; answers the log's end.
    ///
    /// Of `batch` only what is stored stays in the buffer: a failed write must not leave it ahead
    /// of what its caller knows.
    private func appendAtOnce(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?,
        _ now: MonotonicInstant
    ) throws(LogError) -> Int64 {
        guard var buffer = open[run] else { throw .noSuchLog(run) }
        guard let news = buffer.news(in: batch, at: offset) else {
            throw .gap(run, from: buffer.layout.end, to: offset ?? 0)
        }
        guard !news.isEmpty || !buffer.layout.isStored else { return buffer.layout.end }
        buffer.add(news)
        if try !store(buffer) {
            // Somebody else has written: once more, behind what is there now.
            buffer = try reloaded(run, with: buffer)
            guard try store(buffer) else {
                throw .unavailable("another process keeps writing the log of \(run)")
            }
        }
        buffer.markStored(at: now)
        open[run] = buffer
        return buffer.layout.end
    }

    /// The log of `run` as the file has it now, with what waits in `buffer` behind it.
    private func reloaded(_ run: RunID, with buffer: LogBuffer) throws(LogError) -> LogBuffer {
        let row: LogRow
        do throws(LogError) {
            row = try self.row(of: run)
            if row.isClosed { throw .closed(run) }
        } catch {
            // Nothing of it can ever be stored.
            open[run] = nil
            throw error
        }
        var fresh = try LogError.translating { () throws(SQLiteError) in
            try tables.buffer(of: row)
        }
        fresh.takeWaiting(of: buffer)
        return fresh
    }

    /// Stores what waited of one log; what cannot be stored goes on waiting.
    private func flush(_ run: RunID) throws(LogError) {
        guard let buffer = open[run], !buffer.layout.isStored else { return }
        _ = try appendAtOnce(LogBatch(), to: run, at: nil, SystemClock.monotonic)
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

    private func store(_ buffer: LogBuffer) throws(LogError) -> Bool {
        try LogError.translating { () throws(SQLiteError) in
            var isStored = false
            try inTransaction { () throws(SQLiteError) in isStored = try tables.store(buffer) }
            return isStored
        }
    }

    /// Runs `body` as one commit; there is no `await` in it, so nobody gets in between.
    private func inTransaction(
        _ body: () throws(SQLiteError) -> Void
    ) throws(SQLiteError) {
        let connection = tables.connection
        try connection.execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            try body()
            try connection.execute("COMMIT")
        } catch {
            // A full disk may have rolled back already.
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            throw error
        }
    }
}
