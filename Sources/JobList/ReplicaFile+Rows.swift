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
                   tomb_epoch, tomb_sequence, live, first, next, log_bytes FROM meta
            """
        let rows = try query(sql) { row -> ReplicaMeta? in
            guard let position = row.position(at: 0), let floor = row.position(at: 3),
                let tombFloor = row.revision(at: 6)
            else { return nil }
            return ReplicaMeta(
                position: position,
                floor: floor,
                tombFloor: tombFloor,
                live: row.integer(8),
                firstLogged: row.integer(9),
                nextLogged: row.integer(10),
                logBytes: row.integer(11)
            )
        }
        return rows.count == 1 ? rows[0] : nil
    }

    func write(_ meta: ReplicaMeta) throws(SQLiteError) {
        let sql = "INSERT OR REPLACE INTO meta VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        let numbers = [meta.live, meta.firstLogged, meta.nextLogged, meta.logBytes]
        try run(
            sql,
            meta.position.columns + meta.floor.columns + meta.tombFloor.columns
                + numbers.map { .integer($0) }
        )
    }

    func bucketSums() throws(SQLiteError) -> BucketSums {
        var sums = BucketSums()
        let rows = try query("SELECT number, count, high, low FROM bucket") { row in
            (Int(row.integer(0)), row.bucketSum(at: 1))
        }
        for (bucket, sum) in rows where sums.buckets.indices.contains(bucket) {
            sums[bucket] = sum
        }
        return sums
    }

    func write(_ sum: BucketSum, of bucket: Int) throws(SQLiteError) {
        let statement = try prepare("INSERT OR REPLACE INTO bucket VALUES (?, ?, ?, ?)")
        try statement.run {
            $0.put(bucket)
            $0.put(sum.count)
            $0.put(Int64(truncatingIfNeeded: sum.sum >> 64))
            $0.put(Int64(truncatingIfNeeded: sum.sum))
        }
    }

    /// The log's last batch: its number, and the position it led to.
    func lastLogged() throws(SQLiteError) -> (number: Int64, position: Position)? {
        let sql = "SELECT epoch, sequence, digest, number FROM log ORDER BY number DESC LIMIT 1"
        return try query(sql) { row -> (number: Int64, position: Position)? in
            row.position(at: 0).map { (row.integer(3), $0) }
        }.first ?? nil
    }

    /// Appends `batch` to the log; answers how many bytes it takes there.
    func append(_ batch: ChangeBatch, number: Int64) throws(SQLiteError) -> Int64 {
        let bytes = BatchForm.bytes(batch.records)
        try run(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)",
            [.integer(number)] + batch.position.columns
                + [.integer(batch.madeAt.unixMilliseconds), .blob(bytes)]
        )
        return Int64(bytes.count)
    }

    /// What `object` has under `key`, but for the body.
    func stored(
        _ key: ObjectKey
    ) throws(SQLiteError) -> (number: Int64, isLive: Bool, digest: Digest)? {
        let sql = """
            SELECT tenant, kind, name, uid, version, epoch, sequence, deleted, NULL, digest,
                   created, updated, author, number
            FROM object WHERE tenant=? AND kind=? AND name=?
            """
        return try prepare(sql).first {
            $0.put(key.tenant)
            $0.put(key.kind.rawValue)
            $0.put(key.name)
        } row: { row in
            (row.integer(13), row.integer(7) == 0, RowForm.digest(of: row))
        }
    }

    /// Writes `record` into the row `number`, or into a new one.
    func write(_ record: ObjectRecord, over number: Int64?) throws(SQLiteError) {
        let sql =
            number == nil
            ? """
            INSERT INTO object(tenant, kind, name, uid, version, epoch, sequence, deleted, body,
                               digest, created, updated, author)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
            : """
            UPDATE object SET tenant=?, kind=?, name=?, uid=?, version=?, epoch=?, sequence=?,
                deleted=?, body=?, digest=?, created=?, updated=?, author=? WHERE number=?
            """
        try prepare(sql).run { binder in
            binder.put(record.key.tenant)
            binder.put(record.key.kind.rawValue)
            binder.put(record.key.name)
            binder.put(record.uid.text)
            binder.put(record.version.rawValue)
            binder.put(Int64(record.revision.epoch))
            binder.put(Int64(clamping: record.revision.sequence))
            binder.put(record.isDeleted ? 1 : 0)
            binder.put(blob: record.body[...])
            binder.put(blob: record.digest.bytes[...])
            binder.put(record.createdAt.unixMilliseconds)
            binder.put(record.updatedAt.unixMilliseconds)
            binder.put(record.author)
            if let number { binder.put(number) }
        }
    }

    /// Records by a condition on `object`, in the order it states.
    ///
    /// - Throws: An error whose code is `SQLITE_CORRUPT` if a row is no record.
    func records(
        where condition: String,
        _ values: [SQLValue]
    ) throws(SQLiteError) -> [ObjectRecord] {
        let sql = "SELECT \(RowForm.columns) FROM object WHERE \(condition)"
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
    func revision(at index: Int32) -> Revision? {
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

    func bucketSum(at index: Int32) -> BucketSum {
        let high = UInt128(UInt64(bitPattern: integer(index + 1)))
        return BucketSum(
            count: integer(index),
            sum: high << 64 | UInt128(UInt64(bitPattern: integer(index + 2)))
        )
    }

    var record: ObjectRecord? {
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
    var columns: [SQLValue] { revision.columns + [.blob(digest.bytes)] }
}

extension ObjectKey {
    var columns: [SQLValue] { [.text(tenant), .text(kind.rawValue), .text(name)] }
}
