// The replica's SQLite file: its opening, and how a damaged one is set aside.

internal import LockLease
internal import Platform
internal import SQLite
internal import Vocabulary

/// One open replica file and what its `meta` row says.
final class ReplicaFile {
    private(set) var connection: Connection
    private(set) var isClosed = false
    /// What `meta` holds, but for how far ``waiting`` has led since.
    private(set) var meta: ReplicaMeta
    /// What is in the log, and not in the objects and in `meta` yet.
    private(set) var waiting = WaitingChanges()
    /// What the table `bucket` holds.
    private(set) var sums: BucketSums
    /// Buckets as the transaction under way leaves them.
    private var touched: [Int: BucketSum] = [:]
    /// When the log's last batch was made, once somebody has looked or added one.
    var newestAt: Instant?
    /// The log's first batch, once somebody has looked.
    var oldest: LogEntry?
    /// A reading of all rows under way, which has to learn what changes behind it.
    var scrub: ScrubPass?

    init(connection: Connection, meta: ReplicaMeta, sums: BucketSums) {
        self.connection = connection
        self.meta = meta
        self.sums = sums
    }

    /// With what the log has beyond `meta`.
    private init(_ sound: SoundFile, _ connection: Connection) {
        self.connection = connection
        meta = sound.meta
        sums = sound.sums
        for batch in sound.ahead { waiting.add(batch) }
        meta.advance(over: sound.ahead, bytes: sound.aheadBytes)
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
            case .sound(let sound): return (ReplicaFile(sound, connection), nil)
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
        try connection.execute(
            """
            PRAGMA busy_timeout=500;
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
        case sound(SoundFile)
        case damaged
        case foreign
    }

    private static func inspect(_ connection: Connection) throws(SQLiteError) -> Contents {
        let application = try connection.integer("PRAGMA application_id")
        guard application == ReplicaSchema.applicationID else {
            let tables = try connection.integer("SELECT count(*) FROM sqlite_schema")
            return application == 0 && tables == 0 ? .empty : .foreign
        }
        let version = try connection.integer("PRAGMA user_version")
        guard [ReplicaSchema.version, ReplicaSchema.versionWithoutColumns].contains(version),
            let meta = try connection.meta()
        else { return .damaged }
        if version == ReplicaSchema.versionWithoutColumns {
            try connection.inTransaction { () throws(SQLiteError) in
                try connection.execute(ReplicaSchema.columns)
                try connection.enterAll()
            }
        }
        let end = try connection.lastLogged()
        guard let end, end.number >= meta.nextLogged else {
            guard (end?.position ?? meta.floor) == meta.position else { return .damaged }
            return .sound(SoundFile(meta: meta, sums: try connection.bucketSums()))
        }
        // The process ended before the objects were written; the log has all that they need.
        let ahead = try connection.batches(meta.nextLogged..<end.number + 1, after: meta.position)
        guard ahead.count == Int(end.number + 1 - meta.nextLogged), ChainRule.isChain(ahead) else {
            return .damaged
        }
        return .sound(
            SoundFile(
                meta: meta,
                sums: try connection.bucketSums(),
                ahead: ahead,
                aheadBytes: try connection.integer(
                    "SELECT sum(length(records)) FROM log WHERE number>=?",
                    [.integer(meta.nextLogged)]
                )
            )
        )
    }

    private static func create(_ connection: Connection) throws(SQLiteError) -> ReplicaFile {
        try connection.inTransaction { () throws(SQLiteError) in
            try connection.execute(ReplicaSchema.tables)
            for index in ReplicaSchema.indexes { try connection.execute(index) }
            try connection.write(ReplicaMeta())
        }
        return ReplicaFile(connection: connection, meta: ReplicaMeta(), sums: BucketSums())
    }

    /// Lets go of the file, which must come before it is renamed.
    ///
    /// SQLite finds and removes journals by name; a connection that outlived the rename would have
    /// to tell the fresh file's journal from its own.
    func close() throws(SQLiteError) {
        connection = try Connection(path: ":memory:")
        isClosed = true
    }

    /// Runs `work`, which adds to the log alone; the objects follow with the next ``change(_:)``.
    ///
    /// A commit of few changes so writes two pages instead of eight or more, and what is changed
    /// again soon is written once.
    func log(
        _ work: (ReplicaMeta) throws(SQLiteError) -> (ReplicaMeta, applied: [ChangeBatch])
    ) throws(SQLiteError) {
        let before = meta
        let (after, applied) = try connection.inTransaction { () throws(SQLiteError) in
            try work(before)
        }
        for batch in applied { waiting.add(batch) }
        meta = after
    }

    /// Writes what is waiting, runs `work`, and writes the `meta` it returns with the sums that
    /// were touched, all or nothing.
    func change(
        _ work: (ReplicaMeta) throws(SQLiteError) -> ReplicaMeta
    ) throws(SQLiteError) {
        touched = [:]
        do throws(SQLiteError) {
            let after = try connection.inTransaction { () throws(SQLiteError) in
                var before = meta
                for record in waiting.newest { before.live += try put(record) }
                let after = try work(before)
                if after != meta || !waiting.isEmpty { try connection.write(after) }
                for (bucket, sum) in touched { try connection.write(sum, of: bucket) }
                return after
            }
            for (bucket, sum) in touched { sums[bucket] = sum }
            waiting = WaitingChanges()
            meta = after
        } catch {
            // What it was told of this transaction did not happen.
            scrub = nil
            throw error
        }
    }

    /// Writes `record` over what has its key; answers by how much the count of live ones changes.
    ///
    /// Only inside ``change(_:)``.
    func put(_ record: ObjectRecord) throws(SQLiteError) -> Int64 {
        let bucket = BucketSums.bucket(of: record.key)
        let old = try connection.stored(record.key)
        if let old, old.isLive { count(bucket, record.key) { $0.remove(old.digest) } }
        if !record.isDeleted {
            let digest = RowForm.digest(of: record)
            count(bucket, record.key) { $0.add(digest) }
        }
        try connection.write(record, over: old?.number)
        let number = old?.number ?? connection.lastInsertedRow
        try connection.enter(record, in: number, isNew: old == nil)
        return (record.isDeleted ? 0 : 1) - (old?.isLive == true ? 1 : 0)
    }

    /// Removes the row of `key` as if it had never been; only inside ``change(_:)``.
    func remove(_ key: ObjectKey) throws(SQLiteError) -> Int64 {
        guard let old = try connection.stored(key) else { return 0 }
        if old.isLive { count(BucketSums.bucket(of: key), key) { $0.remove(old.digest) } }
        try connection.run("DELETE FROM object WHERE number=?", [.integer(old.number)])
        try connection.removeEntry(old.number)
        return old.isLive ? -1 : 0
    }

    /// Takes `sum` for true; only inside ``change(_:)``.
    func set(_ bucket: Int, to sum: BucketSum) {
        touched[bucket] = sum
    }

    private func count(_ bucket: Int, _ key: ObjectKey, _ change: (inout BucketSum) -> Void) {
        var sum = touched[bucket] ?? sums[bucket]
        change(&sum)
        touched[bucket] = sum
        if let passed = scrub?.lastKey, key <= passed { scrub?.count(bucket, change) }
    }
}

/// What was found in a file that is whole.
private struct SoundFile {
    var meta: ReplicaMeta
    var sums: BucketSums
    /// What the log has beyond `meta`.
    var ahead: [ChangeBatch] = []
    var aheadBytes: Int64 = 0
}

/// Changes that are in the log and not in the objects yet: few, and not for long.
struct WaitingChanges {
    /// More records than this, or more bytes, are not waited for.
    private static let recordLimit = 256
    private static let byteLimit = 64 << 10

    private var records: [ObjectKey: ObjectRecord] = [:]
    private var count = 0
    private var bytes = 0

    var isEmpty: Bool { records.isEmpty }
    /// The newest record of each object, in key order.
    var newest: [ObjectRecord] { records.values.sorted { $0.key < $1.key } }

    /// Whether `batches` may wait, too.
    func hasRoom(for batches: [ChangeBatch]) -> Bool {
        var (count, bytes) = (count, bytes)
        for batch in batches {
            count += batch.records.count
            bytes += Self.bytes(of: batch)
            guard count <= Self.recordLimit, bytes <= Self.byteLimit else { return false }
        }
        return true
    }

    mutating func add(_ batch: ChangeBatch) {
        for record in batch.records { records[record.key] = record }
        count += batch.records.count
        bytes += Self.bytes(of: batch)
    }

    private static func bytes(of batch: ChangeBatch) -> Int {
        batch.records.reduce(0) { $0 + $1.body.count + 160 }
    }
}

/// The replica's own state beside objects and log.
struct ReplicaMeta: Equatable {
    var position = Position.start
    /// Where the kept log begins: the position before its first batch.
    var floor = Position.start
    /// Tombstones up to here may be gone; never above ``floor``.
    var tombFloor = Revision.zero
    /// How many objects are not deleted.
    var live: Int64 = 0
    /// The log's first number, and the next one to be given; equal when the log is empty.
    var firstLogged: Int64 = 1
    var nextLogged: Int64 = 1
    /// The bytes of all batches in the log.
    var logBytes: Int64 = 0

    /// The log has `batches` too, which take `bytes` there.
    mutating func advance(over batches: [ChangeBatch], bytes: Int64) {
        nextLogged += Int64(batches.count)
        logBytes += bytes
        position = batches.last?.position ?? position
    }
}
