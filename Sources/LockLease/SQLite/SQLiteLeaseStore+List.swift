// The list: commits, its history, and its state.

internal import SQLite
package import Vocabulary
internal import Sealing

extension SQLiteLeaseStore {
    package func commit(
        _ edits: [ObjectEdit],
        id: RequestID,
        author: String
    ) throws(StoreError) -> ChangeBatch {
        let file = try file()
        return try file.write { () throws(StoreError) in
            if let kept = try file.rememberedCommit(id) { return kept }
            let meta = try file.meta()
            guard !edits.isEmpty else {
                return ChangeBatch(previous: meta.head, position: meta.head, records: [])
            }
            let revision = Revision(epoch: meta.epoch, sequence: meta.head.revision.sequence + 1)
            let stamp = EditStamp(revision: revision, at: settings.clock(), author: author)
            var records: [ObjectRecord] = []
            for edit in edits {
                let current = try file.object(edit.key)
                let record = try stamp.apply(edit, to: current)
                try file.put(record, ordinal: records.count)
                if edit.key.kind == .job {
                    try file.putJob(edit, record, replacing: current, meta.fenceFloor)
                }
                records.append(record)
            }
            let batch = ChangeBatch(after: meta.head, revision: revision, records: records)
            try file.put(batch)
            var outcome = PackedBytes()
            outcome.put(Int64(clamping: revision.sequence))
            try file.remember(id, outcome, at: stamp.at)
            return batch
        }
    }

    package func object(_ key: ObjectKey) throws(StoreError) -> ObjectRecord? {
        try file().object(key)
    }

    package func changes(
        after revision: Revision,
        limit: Int
    ) throws(StoreError) -> [ChangeBatch] {
        let file = try file()
        return try file.read { () throws(StoreError) in
            let meta = try file.meta()
            let isOfThisHistory = revision == .zero || revision.epoch == meta.epoch
            guard isOfThisHistory, revision.sequence >= meta.floor.sequence else {
                throw .compacted(floor: meta.floor)
            }
            return try file.batches(
                where: "sequence>? ORDER BY sequence LIMIT ?",
                [.sequence(revision), .integer(bounded(limit))]
            )
        }
    }

    package func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) throws(StoreError) -> (records: [ObjectRecord], position: Position) {
        let file = try file()
        return try file.read { () throws(StoreError) in
            let records = try file.rows(
                """
                SELECT \(StoreSchema.objectColumns) FROM object
                WHERE (tenant, kind, name) > (?, ?, ?) ORDER BY tenant, kind, name LIMIT ?
                """,
                [
                    .text(key?.tenant ?? ""), .text(key?.kind.rawValue ?? ""),
                    .text(key?.name ?? ""), .integer(bounded(limit)),
                ]
            ) { ObjectRecord(row: $0) }
            return (try file.all(records, what: "an object"), try file.meta().head)
        }
    }

    /// `limit`, at least nothing and at most ``SQLiteStoreSettings/rowLimit``.
    func bounded(_ limit: Int) -> Int {
        min(max(0, limit), settings.rowLimit)
    }
}

extension ChangeBatch {
    /// The batch that takes the list from `previous` to `revision`.
    init(after previous: Position, revision: Revision, records: [ObjectRecord]) {
        let digest = ChainDigest.next(
            after: previous.digest,
            revision: revision,
            records: records
        )
        let position = Position(revision: revision, digest: digest)
        self.init(previous: previous, position: position, records: records)
    }
}

/// What all edits of one commit have in common.
struct EditStamp {
    let revision: Revision
    let at: Instant
    let author: String

    /// The state after `edit`.
    ///
    /// Versions count on over a deletion, so that no reader takes the new object for the old one;
    /// its uid is new. Deleting what is not there is a conflict.
    func apply(
        _ edit: ObjectEdit,
        to current: ObjectRecord?
    ) throws(StoreError) -> ObjectRecord {
        let living = current?.isDeleted == false ? current : nil
        let isExpected =
            switch edit.expecting {
            case .absent: living == nil
            case .version(let version): living?.version == version
            case .any: true
            }
        let body: [UInt8]? =
            switch edit.change {
            case .put(let body, gate: _): body
            case .delete: nil
            }
        guard isExpected, living != nil || body != nil else {
            throw .conflict(
                EditConflict(key: edit.key, expected: edit.expecting, current: living)
            )
        }
        return ObjectRecord(
            key: edit.key,
            uid: living?.uid ?? edit.uid,
            version: Version((current?.version.rawValue ?? 0) + 1),
            revision: revision,
            isDeleted: body == nil,
            body: body ?? [],
            digest: Hashing.digest(body ?? []),
            createdAt: living?.createdAt ?? at,
            updatedAt: at,
            author: author
        )
    }
}

