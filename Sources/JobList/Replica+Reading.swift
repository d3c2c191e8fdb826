// Reading the copy of the list: one object, pages of objects, pages of history.

package import Gossip
internal import LockLease
internal import SQLite
internal import Sealing
package import Vocabulary

extension Replica {
    /// The object called `key`; `nil` if there is none or it is deleted.
    package nonisolated func record(
        _ key: ObjectKey
    ) async throws(ReplicaError) -> ObjectRecord? {
        try await reading { connection throws(SQLiteError) in
            try connection.records(
                where: "tenant=? AND kind=? AND name=? AND deleted=0",
                key.columns
            ).first
        }
    }

    /// The object whose uid is `uid`; `nil` if there is none or it is deleted.
    package nonisolated func record(uid: UID) async throws(ReplicaError) -> ObjectRecord? {
        try await reading { connection throws(SQLiteError) in
            try connection.records(where: "uid=? AND deleted=0", [.text(uid.text)]).first
        }
    }

    /// Objects of one kind that are not deleted, in key order after `key`; empty at the end.
    ///
    /// A page holds at most `limit` objects and about ``ReplicaSettings/pageBytes``, so a page that
    /// is shorter than `limit` is not yet the last. Tenant `nil` stands for every tenant's,
    /// ordered by tenant, then name.
    package nonisolated func records(
        kind: ObjectKind,
        tenant: String?,
        after key: ObjectKey?,
        limit: Int
    ) async throws(ReplicaError) -> [ObjectRecord] {
        let word = SQLValue.text(kind.rawValue)
        guard let tenant else {
            let start = key ?? ObjectKey(tenant: "", kind: kind, name: "")
            return try await page(
                where: "(tenant, kind, name)>(?, ?, ?) AND kind=? AND deleted=0",
                start.columns + [word],
                limit: limit
            ).records
        }
        // A key of another tenant or kind lies wholly before or wholly behind this tenant's page.
        let first = ObjectKey(tenant: tenant, kind: kind, name: "")
        if let key, key.tenant != tenant || key.kind != kind, key > first { return [] }
        let name = key.map { $0 > first ? $0.name : "" } ?? ""
        return try await page(
            where: "tenant=? AND kind=? AND name>? AND deleted=0",
            [.text(tenant), word, .text(name)],
            limit: limit
        ).records
    }

    /// How many objects of one kind and tenant are not deleted.
    package nonisolated func count(
        kind: ObjectKind,
        tenant: String
    ) async throws(ReplicaError) -> Int {
        try await reading { connection throws(SQLiteError) in
            let sql = "SELECT count(*) FROM object WHERE tenant=? AND kind=? AND deleted=0"
            return Int(try connection.integer(sql, [.text(tenant), .text(kind.rawValue)]))
        }
    }

