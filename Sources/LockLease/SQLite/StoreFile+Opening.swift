// Opening the store's file: what it must be before anybody writes to it.

internal import Platform
internal import SQLite
internal import Vocabulary

extension StoreFile {
    /// Opens the store at `path`, making it if there is no file yet, and checks it.
    ///
    /// A file that is not a store of ours is left as it is.
    static func open(
        path: String,
        settings: SQLiteStoreSettings
    ) throws(StoreError) -> StoreFile {
        try checkPlace(path)
        let connection = try connect(path, settings: settings)
        try checkKind(path, connection)
        let file = try StoreFile(path: path, settings: settings, connection: connection)
        try file.prepare(settings)
        try file.exclusively { () throws(StoreError) in
            // Somebody else may have made something of the file while we waited.
            try checkKind(path, connection)
            try file.makeIfNew(settings)
            try file.migrate()
        }
        try file.checkPages()
        return file
    }

    /// A further connection to a store that ``open(path:settings:)`` has checked.
    static func join(
        path: String,
        settings: SQLiteStoreSettings
    ) throws(StoreError) -> StoreFile {
        let connection = try connect(path, settings: settings)
        let file = try StoreFile(path: path, settings: settings, connection: connection)
        try file.prepare(settings)
        return file
    }

    private static func checkPlace(_ path: String) throws(StoreError) {
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        let shared: String?
        do throws(SystemError) {
            shared = try FileSystemKind.sharedName(of: "/" + folder)
        } catch {
            throw .unavailable("\(error)")
        }
        guard let shared else { return }
        throw .incompatible(
            """
            \(path) lies on \(shared), where file locks do not hold between machines. \
            Put the store on a local disk
            """
        )
    }

    private static func connect(
        _ path: String,
        settings: SQLiteStoreSettings
    ) throws(StoreError) -> Connection {
        do throws(SQLiteError) {
            let connection = try Connection(path: path)
            try connection.execute("PRAGMA busy_timeout=\(busyMilliseconds)")
            return connection
        } catch {
            throw opening(path, error)
        }
    }

    /// Refuses a file that is something else, or of a newer release, before anything is written.
    private static func checkKind(
        _ path: String,
        _ connection: Connection
    ) throws(StoreError) {
        let marks: [Int64]
        do throws(SQLiteError) {
            // In one transaction: somebody may be making a store of it at this moment.
            try connection.execute("BEGIN")
            defer { _ = try? connection.execute("COMMIT") }
            marks = try ["schema_version", "application_id", "user_version"].map {
                (name) throws(SQLiteError) in
                try connection.query("PRAGMA \(name)") { $0.integer(0) }.first ?? 0
            }
        } catch {
            throw opening(path, error)
        }
        guard marks[1] != StoreSchema.applicationID else {
            guard marks[2] <= StoreSchema.version else {
                throw .incompatible(
                    """
                    the store \(path) has schema \(marks[2]); this release knows \
                    \(StoreSchema.version). Run the newer release
                    """
                )
            }
            return
        }
        guard marks[0] == 0, marks[1] == 0 else {
            throw .incompatible(
                "\(path) is a database, but not a store of Rota. Name another file"
            )
        }
    }

    private static func opening(_ path: String, _ error: SQLiteError) -> StoreError {
        switch error.primaryCode {
        case SQLiteError.notADatabase:
            .incompatible("\(path) is not a store of Rota. Name another file")
        case SQLiteError.corrupt: .corrupt("\(path): \(error.message)")
        case _: .unavailable("cannot open \(path): \(error.message)")
        }
    }

    private func prepare(_ settings: SQLiteStoreSettings) throws(StoreError) {
        try disableCheckpoints()
        // FULL: a commit forgotten at a power loss would be a run repeated at the next boot.
        try execute("PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY")
        if let limit = settings.pageLimit { try execute("PRAGMA max_page_count=\(limit)") }
    }

    /// Makes the tables of an empty file; called with the turn held.
    private func makeIfNew(_ settings: SQLiteStoreSettings) throws(StoreError) {
        let mode = try first("PRAGMA journal_mode=WAL") { $0.text(0) }
        guard mode == "wal" else {
            throw .unavailable("\(path) cannot keep a write-ahead log, only \(mode ?? "none")")
        }
        guard try first("PRAGMA schema_version", row: { $0.integer(0) }) == 0 else { return }
        var random = SystemRandomNumberGenerator()
        let id = RunID.make(at: settings.clock(), using: &random).text
        try execute(
            """
            BEGIN IMMEDIATE;
            \(StoreSchema.creation)
            INSERT INTO meta(one, store_id, digest) VALUES(1, '\(id)', zeroblob(16));
            COMMIT
            """
        )
    }

    /// Brings the tables of an older release up to this one's; called with the turn held.
    private func migrate() throws(StoreError) {
        let version = try first("PRAGMA user_version") { $0.integer(0) } ?? 0
        for (next, script) in StoreSchema.migrations where next > version {
            try execute("BEGIN IMMEDIATE; \(script) PRAGMA user_version=\(next); COMMIT")
        }
    }

    /// Looks through the whole file for damage.
    func checkPages() throws(StoreError) {
        let report = try rows("PRAGMA quick_check(5)") { $0.text(0) }
        guard report == ["ok"] else {
            throw .corrupt("\(path): \(report.joined(separator: "; "))")
        }
    }
}
