// What is asked of and written to the tables of the embedded log store.

internal import Documents
internal import SQLite
internal import Vocabulary

/// One connection to a log file; confine it to the actor that opened it.
struct SQLiteLogTables {
    let connection: Connection

    // MARK: Reading

    /// The row of `run`, or nothing.
    func row(of run: RunID) throws(SQLiteError) -> LogRow? {
        try connection.query(
            """
            SELECT id, byte_limit, end_offset, head_end, tail_start, is_head_full, closed_at
            FROM log WHERE run = ?
            """,
            [.text(run.text)]
        ) { row in
            LogRow(
                number: row.integer(0),
                limit: row.integer(1),
                end: row.integer(2),
                headEnd: row.integer(3),
                tailStart: row.integer(4),
                isHeadFull: row.integer(5) != 0,
                isClosed: !row.isNull(6)
            )
        }.first
    }

    /// Where the logs of `runs` stand, those that are there.
    func stands(of runs: ArraySlice<RunID>) throws(SQLiteError) -> [RunID: LogStand] {
        // One statement, however many there are.
        let names = JSON.bytes(.array(runs.map { .string($0.text) }))
        let found = try connection.query(
            """
            SELECT run, end_offset, closed_at FROM log
            WHERE run IN (SELECT value FROM json_each(?))
            """,
            [.text(String(decoding: names, as: UTF8.self))]
        ) { row in
            (RunID(row.text(0)), LogStand(end: row.integer(1), isComplete: !row.isNull(2)))
        }
        return Dictionary(found) { $1 }
    }

    /// What `run` has said of itself, or nothing if there is no such log.
    func facts(of run: RunID) throws(SQLiteError) -> RunFacts? {
        try connection.query("SELECT facts FROM log WHERE run = ?", [.text(run.text)]) { row in
            RunFacts(stored: row.isNull(0) ? nil : row.text(0))
        }.first
    }

    /// The log that `row` is of as it can be appended to.
    func buffer(of row: LogRow) throws(SQLiteError) -> LogBuffer {
        let starts = try connection.query(
            "SELECT start FROM chunk WHERE log = ? AND start >= ? ORDER BY start",
            [.integer(row.number), .integer(row.missing.upperBound)]
        ) { $0.integer(0) }
        return row.buffer(tailChunks: starts)
    }

    /// A page of the log that `row` is of.
    func page(
        of row: LogRow,
        from offset: Int64,
        limit: Int
    ) throws(SQLiteError) -> LogPage {
        var page = row.page(from: offset, limit: limit)
        var next =
            try connection.query(
                "SELECT max(start) FROM chunk WHERE log = ? AND start <= ?",
                [.integer(row.number), .integer(page.start)]
            ) { $0.integer(0) }.first ?? 0
        let count = LogRow.chunkCount(for: limit)
        while true {
            let chunks = try chunks(of: row.number, from: next, count: count)
            for chunk in chunks where !page.add(chunk) { return page.page }
            guard let last = chunks.last, chunks.count == count else { return page.page }
            next = last.start + 1
        }
    }

    private func chunks(
        of log: Int64,
        from start: Int64,
        count: Int
    ) throws(SQLiteError) -> [LogChunk] {
        try connection.query(
            "SELECT start, lines FROM chunk WHERE log = ? AND start >= ? ORDER BY start LIMIT ?",
            [.integer(log), .integer(start), .integer(count)]
        ) { LogChunk(start: $0.integer(0), packed: $0.blob(1)) }
    }

    /// Does `body` on one unchanging state of the file.
    func reading<Result>(
        _ body: () throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        try connection.execute("BEGIN")
        defer { if connection.isInTransaction { try? connection.execute("COMMIT") } }
        return try body()
    }

    // MARK: Writing