    package nonisolated func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) async throws(ReplicaError) -> (records: [ObjectRecord], position: Position) {
        try await page(
            where: "(tenant, kind, name)>(?, ?, ?)",
            key?.columns ?? [.text(""), .text(""), .text("")],
            limit: limit
        )
    }

    package nonisolated func chunk(
        after key: ObjectKey?,
        limit: Int
    ) async throws(ReplicaError) -> (chunk: SnapshotChunk, lastKey: ObjectKey?) {
        let pageBytes = settings.pageBytes
        return try await reading { connection throws(SQLiteError) in
            let meta = try connection.soundMeta()
            let sql = """
                SELECT \(RowForm.columns) FROM object WHERE (tenant, kind, name)>(?, ?, ?)
                ORDER BY tenant, kind, name LIMIT ?
                """
            let start = key?.columns ?? [.text(""), .text(""), .text("")]
            let statement = try connection.prepare(sql)
            defer { statement.reset() }
            try statement.bind(start + [.integer(max(1, limit))])
            var (rows, head): ([UInt8], [UInt8]) = ([], [])
            rows.reserveCapacity(limit * 512)
            var (count, last) = (0, 0)
            while rows.count < pageBytes, try statement.step() {
                last = rows.count
                RowForm.append(statement.row, to: &rows, by: &head)
                count += 1
            }
            let chunk = SnapshotChunk(
                position: meta.position,
                tombFloor: meta.tombFloor,
                count: count,
                // There may be no more; then the next chunk says so, without rows.
                isLast: count == 0,
                digest: Hashing.digest(rows),
                rows: rows
            )
            return (chunk, RawRow(rows, at: &last)?.key(in: rows))
        }
    }

    package nonisolated func changes(
        after revision: Revision,
        limit: Int
    ) async throws(ReplicaError) -> [ChangeBatch] {
        let pageBytes = settings.pageBytes
        if let known = recent.changes(after: revision, limit: limit, bytes: pageBytes) {
            return known
        }
        let (found, floor) = try await reading {
            connection throws(SQLiteError) -> ([ChangeBatch]?, Revision) in
            let meta = try connection.soundMeta()
            let floor = meta.floor.revision
            if revision >= meta.position.revision { return ([], floor) }
            var start = (position: meta.floor, number: meta.firstLogged)
            if revision != floor {
                guard let logged = try connection.logged(revision) else { return (nil, floor) }
                start = (logged.position, logged.number + 1)
            }
            let sizes = try connection.query(
                "SELECT length(records) FROM log WHERE number>=? ORDER BY number LIMIT ?",
                [.integer(start.number), .integer(max(0, limit))]
            ) { $0.integer(0) }
            let count = Int64(sizes.prefixCount(within: pageBytes))
            let batches = try connection.batches(
                start.number..<start.number + count,
                after: start.position
            )
            return (batches, floor)
        }
        guard let found else { throw .compacted(floor: floor) }
        return found
    }

    /// The newest state of everything that changed after `revision`, tombstones included, in the
    /// order of those changes; about `limit` records, all of a revision or none of it.
    ///
    /// - Throws: ``ReplicaError/compacted(floor:)`` below the floor of tombstones: a deletion might
    ///   be missing.
    nonisolated func latest(
        after revision: Revision,
        limit: Int
    ) async throws(ReplicaError) -> (records: [ObjectRecord], position: Position) {
        let (found, meta) = try await reading {
            connection throws(SQLiteError) -> ([ObjectRecord]?, ReplicaMeta) in
            let meta = try connection.soundMeta()
            guard revision >= meta.tombFloor else { return (nil, meta) }
            let ends = try connection.query(
                """
                SELECT epoch, sequence FROM object WHERE (epoch, sequence)>(?, ?)
                ORDER BY epoch, sequence LIMIT ?
                """,
                revision.columns + [.integer(max(1, limit))]
            ) { $0.revision(at: 0) }
            guard let end = ends.last ?? nil else { return ([], meta) }
            let records = try connection.records(
                where: """
                    (epoch, sequence)>(?, ?) AND (epoch, sequence)<=(?, ?)
                    ORDER BY epoch, sequence, tenant, kind, name
                    """,
                revision.columns + end.columns
            )
            return (records, meta)
        }
        guard let found else { throw .compacted(floor: meta.tombFloor) }
        return (found, meta.position)
    }

    /// What this copy's history says about `revision`, which may be any.
    nonisolated func place(of revision: Revision) async throws(ReplicaError) -> FeedPlace {
        try await reading { connection throws(SQLiteError) in
            let meta = try connection.soundMeta()
            let (head, floor) = (meta.position.revision, meta.floor.revision)
            var isKnown = [head, floor].contains(revision)
            if !isKnown { isKnown = try connection.logged(revision) != nil }
            return FeedPlace(
                head: head,
                floor: floor,
                tombFloor: meta.tombFloor,
                isKnown: isKnown
            )
        }
    }

    /// Records in key order: at most `limit`, and within the page's bytes.
    private nonisolated func page(
        where condition: String,
        _ values: [SQLValue],
        limit: Int
    ) async throws(ReplicaError) -> (records: [ObjectRecord], position: Position) {
        let ordered = "\(condition) ORDER BY tenant, kind, name LIMIT ?"
        let pageBytes = settings.pageBytes
        return try await reading { connection throws(SQLiteError) in
            let sizes = try connection.query(
                "SELECT length(body) FROM object WHERE \(ordered)",
                values + [.integer(max(0, limit))]
            ) { $0.integer(0) }
            let count = sizes.prefixCount(within: pageBytes)
            let records = try connection.records(
                where: ordered,
                values + [.integer(count)]
            )
            return (records, try connection.soundMeta().position)
        }
    }

    /// Reads beside the writer; what turns out to be damaged is replaced by a fresh file.
    nonisolated func reading<Result: Sendable>(
        _ work: @Sendable (Connection) throws(SQLiteError) -> Result
    ) async throws(ReplicaError) -> Result {
        if recent.isWaiting { try await settle() }
        let generation = reader.generation.current
        do throws(ReplicaError) {
            return try await reader.read(work)
        } catch {
            if case .corrupt = error { try await noticeDamage(in: generation) }
            throw error
        }
    }
}

/// How a revision lies to one copy's history.
struct FeedPlace: Equatable, Sendable {
    let head: Revision
    let floor: Revision
    let tombFloor: Revision
    /// Whether it is certain to be part of this history.
    let isKnown: Bool
}

extension Connection {
    /// The replica's state; a file without one is no replica.
    func soundMeta() throws(SQLiteError) -> ReplicaMeta {
        guard let meta = try meta() else {
            throw SQLiteError(code: SQLiteError.corrupt, message: "there is no meta row", sql: "")
        }
        return meta
    }

    /// Where the log has `revision`.
    func logged(
        _ revision: Revision
    ) throws(SQLiteError) -> (number: Int64, position: Position)? {
        try query(
            "SELECT number, epoch, sequence, digest FROM log WHERE epoch=? AND sequence=?",
            revision.columns
        ) { row -> (number: Int64, position: Position)? in
            row.position(at: 1).map { (row.integer(0), $0) }
        }.first ?? nil
    }
}

extension [Int64] {
    /// How many leading sizes fit into `bytes`; the first always does.
    fileprivate func prefixCount(within bytes: Int) -> Int {
        var sum: Int64 = 0
        for (index, size) in enumerated() {
            sum += size + 256
            if index > 0, sum > bytes { return index }
        }
        return count
    }
}
