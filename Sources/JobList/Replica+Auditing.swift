// Comparing the copy with others' and with what the disk has made of it.

package import Gossip
internal import LockLease
internal import SQLite
internal import Sealing
internal import Synchronization
package import Vocabulary

extension Replica: AuditedList {
    /// More would be another list rather than a damaged one.
    static let markLimit = 200_000

    package func audit() -> (position: Position, sums: BucketSums) {
        // Sums that are behind belong to no position.
        guard (try? settle()) != nil else { return (.start, file.sums) }
        return (file.meta.position, file.sums)
    }

    package nonisolated func marks(
        in buckets: [Int]
    ) async throws(ReplicaError) -> (marks: [RowMark], position: Position) {
        let wanted = Set(buckets)
        return try await reading { connection throws(SQLiteError) in
            let position = try connection.soundMeta().position
            let sql = """
                SELECT \(RowForm.columns) FROM object WHERE deleted=0
                ORDER BY tenant, kind, name
                """
            let statement = try connection.prepare(sql)
            defer { statement.reset() }
            var marks: [RowMark] = []
            while try statement.step(), marks.count < Self.markLimit {
                guard let record = statement.row.record,
                    wanted.contains(BucketSums.bucket(of: record.key))
                else { continue }
                marks.append(
                    RowMark(
                        key: record.key,
                        revision: record.revision,
                        digest: RowForm.digest(of: record)
                    )
                )
            }
            return (marks, position)
        }
    }

    package func mend(
        _ rows: [(key: ObjectKey, record: ObjectRecord?)]
    ) throws(ReplicaError) -> [ObjectKey] {
        for row in rows {
            if let record = row.record, let why = ChainRule.flaw(in: record) {
                throw .refused(why)
            }
        }
        var mended: [ObjectKey] = []
        try write { file, meta throws(SQLiteError) in
            var meta = meta
            for (key, record) in rows {
                let old = try file.connection.records(
                    where: "tenant=? AND kind=? AND name=?",
                    key.columns
                ).first
                guard old != record, record.map({ $0.revision <= meta.position.revision }) ?? true
                else { continue }
                if let record {
                    meta.live += try file.put(record)
                } else {
                    meta.live += try file.remove(key)
                }
                mended.append(key)
            }
            return meta
        }
        guard !mended.isEmpty else { return [] }
        // Readers have seen what was there before, and no revision tells them.
        mendCount.withLock { $0 += 1 }
        announce()
        return mended
    }

    package func scrub(limit: Int) throws(ReplicaError) -> ScrubReport? {
        try settle()
        var pass = file.scrub ?? ScrubPass()
        let records = try attempt { file throws(SQLiteError) in
            try file.connection.records(
                where: "(tenant, kind, name)>(?, ?, ?) ORDER BY tenant, kind, name LIMIT ?",
                (pass.lastKey?.columns ?? [.text(""), .text(""), .text("")]) + [.integer(limit)]
            )
        }
        for record in records {
            pass.lastKey = record.key
            if ChainDigest.digest(ofBody: record.body) != record.digest {
                pass.damaged.append(record.key)
            }
            guard !record.isDeleted else { continue }
            pass.count(BucketSums.bucket(of: record.key)) { $0.add(RowForm.digest(of: record)) }
        }
        guard records.count < limit else {
            file.scrub = pass
            return nil
        }
        file.scrub = nil
        let changed = file.sums.differences(from: pass.sums)
        if !changed.isEmpty {
            // From here on the sums say what the disk has; comparing with others finds the rows.
            try write { file, meta throws(SQLiteError) in
                for bucket in changed { file.set(bucket, to: pass.sums[bucket]) }
                return meta
            }
        }
        return ScrubReport(damaged: pass.damaged, changedBuckets: changed)
    }
}