    /// Stores what is new in `buffer`; answers whether the log is still as the buffer knew it.
    ///
    /// To be called within a transaction, which is to be undone if not.
    func store(_ buffer: LogBuffer) throws(SQLiteError) -> Bool {
        let layout = buffer.layout
        let isExpected = try connection.run(
            """
            UPDATE log SET end_offset = ?, head_end = ?, tail_start = ?, is_head_full = ?, kept = ?
            WHERE id = ? AND end_offset = ? AND closed_at IS NULL
            """,
            [
                .integer(layout.end), .integer(layout.missing.lowerBound),
                .integer(layout.missing.upperBound), .integer(layout.isHeadFull ? 1 : 0),
                .integer(layout.kept), .integer(buffer.number), .integer(layout.storedEnd),
            ]
        )
        guard isExpected == 1 else { return false }
        let change = layout.change
        for chunk in change.writes {
            try connection.run(
                """
                INSERT INTO chunk(log, start, size, lines) VALUES(?, ?, ?, ?)
                ON CONFLICT(log, start) DO UPDATE SET size = excluded.size, lines = excluded.lines
                """,
                [
                    .integer(buffer.number), .integer(chunk.start), .integer(chunk.size),
                    .blob(chunk.packed),
                ]
            )
        }
        guard !change.dropped.isEmpty else { return true }
        try connection.run(
            "DELETE FROM chunk WHERE log = ? AND start >= ? AND start < ?",
            [
                .integer(buffer.number), .integer(change.dropped.lowerBound),
                .integer(change.dropped.upperBound),
            ]
        )
        return true
    }

    // MARK: Retention

    /// Closed logs that `policy` and the jobs themselves give up: by age and count, else by size.
    func surplus(under policy: LogRetention) throws(SQLiteError) -> [SurplusLog] {
        let found = try connection.query(
            Self.surplusOfJobs,
            [
                .integer(max(0, policy.runsPerJob)), .integer(policy.now.unixMilliseconds),
                .integer(policy.ageInMilliseconds), .integer(SurplusLog.batch),
            ]
        ) { SurplusLog(number: $0.integer(0), run: RunID($0.text(1))) }
        guard found.isEmpty else { return found }
        return try connection.query(
            Self.surplusBySize,
            [.integer(policy.totalBytes), .integer(SurplusLog.batch)]
        ) { SurplusLog(number: $0.integer(0), run: RunID($0.text(1))) }
    }

    func remove(_ logs: ArraySlice<SurplusLog>) throws(SQLiteError) {
        for log in logs {
            try connection.run("DELETE FROM chunk WHERE log = ?", [.integer(log.number)])
            try connection.run("DELETE FROM log WHERE id = ?", [.integer(log.number)])
        }
    }

    /// What a job's newest run was opened with holds for all of them.
    private static let surplusOfJobs = """
        SELECT id, run FROM (
            SELECT id, run, closed_at, row_number() OVER runs AS place,
                first_value(keep_runs) OVER runs AS keep_runs,
                first_value(keep_age) OVER runs AS keep_age
            FROM log WINDOW runs AS (PARTITION BY job ORDER BY run DESC)
        ) WHERE closed_at IS NOT NULL
            AND (place > min(?1, keep_runs) OR closed_at < ?2 - min(?3, keep_age))
        LIMIT ?4
        """

    /// What lies newer than a log, open logs included, uses up the bytes before it does.
    private static let surplusBySize = """
        SELECT id, run FROM (
            SELECT id, run, closed_at,
                sum(kept) OVER (ORDER BY closed_at IS NULL DESC, closed_at DESC, run DESC
                    ROWS UNBOUNDED PRECEDING) AS bytes
            FROM log
        ) WHERE bytes > ? AND closed_at IS NOT NULL ORDER BY closed_at, run LIMIT ?
        """
}

extension LogError {
    init(_ error: SQLiteError) {
        self =
            error.primaryCode == SQLiteError.full
            ? .full(error.message) : .unavailable("\(error)")
    }

    /// Does `body`, in the words of the log.
    static func translating<Result>(
        _ body: () throws(SQLiteError) -> Result
    ) throws(LogError) -> Result {
        do throws(SQLiteError) {
            return try body()
        } catch {
            throw LogError(error)
        }
    }
}