extension StoreFile {
    fileprivate func rememberedCommit(_ id: RequestID) throws(StoreError) -> ChangeBatch? {
        guard var kept = try remembered(id), let sequence = kept.number() else { return nil }
        guard let batch = try batches(where: "sequence=?", [.integer(sequence)]).first else {
            throw .compacted(floor: try meta().floor)
        }
        return batch
    }

    fileprivate func put(_ record: ObjectRecord, ordinal: Int) throws(StoreError) {
        let columns = StoreSchema.objectColumns
        try run(
            "INSERT OR REPLACE INTO object(\(columns)) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
            record.values
        )
        try run(
            "INSERT INTO change(\(columns), ordinal) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            record.values + [.integer(ordinal)]
        )
    }

    fileprivate func put(_ batch: ChangeBatch) throws(StoreError) {
        let (previous, position) = (batch.previous, batch.position)
        try run(
            """
            INSERT INTO batch(sequence, epoch, digest, previous_epoch, previous_sequence,
            previous_digest) VALUES(?, ?, ?, ?, ?, ?)
            """,
            [
                .sequence(position.revision), .epoch(position.revision), .digest(position.digest),
                .epoch(previous.revision), .sequence(previous.revision), .digest(previous.digest),
            ]
        )
        try run(
            "UPDATE meta SET head_epoch=?, sequence=?, digest=?",
            [.epoch(position.revision), .sequence(position.revision), .digest(position.digest)]
        )
    }

    /// Brings the job's hot row in line with its new state.
    fileprivate func putJob(
        _ edit: ObjectEdit,
        _ record: ObjectRecord,
        replacing current: ObjectRecord?,
        _ fenceFloor: Fence
    ) throws(StoreError) {
        let before: JobCursor? =
            if let current { try cursor(of: current.uid) } else { nil }
        guard
            let after = JobCursor.after(edit, record, before: before, fenceFloor: fenceFloor)
        else { throw .corrupt("\(path): \(edit.key) is listed and has no cursor") }
        if after.isDeleted {
            let uid: [SQLValue] = [.text(after.uid.text)]
            if try run("DELETE FROM pending WHERE uid=?", uid) > 0 { moveTriggers() }
        } else if try hasPending(after.uid) {
            moveTriggers()
        }
        let marks = after.values.map { _ in "?" }.joined(separator: ",")
        let verb = after.uid == before?.uid ? "REPLACE" : "INSERT"
        try run("\(verb) INTO cursor(\(JobCursor.columns)) VALUES(\(marks))", after.values)
    }

    fileprivate func batches(
        where condition: String,
        _ values: [SQLValue]
    ) throws(StoreError) -> [ChangeBatch] {
        let sql = """
            SELECT previous_epoch, previous_sequence, previous_digest, epoch, sequence, digest
            FROM batch WHERE \(condition)
            """
        let found = try rows(sql, values) { row -> ChangeBatch? in
            var columns = ColumnReader()
            let before = columns.revision(row)
            guard let beforeDigest = columns.digest(row) else { return nil }
            let revision = columns.revision(row)
            guard let digest = columns.digest(row) else { return nil }
            return ChangeBatch(
                previous: Position(revision: before, digest: beforeDigest),
                position: Position(revision: revision, digest: digest),
                records: []
            )
        }
        var batches = try all(found, what: "a commit")
        for index in batches.indices {
            let records = try rows(
                "SELECT \(StoreSchema.objectColumns) FROM change WHERE sequence=? ORDER BY ordinal",
                [.sequence(batches[index].position.revision)]
            ) { ObjectRecord(row: $0) }
            batches[index].records = try all(records, what: "a change")
        }
        return batches
    }
}

extension JobCursor {
    /// The hot row after an edit of its job.
    ///
    /// A new job's cursor stands at its commit: nothing before it was ever due. Its fences go on
    /// from those of whoever had its name before. `nil`: a deleted job has no hot row, which a
    /// sound store never shows.
    static func after(
        _ edit: ObjectEdit,
        _ record: ObjectRecord,
        before: Self?,
        fenceFloor: Fence
    ) -> Self? {
        switch edit.change {
        case .delete:
            guard var cursor = before else { return nil }
            cursor.revision = record.revision
            cursor.deletedAt = record.updatedAt
            return cursor
        case .put(body: _, let gate):
            guard let gate else { preconditionFailure("job \(edit.key) was put without a gate") }
            let living = before?.uid == record.uid ? before : nil
            return Self(
                uid: record.uid,
                name: record.key,
                revision: record.revision,
                gate: gate,
                digest: record.digest,
                at: living?.at ?? record.createdAt,
                fence: living?.fence ?? max(fenceFloor, before?.fence ?? fenceFloor),
                open: living?.open ?? 0,
                deletedAt: nil
            )
        }
    }
}
