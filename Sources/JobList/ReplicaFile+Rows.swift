// The replica's SQL: rows to records and back.

internal import SQLite
internal import Vocabulary

extension Connection {
    /// The single number that `sql` answers; 0 for none.
    func integer(_ sql: String, _ values: [SQLValue] = []) throws(SQLiteError) -> Int64 {
        try query(sql, values) { $0.integer(0) }.first ?? 0
    }

    /// Runs `work` between `BEGIN` and `COMMIT`; whatever it throws, nothing of it stays.
    func inTransaction<Result>(
        _ work: () throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        try run("BEGIN IMMEDIATE")
        do throws(SQLiteError) {
            let result = try work()
            try run("COMMIT")
            return result
        } catch {
            // SQLite has rolled back by itself after some errors, a full disk among them.
            if isInTransaction { _ = try? run("ROLLBACK") }
            throw error
        }
    }

    func meta() throws(SQLiteError) -> ReplicaMeta? {
        let sql = """
            SELECT epoch, sequence, digest, floor_epoch, floor_sequence, floor_digest,
                   live, first, next FROM meta
            """
        let rows = try query(sql) { row -> ReplicaMeta? in
            guard let position = row.position(at: 0), let floor = row.position(at: 3) else {
                return nil
            }
            return ReplicaMeta(
                position: position,
                floor: floor,
                live: row.integer(6),
                firstLogged: row.integer(7),
                nextLogged: row.integer(8)
            )
        }
        return rows.count == 1 ? rows[0] : nil
    }

    func write(_ meta: ReplicaMeta) throws(SQLiteError) {
        let sql = "INSERT OR REPLACE INTO meta VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        try run(
            sql,
            meta.position.columns + meta.floor.columns
                + [.integer(meta.live), .integer(meta.firstLogged), .integer(meta.nextLogged)]
        )
    }

    /// The position that the log's last batch led to.
    func lastLogged() throws(SQLiteError) -> Position? {
        let sql = "SELECT epoch, sequence, digest FROM log ORDER BY number DESC LIMIT 1"
        return try query(sql) { $0.position(at: 0) }.first ?? nil
    }

    func append(_ batch: ChangeBatch, number: Int64) throws(SQLiteError) {
        try run(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?)",
            [.integer(number)] + batch.position.columns + [.blob(BatchForm.bytes(batch.records))]
        )
    }

    /// Writes `record` over what has its key; answers by how much the count of live ones changes.
    func put(_ record: ObjectRecord) throws(SQLiteError) -> Int64 {
        let key = record.key.columns
        let wasLive = try integer(
            "SELECT count(*) FROM object WHERE tenant=? AND kind=? AND name=? AND deleted=0",
            key
        )
        let sql = """
            INSERT INTO object(tenant, kind, name, uid, version, epoch, sequence, deleted, body,
                               digest, created, updated, author)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT(tenant, kind, name) DO UPDATE SET
              uid=excluded.uid, version=excluded.version, epoch=excluded.epoch,
              sequence=excluded.sequence, deleted=excluded.deleted, body=excluded.body,
              digest=excluded.digest, created=excluded.created, updated=excluded.updated,
              author=excluded.author
            """
        try run(sql, key + record.otherColumns)
        return (record.isDeleted ? 0 : 1) - wasLive
    }

    /// Records by a condition on `object`, in the order it states.
    ///
    /// - Throws: An error whose code is `SQLITE_CORRUPT` if a row is no record.
    func records(
        where condition: String,
        _ values: [SQLValue]
    ) throws(SQLiteError) -> [ObjectRecord] {
        let sql = """
            SELECT tenant, kind, name, uid, version, epoch, sequence, deleted, body, digest,
                   created, updated, author
            FROM object WHERE \(condition)
            """
        return try query(sql, values) { $0.record }.sound(of: "object")
    }

    /// Batches with numbers in `numbers`; `previous` is the position before the first.
    func batches(
        _ numbers: Range<Int64>,
        after previous: Position
    ) throws(SQLiteError) -> [ChangeBatch] {
        let rows = try query(
            "SELECT epoch, sequence, digest, records FROM log WHERE number>=? AND number<?"
                + " ORDER BY number",
            [.integer(numbers.lowerBound), .integer(numbers.upperBound)]
        ) { row -> (Position, [ObjectRecord])? in
            guard let position = row.position(at: 0),
                let records = BatchForm.records(row.blob(3), revision: position.revision)
            else { return nil }
            return (position, records)
        }
        var last = previous
        return try rows.sound(of: "log").map { position, records in
            defer { last = position }
            return ChangeBatch(previous: last, position: position, records: records)
        }
    }
}

extension Array {
    /// The elements without their optionals; one `nil` means that the table is damaged.
    fileprivate func sound<Wrapped>(
        of table: String
    ) throws(SQLiteError) -> [Wrapped] where Element == Wrapped? {
        let sound = compactMap(\.self)
        guard sound.count == count else {
            throw SQLiteError(
                code: SQLiteError.corrupt,
                message: "a row of \(table) cannot be read",
                sql: ""
            )
        }
        return sound
    }
}

extension Row {
    fileprivate func revision(at index: Int32) -> Revision? {
        guard let epoch = UInt32(exactly: integer(index)),
            let sequence = UInt64(exactly: integer(index + 1))
        else { return nil }
        return Revision(epoch: epoch, sequence: sequence)
    }

    func position(at index: Int32) -> Position? {
        guard let revision = revision(at: index), let digest = Digest(bytes: blob(index + 2)) else {
            return nil
        }
        return Position(revision: revision, digest: digest)
    }

    fileprivate var record: ObjectRecord? {
        guard let kind = ObjectKind(rawValue: text(1)), let revision = revision(at: 5),
            let digest = Digest(bytes: blob(9))
        else { return nil }
        return ObjectRecord(
            key: ObjectKey(tenant: text(0), kind: kind, name: text(2)),
            uid: UID(text(3)),
            version: Version(integer(4)),
            revision: revision,
            isDeleted: integer(7) != 0,
            body: blob(8),
            digest: digest,
            createdAt: Instant(unixMilliseconds: integer(10)),
            updatedAt: Instant(unixMilliseconds: integer(11)),
            author: text(12)
        )
    }
}

extension Revision {
    var columns: [SQLValue] {
        [.integer(Int64(epoch)), .integer(Int64(clamping: sequence))]
    }
}

extension Position {
    fileprivate var columns: [SQLValue] { revision.columns + [.blob(digest.bytes)] }
}

extension ObjectKey {
    var columns: [SQLValue] { [.text(tenant), .text(kind.rawValue), .text(name)] }
}

extension ObjectRecord {
    /// All columns behind the key.
    fileprivate var otherColumns: [SQLValue] {
        [.text(uid.text), .integer(version.rawValue)] + revision.columns + [
            .integer(isDeleted ? 1 : 0), .blob(body), .blob(digest.bytes),
            .integer(createdAt.unixMilliseconds), .integer(updatedAt.unixMilliseconds),
            .text(author),
        ]
    }
}
