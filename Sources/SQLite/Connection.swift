// A thin, owning wrapper over `sqlite3 *`. The only file that opens or closes a connection.

internal import CSQLite

/// One connection to one SQLite file, closed when the object is destroyed.
///
/// Not `Sendable`: confine it to the actor that opened it. Prepared statements are kept and used
/// again by their text. <https://www.sqlite.org/threadsafe.html>
@safe
package final class Connection {
    private let handle: OpaquePointer
    private let logPages: UnsafeMutablePointer<Int32>
    private var cache: [String: Statement] = [:]

    /// Counting what is allocated takes a lock of the whole process for each allocation.
    /// <https://www.sqlite.org/c3ref/c_config_covering_index_scan.html#sqliteconfigmemstatus>
    private static let keepsNoStatistics = csqlite_keep_no_statistics() == SQLITE_OK

    /// Opens or creates `path`; `:memory:` is a database of its own.
    package init(path: String, isReadOnly: Bool = false) throws(SQLiteError) {
        _ = Self.keepsNoStatistics
        var opened: OpaquePointer?
        let mode = isReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = unsafe sqlite3_open_v2(path, &opened, mode | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let opened = unsafe opened else {
            // SQLite allocates a handle even when opening fails, to carry the message.
            defer { unsafe sqlite3_close_v2(opened) }
            throw unsafe SQLiteError(code: code, on: opened, sql: "")
        }
        unsafe handle = opened
        unsafe logPages = .allocate(capacity: 1)
        unsafe logPages.initialize(to: 0)
    }

    deinit {
        cache.removeAll()
        unsafe sqlite3_close_v2(handle)
        unsafe logPages.deallocate()
    }

    /// The statement for `sql`, compiled once per connection.
    ///
    /// Whoever keeps it saves looking it up by its text.
    package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        if let kept = cache[sql] { return kept }
        var compiled: OpaquePointer?
        let code = unsafe sqlite3_prepare_v2(handle, sql, -1, &compiled, nil)
        guard code == SQLITE_OK, let compiled = unsafe compiled else {
            throw unsafe SQLiteError(code: code, on: handle, sql: sql)
        }
        let statement = unsafe Statement(handle: compiled)
        cache[sql] = statement
        return statement
    }

    /// Runs `sql`, which may hold several statements and takes no values.
    package func execute(_ sql: String) throws(SQLiteError) {
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw unsafe SQLiteError(code: code, on: handle, sql: sql) }
    }

    /// Runs one statement with `values` and hands every row to `row`.
    package func query<Result>(
        _ sql: String,
        _ values: [SQLValue] = [],
        row: (borrowing Row) -> Result
    ) throws(SQLiteError) -> [Result] {
        let statement = try prepare(sql)
        defer { statement.reset() }
        try statement.bind(values)
        var results: [Result] = []
        while try statement.step() { results.append(row(Row(statement))) }
        return results
    }

    /// Runs one statement with `values`; returns how many rows it changed.
    @discardableResult
    package func run(_ sql: String, _ values: [SQLValue] = []) throws(SQLiteError) -> Int {
        let statement = try prepare(sql)
        defer { statement.reset() }
        try statement.bind(values)
        while try statement.step() {}
        return changeCount
    }

    /// How many rows the last statement changed.
    package var changeCount: Int { unsafe Int(sqlite3_changes(handle)) }

    /// The key of the row last inserted.
    package var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// Whether a transaction is open.
    package var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// Leaves checkpoints to whoever holds the store's lock, also when the connection closes.
    package func disableCheckpoints() throws(SQLiteError) {
        try execute("PRAGMA wal_autocheckpoint=0")
        unsafe csqlite_no_checkpoint_on_close(handle)
        unsafe csqlite_count_log(handle, logPages)
    }

    /// How many pages the write-ahead log had after this connection's last commit.
    ///
    /// Counted once ``disableCheckpoints()`` has been called.
    package var logPageCount: Int { unsafe Int(logPages.pointee) }
}

extension SQLiteError {
    init(code: Int32, on connection: OpaquePointer?, sql: String) {
        self.init(
            code: unsafe connection == nil ? code : sqlite3_extended_errcode(connection),
            message: unsafe String(cString: sqlite3_errmsg(connection)),
            sql: sql
        )
    }
}
