// The replica's SQLite file: its schema, its opening, and how a damaged one is set aside.

internal import LockLease
internal import Platform
internal import SQLite
internal import Vocabulary

/// One open replica file and what its `meta` row says.
final class ReplicaFile {
    /// "RoLi": tells a replica from any other SQLite file.
    static let applicationID: Int64 = 0x526F_4C69
    static let schema: Int64 = 1

    private(set) var connection: Connection
    private(set) var isClosed = false
    /// What `meta` holds; written by ``saveMeta(_:)`` alone.
    private(set) var meta: ReplicaMeta

    private init(connection: Connection, meta: ReplicaMeta) {
        self.connection = connection
        self.meta = meta
    }

    /// Opens the file at `path`; one that is damaged or of another schema is set aside first.
    ///
    /// - Throws: ``ReplicaError/unavailable(_:)`` for a file that is some other program's.
    static func open(_ path: String) throws(ReplicaError) -> (file: ReplicaFile, setAside: String?)
    {
        do throws(SQLiteError) {
            let connection = try connect(path)
            switch try inspect(connection) {
            case .empty: return (try create(connection), nil)
            case .sound(let meta): return (ReplicaFile(connection: connection, meta: meta), nil)
            case .damaged: break
            case .foreign:
                throw SQLiteError(code: SQLiteError.cannotOpen, message: foreign(path), sql: "")
            }
        } catch  where error.isDamage {
            // Falls through to a fresh file.
        } catch {
            throw ReplicaError(error)
        }
        return try replace(path)
    }

    /// Sets the file at `path` aside and makes a fresh one.
    static func replace(
        _ path: String
    ) throws(ReplicaError) -> (file: ReplicaFile, setAside: String) {
        let suffix = try setAside(path)
        do throws(SQLiteError) {
            return (try create(connect(path)), path + suffix)
        } catch {
            throw ReplicaError(error)
        }
    }

    private static func foreign(_ path: String) -> String {
        "\(path) is a database, but not a replica of the list. Give the replica another path"
    }

    /// Renames the file and its journals to `….damaged-<instant>`.
    ///
    /// The journals go first: a fresh file must never find the old one's log.
    private static func setAside(_ path: String) throws(ReplicaError) -> String {
        let suffix = ".damaged-\(SystemClock.wall)"
        do throws(SystemError) {
            for journal in ["-wal", "-shm", "-journal"] {
                try FileStore.setAside(path + journal, suffix: suffix)
            }
            try FileStore.setAside(path, suffix: suffix)
        } catch {
            throw .unavailable(error.description)
        }
        return suffix
    }

    private static func connect(_ path: String) throws(SQLiteError) -> Connection {
        let connection = try Connection(path: path)
        // A second process on the same replica would be a second node of the same name.
        try connection.execute(
            """
            PRAGMA busy_timeout=500;
            PRAGMA locking_mode=EXCLUSIVE;
            PRAGMA journal_mode=WAL;
            PRAGMA synchronous=NORMAL;
            PRAGMA cache_size=-16384;
            PRAGMA journal_size_limit=67108864;
            """
        )
        return connection
    }

    private enum Contents {
        case empty
        case sound(ReplicaMeta)
        case damaged
        case foreign
    }

    private static func inspect(_ connection: Connection) throws(SQLiteError) -> Contents {
        let application = try connection.integer("PRAGMA application_id")
        guard application == applicationID else {
            let tables = try connection.integer("SELECT count(*) FROM sqlite_schema")
            return application == 0 && tables == 0 ? .empty : .foreign
        }
        guard try connection.integer("PRAGMA user_version") == schema,
            let meta = try connection.meta(),
            try connection.lastLogged() ?? meta.floor == meta.position
        else { return .damaged }
        return .sound(meta)
    }

    private static func create(_ connection: Connection) throws(SQLiteError) -> ReplicaFile {
        try connection.inTransaction { () throws(SQLiteError) in
            try connection.execute(tables)
            try connection.write(ReplicaMeta())
        }
        return ReplicaFile(connection: connection, meta: ReplicaMeta())
    }

    /// Lets go of the file, which must come before it is renamed.
    ///
    /// SQLite removes the journal by its name when the last connection closes; closed later, it
    /// would remove the one of the fresh file.
    func close() throws(SQLiteError) {
        connection = try Connection(path: ":memory:")
        isClosed = true
    }

    /// Runs `work` and writes the `meta` it returns, both or neither.
    func change(
        _ work: (ReplicaMeta) throws(SQLiteError) -> ReplicaMeta
    ) throws(SQLiteError) {
        let before = meta
        meta = try connection.inTransaction { () throws(SQLiteError) in
            let after = try work(before)
            if after != before { try connection.write(after) }
            return after
        }
    }

    private static let tables = """
        CREATE TABLE object(
          number INTEGER PRIMARY KEY,
          tenant TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
          uid TEXT NOT NULL, version INTEGER NOT NULL,
          epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
          deleted INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL,
          created INTEGER NOT NULL, updated INTEGER NOT NULL, author TEXT NOT NULL,
          UNIQUE(tenant, kind, name)
        );
        CREATE INDEX object_uid ON object(uid);
        CREATE INDEX object_gone ON object(epoch, sequence) WHERE deleted = 1;
        CREATE TABLE log(
          number INTEGER PRIMARY KEY,
          epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, digest BLOB NOT NULL,
          records BLOB NOT NULL,
          UNIQUE(epoch, sequence)
        );
        CREATE TABLE meta(
          one INTEGER PRIMARY KEY CHECK(one = 1),
          epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, digest BLOB NOT NULL,
          floor_epoch INTEGER NOT NULL, floor_sequence INTEGER NOT NULL,
          floor_digest BLOB NOT NULL,
          live INTEGER NOT NULL, first INTEGER NOT NULL, next INTEGER NOT NULL
        );
        PRAGMA application_id=\(applicationID);
        PRAGMA user_version=\(schema);
        """
}

/// The replica's own state beside objects and log.
struct ReplicaMeta: Equatable {
    var position = Position.start
    /// Where the kept log begins: the position before its first batch.
    var floor = Position.start
    /// How many objects are not deleted.
    var live: Int64 = 0
    /// The log's first number, and the next one to be given; equal when the log is empty.
    var firstLogged: Int64 = 1
    var nextLogged: Int64 = 1
}
