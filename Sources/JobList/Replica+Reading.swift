// Reading the copy of the list: one object, pages of objects, pages of history.

internal import LockLease
internal import SQLite
package import Vocabulary

extension Replica {
    /// The object called `key`; `nil` if there is none or it is deleted.
    package func record(_ key: ObjectKey) throws(ReplicaError) -> ObjectRecord? {
        try attempt { file throws(SQLiteError) in
            try file.connection.records(
                where: "tenant=? AND kind=? AND name=? AND deleted=0",
                key.columns
            ).first
        }
    }

    /// The object whose uid is `uid`; `nil` if there is none or it is deleted.
    package func record(uid: UID) throws(ReplicaError) -> ObjectRecord? {
        try attempt { file throws(SQLiteError) in
            try file.connection.records(where: "uid=? AND deleted=0", [.text(uid.text)]).first
        }
    }

    /// Objects of one kind that are not deleted, in key order after `key`; empty at the end.
    ///
    /// A page holds at most `limit` objects and about ``ReplicaSettings/pageBytes``, so a page that
    /// is shorter than `limit` is not yet the last. Tenant `nil` stands for every tenant's,
    /// ordered by tenant, then name.
    package func records(
        kind: ObjectKind,
        tenant: String?,
        after key: ObjectKey?,
        limit: Int
    ) throws(ReplicaError) -> [ObjectRecord] {
        let word = SQLValue.text(kind.rawValue)
        guard let tenant else {
            let start = key ?? ObjectKey(tenant: "", kind: kind, name: "")
            return try page(
                where: "(tenant, kind, name)>(?, ?, ?) AND kind=? AND deleted=0",
                start.columns + [word],
                limit: limit
            )
        }
        // A key of another tenant or kind lies wholly before or wholly behind this tenant's page.
        let first = ObjectKey(tenant: tenant, kind: kind, name: "")
        if let key, key.tenant != tenant || key.kind != kind, key > first { return [] }
        let name = key.map { $0 > first ? $0.name : "" } ?? ""
        return try page(
            where: "tenant=? AND kind=? AND name>? AND deleted=0",
            [.text(tenant), word, .text(name)],
            limit: limit
        )
    }

    /// How many objects of one kind and tenant are not deleted.
    package func count(kind: ObjectKind, tenant: String) throws(ReplicaError) -> Int {
        try attempt { file throws(SQLiteError) in
            try file.connection.query(
                "SELECT count(*) FROM object WHERE tenant=? AND kind=? AND deleted=0",
                [.text(tenant), .text(kind.rawValue)]
            ) { $0.integer(0) }
        }.first.map(Int.init) ?? 0
    }

    package func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) throws(ReplicaError) -> (records: [ObjectRecord], position: Position) {
        let records = try page(
            where: "(tenant, kind, name)>(?, ?, ?)",
            key?.columns ?? [.text(""), .text(""), .text("")],
            limit: limit
        )
        return (records, position())
    }

    package func changes(
        after revision: Revision,
        limit: Int
    ) throws(ReplicaError) -> [ChangeBatch] {
        let pageBytes = settings.pageBytes
        let found = try attempt { file throws(SQLiteError) -> [ChangeBatch]? in
            let meta = file.meta
            if revision >= meta.position.revision { return [] }
            var start = (position: meta.floor, number: meta.firstLogged)
            if revision != meta.floor.revision {
                guard let logged = try file.connection.logged(revision) else { return nil }
                start = (logged.position, logged.number + 1)
            }
            let sizes = try file.connection.query(
                "SELECT length(records) FROM log WHERE number>=? ORDER BY number LIMIT ?",
                [.integer(start.number), .integer(max(0, limit))]
            ) { $0.integer(0) }
            let count = Int64(sizes.prefixCount(within: pageBytes))
            return try file.connection.batches(
                start.number..<start.number + count,
                after: start.position
            )
        }
        guard let found else { throw .compacted(floor: floor) }
        return found
    }

    /// Records in key order: at most `limit`, and within the page's bytes.
    private func page(
        where condition: String,
        _ values: [SQLValue],
        limit: Int
    ) throws(ReplicaError) -> [ObjectRecord] {
        let ordered = "\(condition) ORDER BY tenant, kind, name LIMIT ?"
        let pageBytes = settings.pageBytes
        return try attempt { file throws(SQLiteError) in
            let sizes = try file.connection.query(
                "SELECT length(body) FROM object WHERE \(ordered)",
                values + [.integer(max(0, limit))]
            ) { $0.integer(0) }
            let count = sizes.prefixCount(within: pageBytes)
            return try file.connection.records(where: ordered, values + [.integer(count)])
        }
    }
}

extension Connection {
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
