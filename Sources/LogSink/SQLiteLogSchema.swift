// The tables of the embedded log store, and what is asked of them.

internal import SQLite
internal import Vocabulary

/// Tables, rows and the questions of retention.
enum SQLiteLogSchema {
    /// One row of `log`.
    struct LogRow {
        let number: Int64
        let limit: Int
        let end: Int64
        let missing: Range<Int64>
        let isHeadFull: Bool
        let isClosed: Bool
    }

    /// A log that retention gives up.
    struct Surplus: Equatable {
        let number: Int64
        let run: RunID
    }

    /// `auto_vacuum` only takes effect before the first table.
    static let text = """
        PRAGMA auto_vacuum = INCREMENTAL;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA journal_size_limit = 4194304;
        PRAGMA busy_timeout = 2000;
        CREATE TABLE IF NOT EXISTS log(
            id INTEGER PRIMARY KEY,
            run TEXT NOT NULL UNIQUE,
            job TEXT NOT NULL,
            byte_limit INTEGER NOT NULL,
            opened_at INTEGER NOT NULL,
            closed_at INTEGER,
            end_offset INTEGER NOT NULL DEFAULT 0,
            head_end INTEGER NOT NULL DEFAULT 0,
            tail_start INTEGER NOT NULL DEFAULT 0,
            is_head_full INTEGER NOT NULL DEFAULT 0,
            kept INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX IF NOT EXISTS log_of_job ON log(job, run, closed_at);
        CREATE INDEX IF NOT EXISTS log_by_closing ON log(closed_at, run, kept);
        CREATE TABLE IF NOT EXISTS chunk(
            log INTEGER NOT NULL,
            start INTEGER NOT NULL,
            size INTEGER NOT NULL,
            lines BLOB NOT NULL,
            UNIQUE(log, start)
        );
        """

    /// The row of `run`, or nothing.
    static func row(_ connection: Connection, _ run: RunID) throws(SQLiteError) -> [LogRow] {
        try connection.query(
            """
            SELECT id, byte_limit, end_offset, head_end, tail_start, is_head_full, closed_at
            FROM log WHERE run = ?
            """,
            [.text(run.text)]
        ) { row in
            let headEnd = row.integer(3)
            return LogRow(
                number: row.integer(0),
                limit: Int(row.integer(1)),
                end: row.integer(2),
                missing: headEnd..<max(headEnd, row.integer(4)),
                isHeadFull: row.integer(5) != 0,
                isClosed: !row.isNull(6)
            )
        }
    }

    /// Closed logs that `policy` gives up, at most `limit`: by age, then by count, then by size.
    static func surplus(
        _ connection: Connection,
        under policy: LogRetention,
        limit: Int
    ) throws(SQLiteError) -> [Surplus] {
        let oldest = policy.now.advanced(by: .zero - policy.age)
        let questions: [(sql: String, value: Int64)] = [
            ("SELECT id, run FROM log WHERE closed_at < ? LIMIT ?", oldest.unixMilliseconds),
            (surplusByCount, Int64(max(0, policy.runsPerJob))),
            (surplusBySize, policy.totalBytes),
        ]
        for question in questions {
            let found = try connection.query(
                question.sql,
                [.integer(question.value), .integer(limit)]
            ) { Surplus(number: $0.integer(0), run: RunID($0.text(1))) }
            if !found.isEmpty { return found }
        }
        return []
    }

    private static let surplusByCount = """
        SELECT id, run FROM (
            SELECT id, run, closed_at,
                row_number() OVER (PARTITION BY job ORDER BY run DESC) AS place
            FROM log
        ) WHERE place > ? AND closed_at IS NOT NULL LIMIT ?
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
