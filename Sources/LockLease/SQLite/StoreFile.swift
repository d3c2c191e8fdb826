// One connection to the store's file: turns, transactions, checkpoints, and errors in our words.

internal import Platform
internal import SQLite
internal import Vocabulary

/// A connection to the store's file that writes only when it is its turn.
///
/// SQLite's own busy handler polls, and with several saturated writers one of them gets everything
/// (sqlite-users, 2019-08-15). So every writer first takes a `flock` on `<file>.wlock`, whose
/// queue the kernel keeps. The log is copied into the file only under the same lock, which also
/// rules out the WAL-reset bug of SQLite 3.7.0 to 3.51.2. <https://www.sqlite.org/wal.html>
///
/// Confine it to one thread: it blocks.
final class StoreFile {
    let path: String
    let settings: SQLiteStoreSettings
    private let connection: Connection
    private let turn: FileLock
    private var claimStatements: ClaimStatements?
    private var checkpointAt: Int64
    private var changed = 0
    private var hasMovedTriggers = false
    private var hasMovedKills = false
    private var hasRaisedBeat = false
    /// No remembered request is older; `nil`: not known.
    var oldestRequest: Instant?

    /// Connects to `path`; the file is ours already, or about to be made so.
    init(path: String, settings: SQLiteStoreSettings, connection: Connection) throws(StoreError) {
        self.path = path
        self.settings = settings
        self.connection = connection
        checkpointAt = settings.checkpointBytes
        do throws(SystemError) {
            turn = try FileLock(path: path + ".wlock")
        } catch {
            throw .unavailable("\(error)")
        }
    }

    // MARK: Transactions

    /// Does `work` in one transaction of its own, or nothing of it.
    ///
    /// Counts one write, if there was any. Nothing in `work` may suspend: the file would be held
    /// for as long.
    func write<Result>(
        _ work: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try takeTurn()
        defer { turn.unlock() }
        (changed, hasMovedTriggers, hasMovedKills, hasRaisedBeat) = (0, false, false, false)
        try run("BEGIN IMMEDIATE")
        let result: Result
        do throws(StoreError) {
            result = try work()
            if changed > 0 { try count() }
        } catch {
            rollBack()
            throw error
        }
        try commit()
        checkpointIfLarge()
        return result
    }

    /// Does `work` on one unchanging state of the file.
    func read<Result>(_ work: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try run("BEGIN")
        defer { rollBack() }
        return try work()
    }

    /// Holds the turn to write during `work`, outside of any transaction.
    func exclusively(_ work: () throws(StoreError) -> Void) throws(StoreError) {
        try takeTurn()
        defer { turn.unlock() }
        try work()
    }

    /// Has ``StorePulse/triggers`` move with the running transaction.
    func moveTriggers() { hasMovedTriggers = true }
    /// Has ``StorePulse/kills`` move with the running transaction.
    func moveKills() { hasMovedKills = true }
    /// Notes that the running transaction is counted by a session's beat; at most one may be.
    func noteBeat() { hasRaisedBeat = true }

    private func takeTurn() throws(StoreError) {
        do throws(SystemError) {
            if try turn.lock(within: settings.turnLimit) { return }
        } catch {
            throw .unavailable("\(error)")
        }
        guard let holder = turn.holder() else {
            throw .unavailable("\(path) is held by another process for too long")
        }
        let state = holder.state == "T" ? "T, stopped" : holder.state
        throw .unavailable(
            "store held by pid \(holder.processID) (state \(state)): continue or end it"
        )
    }

    /// Counts the running transaction, unless a beat does: a page less to sync for most claims.
    private func count() throws(StoreError) {
        let steps = [!hasRaisedBeat, hasMovedTriggers, hasMovedKills]
        guard steps.contains(true) else { return }
        try run(
            "UPDATE meta SET writes=writes+?, triggers=triggers+?, kills=kills+?",
            steps.map { .integer($0 ? 1 : 0) }
        )
    }

