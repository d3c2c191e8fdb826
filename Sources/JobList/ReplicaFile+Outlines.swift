// What the scheduler's index needs of each job, as columns beside the documents.

internal import SQLite
internal import Sealing
internal import Vocabulary

/// Outlines by number while many rows are entered, so that each is looked up in memory.
struct OutlineCounts {
    /// More would take too much memory; what is forgotten may get a second number.
    private static let limit = 100_000

    private var numbers: [Digest: (number: Int64, users: Int64)] = [:]

    /// The number of an outline for one more user.
    mutating func take(
        _ bytes: [UInt8],
        in connection: Connection
    ) throws(SQLiteError) -> Int64 {
        let digest = Hashing.digest(bytes)
        if let known = numbers[digest] {
            numbers[digest] = (known.number, known.users + 1)
            return known.number
        }
        if numbers.count >= Self.limit { try write(to: connection) }
        let number = try connection.addOutline(bytes, digest)
        numbers[digest] = (number, 1)
        return number
    }

    /// Writes how many users each has, and forgets them.
    mutating func write(to connection: Connection) throws(SQLiteError) {
        let statement = try connection.prepare("UPDATE outline SET users=? WHERE number=?")
        for (number, users) in numbers.values where users != 1 {
            try statement.run {
                $0.put(users)
                $0.put(number)
            }
        }
        numbers = [:]
    }
}

extension Connection {
    /// Brings the entry of the object in row `number` in step with `record`.
    ///
    /// `isNew`: There was no such row before.
    func enter(_ record: ObjectRecord, in number: Int64, isNew: Bool) throws(SQLiteError) {
        guard record.key.kind == .job else { return }
        let old = isNew ? nil : try outline(of: number)
        guard !record.isDeleted else {
            try run("DELETE FROM entry WHERE number=?", [.integer(number)])
            if let old { try releaseOutline(old) }
            return
        }
        var outline: Int64?
        if let bytes = OutlineForm.bytes(of: record.body[...], in: record.key.tenant) {
            outline = try takeOutline(bytes)
        }
        try writeEntry(
            number,
            uid: record.uid,
            outline: outline,
            revision: record.revision,
            created: record.createdAt.unixMilliseconds
        )
        // Given back last, so that an outline that stays is not made anew.
        if let old { try releaseOutline(old) }
    }

    /// Removes the entry of the object in row `number`.
    func removeEntry(_ number: Int64) throws(SQLiteError) {
        let old = try outline(of: number)
        try run("DELETE FROM entry WHERE number=?", [.integer(number)])
        if let old { try releaseOutline(old) }
    }

    /// `outline`: `nil` for a job that this release cannot read.
    func writeEntry(
        _ number: Int64,
        uid: UID,
        outline: Int64?,
        revision: Revision,
        created: Int64
    ) throws(SQLiteError) {
        let bits = UIDBits(uid)
        let sql = "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        try prepare(sql).run { binder in
            binder.put(number)
            binder.put(Int64(bitPattern: bits?.high ?? 0))
            binder.put(Int64(bitPattern: bits?.low ?? 0))
            binder.put(.optional(bits == nil ? uid.text : nil))
            binder.put(.optional(outline))
            binder.put(Int64(revision.epoch))
            binder.put(Int64(clamping: revision.sequence))
            binder.put(created)
        }
    }

    /// Makes the columns for a file that has none, from its documents.
    func enterAll() throws(SQLiteError) {
        let objects = try prepare(
            """
            SELECT number, tenant, uid, epoch, sequence, created, body FROM object
            WHERE kind='job' AND deleted=0
            """
        )
        defer { objects.reset() }
        var counts = OutlineCounts()
        while try objects.step() {
            let row = objects.row
            guard let revision = row.revision(at: 3) else { continue }
            var outline: Int64?
            if let bytes = OutlineForm.bytes(of: row.blob(6)[...], in: row.text(1)) {
                outline = try counts.take(bytes, in: self)
            }
            try writeEntry(
                row.integer(0),
                uid: UID(row.text(2)),
                outline: outline,
                revision: revision,
                created: row.integer(5)
            )
        }
        try counts.write(to: self)
    }

    fileprivate func addOutline(_ bytes: [UInt8], _ digest: Digest) throws(SQLiteError) -> Int64 {
        let sql = "INSERT INTO outline(digest, users, body) VALUES (?, 1, ?)"
        try prepare(sql).run {
            $0.put(blob: digest.bytes[...])
            $0.put(blob: bytes[...])
        }
        return lastInsertedRow
    }

    private func outline(of number: Int64) throws(SQLiteError) -> Int64? {
        try prepare("SELECT outline FROM entry WHERE number=?").first {
            $0.put(number)
        } row: {
            $0.optionalInteger(0)
        } ?? nil
    }

    private func takeOutline(_ bytes: [UInt8]) throws(SQLiteError) -> Int64 {
        let digest = Hashing.digest(bytes)
        let known = try prepare("SELECT number FROM outline WHERE digest=?").first {
            $0.put(blob: digest.bytes[...])
        } row: {
            $0.integer(0)
        }
        guard let known else { return try addOutline(bytes, digest) }
        try run("UPDATE outline SET users=users+1 WHERE number=?", [.integer(known)])
        return known
    }

    private func releaseOutline(_ number: Int64) throws(SQLiteError) {
        try run("UPDATE outline SET users=users-1 WHERE number=?", [.integer(number)])
        try run("DELETE FROM outline WHERE number=? AND users<=0", [.integer(number)])
    }
}
