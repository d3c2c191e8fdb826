// The embedded log store: the output of every run of one node, in one SQLite file.

internal import Platform
internal import SQLite
package import Vocabulary

/// Keeps logs in one SQLite file, on a thread of its own.
///
/// The file is used by one process at a time; a crash of that process loses nothing that was
/// appended, a power cut at most the last seconds (`synchronous=NORMAL`). Memory: per open log at
/// most one stretch of lines, 16 KB.
package actor SQLiteLogSink: LogSink {
    private struct OpenLog {
        let number: Int64
        var layout: LogLayout
    }

    private let loop: EventLoop
    private let connection: Connection
    private let clock: @Sendable () -> Instant
    private var open: [RunID: OpenLog] = [:]
    private var waiters = LogWaiters()

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
            connection = try Connection(path: path)
            try connection.execute(SQLiteLogSchema.text)
        } catch {
            throw .unavailable("\(path): \(error)")
        }
        self.clock = clock
        loop = EventLoop(name: "rota-log")
    }

    deinit {
        loop.stop()
    }

    package func open(_ run: RunID, job: UID, limit: Int) async throws(LogError) {
        _ = try translated { () throws(SQLiteError) in
            try connection.run(
                """
                INSERT INTO log(run, job, byte_limit, opened_at) VALUES(?, ?, ?, ?)
                ON CONFLICT(run) DO NOTHING
                """,
                [
                    .text(run.text), .text(job.text), .integer(max(0, limit)),
                    .integer(clock().unixMilliseconds),
                ]
            )
        }
    }

    package func append(_ lines: [LogLine], to run: RunID) async throws(LogError) -> Int64 {
        var log = try openLog(run)
        let change = log.layout.add(lines)
        try translated { () throws(SQLiteError) in
            try inTransaction { () throws(SQLiteError) in try store(change, log) }
        }
        // Only now: a failed write must not leave the layout ahead of the file.
        open[run] = log
        waiters.grew(run, to: log.layout.end)
        return log.layout.end
    }

    package func close(_ run: RunID) async throws(LogError) {
        open[run] = nil
        let changed = try translated { () throws(SQLiteError) in
            try connection.run(
                "UPDATE log SET closed_at = ? WHERE run = ? AND closed_at IS NULL",
                [.integer(clock().unixMilliseconds), .text(run.text)]
            )
        }
        if changed == 0 { _ = try row(of: run) }
        waiters.ended(run)
    }

    package func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage {
        let log = try row(of: run)
        var page = LogPageBuilder(
            from: offset,
            limit: limit,
            end: log.end,
            missing: log.missing,
            isComplete: log.isClosed
        )
        var next =
            try translated { () throws(SQLiteError) in
                try connection.query(
                    "SELECT max(start) FROM chunk WHERE log = ? AND start <= ?",
                    [.integer(log.number), .integer(page.start)]
                ) { $0.integer(0) }
            }.first ?? 0
        // A few chunks at a time: a page ends long before a log does.
        let count = min(max(0, limit) / 8_192 + 1, 8)
        while true {
            let chunks = try chunks(of: log.number, from: next, count: count)
            for chunk in chunks where !page.add(chunk) { return page.page }
            guard let last = chunks.last, chunks.count == count else { return page.page }
            next = last.start + 1
        }
    }

    package func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        guard let log = try? row(of: run), !log.isClosed, log.end <= offset else { return }
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
            let surplus = try translated { () throws(SQLiteError) in
                try SQLiteLogSchema.surplus(connection, under: policy, limit: 100)
            }
            guard !surplus.isEmpty else { return removed }
            try translated { () throws(SQLiteError) in
                try inTransaction { () throws(SQLiteError) in try remove(surplus) }
                // Gives the disk back what the removed logs took, a bounded piece at a time.
                try connection.execute("PRAGMA incremental_vacuum(4096)")
            }
            for log in surplus { waiters.ended(log.run) }
            removed += surplus.count
            await Task.yield()
        }
    }

    /// The log of `run` as it can be appended to.
    private func openLog(_ run: RunID) throws(LogError) -> OpenLog {
        if let known = open[run] { return known }
        let row = try row(of: run)
        guard !row.isClosed else { throw .closed(run) }
        let starts = try translated { () throws(SQLiteError) in
            try connection.query(
                "SELECT start FROM chunk WHERE log = ? AND start >= ? ORDER BY start",
                [.integer(row.number), .integer(row.missing.upperBound)]
            ) { $0.integer(0) }
        }
        let layout = LogLayout(
            limit: row.limit,
            end: row.end,
            missing: row.missing,
            isHeadFull: row.isHeadFull,
            tailChunks: row.isHeadFull ? starts : []
        )
        return OpenLog(number: row.number, layout: layout)
    }

    private func row(of run: RunID) throws(LogError) -> SQLiteLogSchema.LogRow {
        let rows = try translated { () throws(SQLiteError) in
            try SQLiteLogSchema.row(connection, run)
        }
        guard let row = rows.first else { throw .noSuchLog(run) }
        return row
    }

    private func chunks(
        of log: Int64,
        from start: Int64,
        count: Int
    ) throws(LogError) -> [LogChunk] {
        try translated { () throws(SQLiteError) in
            try connection.query(
                """
                SELECT start, size, lines FROM chunk WHERE log = ? AND start >= ?
                ORDER BY start LIMIT ?
                """,
                [.integer(log), .integer(start), .integer(count)]
            ) { row in
                LogChunk(
                    start: row.integer(0),
                    size: Int(row.integer(1)),
                    packed: row.blob(2)
                )
            }
        }
    }

    private func store(_ change: LogLayout.Change, _ log: OpenLog) throws(SQLiteError) {
        for chunk in change.writes {
            try connection.run(
                """
                INSERT INTO chunk(log, start, size, lines) VALUES(?, ?, ?, ?)
                ON CONFLICT(log, start) DO UPDATE SET size = excluded.size, lines = excluded.lines
                """,
                [
                    .integer(log.number), .integer(chunk.start), .integer(chunk.size),
                    .blob(chunk.packed),
                ]
            )
        }
        if !change.dropped.isEmpty {
            try connection.run(
                "DELETE FROM chunk WHERE log = ? AND start >= ? AND start < ?",
                [
                    .integer(log.number), .integer(change.dropped.lowerBound),
                    .integer(change.dropped.upperBound),
                ]
            )
        }
        let layout = log.layout
        try connection.run(
            """
            UPDATE log SET end_offset = ?, head_end = ?, tail_start = ?, is_head_full = ?, kept = ?
            WHERE id = ?
            """,
            [
                .integer(layout.end), .integer(layout.missing.lowerBound),
                .integer(layout.missing.upperBound), .integer(layout.isHeadFull ? 1 : 0),
                .integer(layout.kept), .integer(log.number),
            ]
        )
    }

    private func remove(_ logs: [SQLiteLogSchema.Surplus]) throws(SQLiteError) {
        for log in logs {
            try connection.run("DELETE FROM chunk WHERE log = ?", [.integer(log.number)])
            try connection.run("DELETE FROM log WHERE id = ?", [.integer(log.number)])
        }
    }

    /// Runs `body` as one commit; there is no `await` in it, so nobody gets in between.
    private func inTransaction(_ body: () throws(SQLiteError) -> Void) throws(SQLiteError) {
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

    private func translated<Result>(
        _ body: () throws(SQLiteError) -> Result
    ) throws(LogError) -> Result {
        do throws(SQLiteError) {
            return try body()
        } catch {
            throw error.primaryCode == SQLiteError.full
                ? .full(error.message) : .unavailable("\(error)")
        }
    }
}
