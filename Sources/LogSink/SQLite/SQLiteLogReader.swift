// Reads the embedded log store while another process writes it.

internal import Platform
internal import SQLite
package import Vocabulary

/// Reads logs from a SQLite file that somebody else writes, on a thread of its own.
///
/// The file need not be there yet: until its writer has made it, there is no log in it. Readers do
/// not hold up the writer, nor it them (write-ahead logging). While somebody waits, the file is
/// looked at every 20 ms, once for all who wait; when nobody does, it is not touched.
package actor SQLiteLogReader: LogReader {
    /// How often the file is looked at while somebody waits.
    private static let interval = Duration.milliseconds(20)
    /// Of how many logs one statement asks where they stand.
    private static let standsAtOnce = 500

    private let loop: EventLoop
    private let path: String
    private var opened: SQLiteLogTables?
    private var waiters = LogWaiters()
    private var isLooking = false
    /// Changes whenever another connection has changed the file.
    private var seen: Int64 = 0

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Reads the file at `path`, which is opened by the first call that finds it.
    package init(path: String) {
        self.path = path
        loop = EventLoop(name: "rota-log-read")
    }

    deinit {
        loop.stop()
    }

    package func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage {
        guard let tables = try tables() else { throw .noSuchLog(run) }
        let page = try LogError.translating { () throws(SQLiteError) -> LogPage? in
            // The row and its chunks of one moment.
            try tables.reading { () throws(SQLiteError) -> LogPage? in
                guard let row = try tables.row(of: run) else { return nil }
                return try tables.page(of: row, from: offset, limit: limit)
            }
        }
        guard let page else { throw .noSuchLog(run) }
        return page
    }

    package func facts(of run: RunID) async throws(LogError) -> RunFacts {
        guard let tables = try tables() else { throw .noSuchLog(run) }
        let facts = try LogError.translating { () throws(SQLiteError) in
            try tables.facts(of: run)
        }
        guard let facts else { throw .noSuchLog(run) }
        return facts
    }

    package func stands(of runs: [RunID]) async throws(LogError) -> [RunID: LogStand] {
        guard let tables = try tables() else { return [:] }
        var stands: [RunID: LogStand] = [:]
        for start in stride(from: 0, to: runs.count, by: Self.standsAtOnce) {
            let some = runs[start..<min(start + Self.standsAtOnce, runs.count)]
            let found = try LogError.translating { () throws(SQLiteError) in
                try tables.stands(of: some)
            }
            stands.merge(found) { $1 }
            await Task.yield()
        }
        return stands
    }

    package func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        guard let tables = try? tables() else { return }
        // Before the row, so that what comes after it is seen as a change.
        if !isLooking { seen = (try? Self.dataVersion(tables)) ?? 0 }
        guard let row = try? tables.row(of: run), !row.isClosed, row.end <= offset else { return }
        await withCheckedContinuation { continuation in
            let number = waiters.add(continuation, for: run, beyond: offset)
            loop.call(at: SystemClock.monotonic.advanced(by: timeout)) { [weak self] in
                self?.assumeIsolated { $0.waiters.expire(number, of: run) }
            }
            armLook()
        }
    }

    /// The file's tables, once they are there.
    private func tables() throws(LogError) -> SQLiteLogTables? {
        if let opened { return opened }
        do throws(SQLiteError) {
            let connection = try Connection(path: path, isReadOnly: true)
            guard try SQLiteLogSchema.isReady(connection) else { return nil }
            opened = SQLiteLogTables(connection: connection)
            return opened
        } catch {
            guard FileStore.exists(path) else { return nil }
            throw .unavailable("\(path): \(error)")
        }
    }

    private func armLook() {
        guard !isLooking, !waiters.isEmpty else { return }
        isLooking = true
        loop.call(at: SystemClock.monotonic.advanced(by: Self.interval)) { [weak self] in
            self?.assumeIsolated { $0.look() }
        }
    }

    private func look() {
        isLooking = false
        guard let tables = opened, !waiters.isEmpty else { return }
        do throws(SQLiteError) {
            let version = try Self.dataVersion(tables)
            if version != seen {
                seen = version
                for run in waiters.runs { try settle(run, tables) }
            }
        } catch {
            // Whoever waits finds out by reading.
            for run in waiters.runs { waiters.ended(run) }
        }
        armLook()
    }

    private func settle(_ run: RunID, _ tables: SQLiteLogTables) throws(SQLiteError) {
        guard let row = try tables.row(of: run), !row.isClosed else {
            waiters.ended(run)
            return
        }
        waiters.grew(run, to: row.end)
    }

    private static func dataVersion(_ tables: SQLiteLogTables) throws(SQLiteError) -> Int64 {
        try tables.connection.query("PRAGMA data_version") { $0.integer(0) }.first ?? 0
    }
}
