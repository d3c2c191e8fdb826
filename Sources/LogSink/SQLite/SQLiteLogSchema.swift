// The tables of the embedded log store, and how a file comes to hold them.

internal import SQLite
internal import Vocabulary

/// Tables and their number, which the file itself bears.
enum SQLiteLogSchema {
    /// The number of the tables below; 0 is that of the first releases, and of a new file.
    static let version: Int64 = 2

    /// What each connection that writes is set to; `auto_vacuum` only takes effect before the
    /// first table.
    private static let settings = """
        PRAGMA auto_vacuum = INCREMENTAL;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA journal_size_limit = 4194304;
        PRAGMA busy_timeout = 2000;
        """

    private static let tables = """
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
        CREATE INDEX IF NOT EXISTS log_by_closing ON log(closed_at, run, kept);
        CREATE TABLE IF NOT EXISTS chunk(
            log INTEGER NOT NULL,
            start INTEGER NOT NULL,
            size INTEGER NOT NULL,
            lines BLOB NOT NULL,
            UNIQUE(log, start)
        );
        """

    /// What a job says of its logs; what says nothing leaves it to the policy of all.
    private static let first = """
        ALTER TABLE log ADD COLUMN keep_runs INTEGER NOT NULL DEFAULT 9223372036854775807;
        ALTER TABLE log ADD COLUMN keep_age INTEGER NOT NULL DEFAULT 9223372036854775807;
        DROP INDEX IF EXISTS log_of_job;
        CREATE INDEX log_of_job ON log(job, run, closed_at, keep_runs, keep_age);
        PRAGMA user_version = 1;
        """

    /// What runs say of themselves.
    private static let second = """
        ALTER TABLE log ADD COLUMN facts TEXT;
        PRAGMA user_version = 2;
        """

    /// Makes the file one of this release's.
    ///
    /// - Throws: A file of a newer release is ``SQLiteError/cannotOpen``, and left as it is.
    static func prepare(_ connection: Connection) throws(SQLiteError) {
        try connection.execute(settings)
        try connection.execute("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            let found = try number(of: connection)
            guard found <= version else { throw newer(found) }
            if found < 1 { try connection.execute(tables + first) }
            if found < 2 { try connection.execute(second) }
            try connection.execute("COMMIT")
        } catch {
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// Whether a reader will find its tables in the file: not before its writer has made them.
    static func isReady(_ connection: Connection) throws(SQLiteError) -> Bool {
        try connection.execute("PRAGMA busy_timeout = 2000")
        let found = try number(of: connection)
        guard found <= version else { throw newer(found) }
        return found == version
    }

    private static func number(of connection: Connection) throws(SQLiteError) -> Int64 {
        try connection.query("PRAGMA user_version") { $0.integer(0) }.first ?? 0
    }

    private static func newer(_ found: Int64) -> SQLiteError {
        SQLiteError(
            code: SQLiteError.cannotOpen,
            message: "its tables have the number \(found), and this release knows \(version)",
            sql: ""
        )
    }
}