    private func commit() throws(StoreError) {
        do throws(SQLiteError) {
            try connection.run("COMMIT")
        } catch {
            rollBack()
            // The log may hold the whole commit although its sync failed.
            if error.primaryCode == SQLiteError.inputOutput { throw .unknown("\(error)") }
            throw StoreError(error)
        }
    }

    private func rollBack() {
        guard connection.isInTransaction else { return }
        // Fails only where SQLite has rolled back by itself.
        _ = try? connection.run("ROLLBACK")
    }

    // MARK: Checkpoints

    /// Copies the log into the file once it is large; called with the turn held.
    ///
    /// The log keeps its length and is written over from its beginning: a synced write that makes a
    /// file longer costs a commit of the file system's own. Readers may keep a part of it from
    /// being copied; then the next attempt waits until it has grown further, so that a long reader
    /// does not cost every writer an attempt. <https://www.sqlite.org/wal.html#ckpt>
    private func checkpointIfLarge() {
        let size = Int64(connection.logPageCount) * Self.pageBytes
        guard size > checkpointAt else { return }
        // Far beyond what is usual, the disk's room counts for more than its speed.
        let mode = size > settings.checkpointBytes * 16 ? "TRUNCATE" : "PASSIVE"
        _ = try? connection.run("PRAGMA busy_timeout=0")
        let isDone = try? connection.query("PRAGMA wal_checkpoint(\(mode))") {
            $0.integer(0) == 0 && $0.integer(1) == $0.integer(2)
        }
        _ = try? connection.run("PRAGMA busy_timeout=\(Self.busyMilliseconds)")
        checkpointAt =
            isDone == [true] ? settings.checkpointBytes : size + settings.checkpointBytes / 4
    }

    private static let pageBytes: Int64 = 4_096

    /// For tools that take SQLite's own lock without asking for a turn.
    static let busyMilliseconds = 1_000

    // MARK: Statements

    /// Runs a statement and hands each row to `row`.
    func rows<Result>(
        _ sql: String,
        _ values: [SQLValue] = [],
        row: (borrowing Row) -> Result
    ) throws(StoreError) -> [Result] {
        do throws(SQLiteError) {
            return try connection.query(sql, values, row: row)
        } catch {
            throw StoreError(error)
        }
    }

    /// The first row of a statement, if any.
    func first<Result>(
        _ sql: String,
        _ values: [SQLValue] = [],
        row: (borrowing Row) -> Result
    ) throws(StoreError) -> Result? {
        try rows(sql, values, row: row).first
    }

    /// Runs a statement; answers how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ values: [SQLValue] = []) throws(StoreError) -> Int {
        do throws(SQLiteError) {
            let before = connection.isInTransaction
            let count = try connection.run(sql, values)
            if before { changed += count }
            return count
        } catch {
            throw StoreError(error)
        }
    }

    /// Runs one of the statements of claims; answers what it did.
    func claiming<Result>(
        _ work: (ClaimStatements) throws(SQLiteError) -> Result
    ) throws(StoreError) -> Result {
        do throws(SQLiteError) {
            if let claimStatements { return try work(claimStatements) }
            let made = try ClaimStatements(connection)
            claimStatements = made
            return try work(made)
        } catch {
            throw StoreError(error)
        }
    }

    /// Notes that the running transaction has changed something.
    func noteChange() { changed += 1 }

    /// Runs a script of several statements.
    func execute(_ script: String) throws(StoreError) {
        do throws(SQLiteError) {
            try connection.execute(script)
        } catch {
            throw StoreError(error)
        }
    }

    /// Leaves copying the log to ``write(_:)``.
    func disableCheckpoints() throws(StoreError) {
        do throws(SQLiteError) {
            try connection.disableCheckpoints()
        } catch {
            throw StoreError(error)
        }
    }

    var lastInsertedRow: Int64 { connection.lastInsertedRow }
}

extension StoreError {
    /// SQLite's failure in the store's terms; nothing was changed.
    init(_ error: SQLiteError) {
        switch error.primaryCode {
        case SQLiteError.full: self = .full("\(error)")
        case SQLiteError.corrupt, SQLiteError.notADatabase: self = .corrupt("\(error)")
        case _: self = .unavailable("\(error)")
        }
    }
}
