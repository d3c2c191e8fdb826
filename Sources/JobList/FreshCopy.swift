// A copy of the list in the making: a file beside the replica's, loaded in key order.

internal import Gossip
internal import LockLease
internal import Platform
internal import SQLite
internal import Sealing
internal import Vocabulary

/// Loads chunks into a file of its own, on a thread of its own.
///
/// The file has no journal and is not synced while it grows: a crash leaves only a file that the
/// next start removes. Indexes are built once all rows are there. Memory does not grow with the
/// list: two page caches and the chunk at hand.
actor FreshCopy: ListInstallation {
    private nonisolated let loop = EventLoop(name: "replica-fresh")
    private let path: String
    /// Where the replica stood when this was begun.
    nonisolated let began: Position
    private var done = InstallProgress()
    /// Rows only, until all are there.
    private var loading: Connection?
    /// With indexes, so that changes can be applied.
    private var file: ReplicaFile?
    private var sums = BucketSums()
    private var live: Int64 = 0
    private var outlines = OutlineCounts()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// A copy that is to replace the replica at `path`, which stands at `position`.
    init(beside path: String, at position: Position) {
        self.path = Self.path(beside: path)
        began = position
    }

    deinit {
        loop.stop()
    }

    private static func path(beside path: String) -> String { path + ".fresh" }

    /// Removes what an earlier process did not finish.
    static func discard(_ path: String) {
        let path = self.path(beside: path)
        for suffix in ["", "-wal", "-shm", "-journal"] { try? FileStore.remove(path + suffix) }
    }

    func discard() {
        loading = nil
        try? file?.close()
        file = nil
        try? FileStore.remove(path)
    }

    func progress() -> InstallProgress { done }

    func add(_ chunk: SnapshotChunk) throws(ReplicaError) {
        guard file == nil else { throw .refused("the list was complete already") }
        var next = done
        var rows: [(row: RawRow, bucket: Int)] = []
        rows.reserveCapacity(chunk.count)
        var last: ObjectKey?
        try chunk.forEachRow { row, key throws(ReplicaError) in
            if rows.isEmpty, let before = done.lastKey, key <= before {
                throw .refused("\(key) comes twice in a list")
            }
            rows.append((row, BucketSums.bucket(of: row, in: chunk.rows)))
            last = key
        }
        try next.took(chunk, lastKey: last)
        do throws(SQLiteError) {
            let connection = try open()
            let insert = try connection.prepare(Self.insertion)
            for (row, bucket) in rows {
                try insert.run { row.bind(&$0, from: chunk.rows) }
                guard !row.isDeleted else { continue }
                try enter(row, chunk.rows, connection)
                live += 1
                sums[bucket].add(Hashing.digest(chunk.rows[row.head]))
            }
            done = next
            if done.isListed { try index(connection) }
        } catch {
            throw ReplicaError(error)
        }
    }

    func amend(_ batches: [ChangeBatch]) throws(ReplicaError) {
        guard let file, case .changes = done.next else {
            throw .refused("changes come after all rows")
        }
        let result: ReplicaFile.Application
        do throws(SQLiteError) { result = try file.apply(batches).result } catch {
            throw ReplicaError(error)
        }
        done.amended(to: file.meta.position)
        switch result {
        case .all: break
        case .refused(_, let why): throw .refused(why)
        case .stopped: throw .refused("changes do not follow \(file.meta.position)")
        }
    }

    /// Closes the file and waits until all of it is on the disk.
    func seal() throws(ReplicaError) -> (path: String, position: Position) {
        guard let file, case .finished(let position) = done.next else {
            throw .refused("the list is not complete")
        }
        do throws(SQLiteError) { try file.close() } catch { throw ReplicaError(error) }
        do throws(SystemError) { try FileStore.sync(path) } catch {
            throw .unavailable(error.description)
        }
        return (path, position)
    }

    private func open() throws(SQLiteError) -> Connection {
        if let loading { return loading }
        try? FileStore.remove(path)
        let connection = try Connection(path: path)
        try connection.execute(
            """
            PRAGMA journal_mode=OFF;
            PRAGMA synchronous=OFF;
            PRAGMA locking_mode=EXCLUSIVE;
            PRAGMA cache_size=-16384;
            PRAGMA temp_store=FILE;
            """
        )
        try connection.execute(ReplicaSchema.tables)
        try connection.run("BEGIN")
        loading = connection
        return connection
    }

    /// Makes the columns of the row that was inserted last.
    private func enter(
        _ row: RawRow,
        _ bytes: [UInt8],
        _ connection: Connection
    ) throws(SQLiteError) {
        guard bytes[row.kind].elementsEqual(Self.jobKind) else { return }
        let number = connection.lastInsertedRow
        let tenant = String(decoding: bytes[row.tenant], as: UTF8.self)
        var outline: Int64?
        if let cut = OutlineForm.bytes(of: bytes[row.body], in: tenant) {
            outline = try outlines.take(cut, in: connection)
        }
        try connection.writeEntry(
            number,
            uid: UID(String(decoding: bytes[row.uid], as: UTF8.self)),
            outline: outline,
            revision: row.revision,
            created: row.created
        )
    }

    private static let jobKind = Array(ObjectKind.job.rawValue.utf8)

    /// All rows are there: what makes a replica of them.
    private func index(_ connection: Connection) throws(SQLiteError) {
        try outlines.write(to: connection)
        for index in ReplicaSchema.indexes { try connection.execute(index) }
        let base = done.base ?? .start
        var meta = ReplicaMeta(position: base, floor: base)
        meta.tombFloor = min(done.tombFloor, base.revision)
        meta.live = live
        try connection.write(meta)
        for (bucket, sum) in sums.buckets.enumerated() where sum != BucketSum() {
            try connection.write(sum, of: bucket)
        }
        try connection.run("COMMIT")
        file = ReplicaFile(connection: connection, meta: meta, sums: sums)
        loading = nil
    }

    private static let insertion = """
        INSERT INTO object(tenant, kind, name, uid, version, epoch, sequence, deleted, body,
                           digest, created, updated, author)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
}

extension RawRow {
    /// Binds all columns of `object` but its number.
    fileprivate func bind(_ binder: inout Binder, from bytes: [UInt8]) {
        binder.put(text: bytes[tenant])
        binder.put(text: bytes[kind])
        binder.put(text: bytes[name])
        binder.put(text: bytes[uid])
        binder.put(version)
        binder.put(Int64(revision.epoch))
        binder.put(Int64(clamping: revision.sequence))
        binder.put(isDeleted ? 1 : 0)
        binder.put(blob: bytes[body])
        binder.put(blob: bytes[digest])
        binder.put(created)
        binder.put(updated)
        binder.put(text: bytes[author])
    }
}
