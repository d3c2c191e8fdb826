// The list: commits, its history, and its state.

internal import Postgres
package import Vocabulary

extension PostgresLeaseStore {
    package func commit(
        _ edits: [ObjectEdit],
        id: RequestID,
        author: String
    ) throws(StoreError) -> ChangeBatch {
        let deadline = link.deadline()
        let call = WriteCall(counter: .store) { model, now throws(StoreError) in
            try model.commit(edits, id: id, author: author, at: now)
        }
        return try write(call, until: deadline) { _ throws(LinkFailure) in
            try loadCommit(edits, id, deadline)
        }
    }

    private static let state = """
        SELECT \(SliceQuery.clock(2)), r.outcome, m.head_epoch, m.sequence, m.digest, m.epoch,
        m.floor, m.fence_floor FROM meta AS m LEFT JOIN request AS r ON r.id=$1
        """
    private static let named = """
        (SELECT o.uid FROM object AS o JOIN unnest($1::text[], $2::text[], $3::text[])
        AS v(tenant, kind, name) USING (tenant, kind, name) WHERE kind='job')
        """
    private static let objects = """
        SELECT \(ObjectRecord.postgresColumns.names()) FROM object
        JOIN unnest($1::text[], $2::text[], $3::text[]) AS v(tenant, kind, name)
        USING (tenant, kind, name)
        """

    private func loadCommit(
        _ edits: [ObjectEdit],
        _ id: RequestID,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let named = Set(edits.map(\.key)).sorted()
        let keys: [Parameter] = [
            .texts(named.map(\.tenant)), .texts(named.map(\.kind.rawValue)),
            .texts(named.map(\.name)),
        ]
        let answers = try link.round(
            [
                ServerLink.begin,
                Step(SliceQuery.lockList, [lockSpace]),
                Step(Self.state, [.text(id.text), clock]),
                Step(Self.objects, keys),
                Step(SliceQuery.cursors(where: "uid IN \(Self.named)", .locking), keys),
                Step(SliceQuery.triggers(where: "uid IN \(Self.named)"), keys),
            ],
            until: deadline
        )
        var slice = try link.decoding { () throws(StoreError) in
            guard var slice = try answers[2].first("the store", { self.slice(&$0) }) else {
                throw .corrupt("\(link.url.address) has lost the store's own row")
            }
            try slice.addObjects(answers[3])
            try slice.addJobs(answers[4])
            try slice.addTriggers(answers[5])
            return slice
        }
        guard let memory = answers[2].first?.bytes(1) else { return slice }
        var reader = PackedReader(memory)
        let sequence = reader.number() ?? -1
        let rows = try link.round(Self.batches(after: sequence - 1, limit: 1), until: deadline)
        slice.model.batches = try link.decoding { () throws(StoreError) in
            try Self.batches(rows[0], rows[1])
        }
        slice.model.requests[id] = .commit(UInt64(clamping: sequence))
        slice.isRepeated = true
        return slice
    }

    /// The store's own row as the start of a slice.
    private func slice(_ columns: inout RowReader) -> Slice? {
        var slice = Slice(settings: settings)
        slice.now = columns.instant()
        _ = columns.optionalBytes()
        let revision = columns.revision()
        slice.model.head = Position(revision: revision, digest: columns.digest())
        slice.model.epoch = UInt32(clamping: columns.integer())
        slice.model.floor = UInt64(clamping: columns.integer())
        slice.model.counters.fenceFloor = Fence(columns.integer())
        return slice
    }

    package func object(_ key: ObjectKey) throws(StoreError) -> ObjectRecord? {
        let sql = """
            SELECT \(ObjectRecord.postgresColumns.names()) FROM object
            WHERE tenant=$1 AND kind=$2 AND name=$3
            """
        return try link.read(sql, [.text(key.tenant), .text(key.kind.rawValue), .text(key.name)])
            .first("\(key)") { ObjectRecord(&$0) }
    }

    package func changes(
        after revision: Revision,
        limit: Int
    ) throws(StoreError) -> [ChangeBatch] {
        let sequence = Int64(clamping: revision.sequence)
        let answers = try link.read(
            [Step("SELECT epoch, floor FROM meta")]
                + Self.batches(after: sequence, limit: bounded(limit))
        )
        let floor = try answers[0].first("the store") { $0.revision() } ?? .zero
        let isOfThisHistory = revision == .zero || revision.epoch == floor.epoch
        guard isOfThisHistory, revision.sequence >= floor.sequence else {
            throw .compacted(floor: floor)
        }
        return try Self.batches(answers[1], answers[2])
    }

    private static func batches(after sequence: Int64, limit: Int64) -> [Step] {
        let values: [Parameter] = [.integer(sequence), .integer(limit)]
        return [
            Step(
                """
                SELECT previous_epoch, previous_sequence, previous_digest, epoch, sequence, digest
                FROM batch WHERE sequence>$1 ORDER BY sequence LIMIT $2
                """,
                values
            ),
            Step(
                """
                SELECT \(ObjectRecord.postgresColumns.names()) FROM change WHERE sequence>$1
                AND sequence<=(SELECT max(sequence) FROM (SELECT sequence FROM batch
                    WHERE sequence>$1 ORDER BY sequence LIMIT $2) AS page)
                ORDER BY sequence, ordinal
                """,
                values
            ),
        ]
    }

    private static func batches(
        _ batches: Rows,
        _ records: Rows
    ) throws(StoreError) -> [ChangeBatch] {
        let changed = Dictionary(
            grouping: try records.all("a change") { ObjectRecord(&$0) },
            by: \.revision
        )
        return try batches.all("a commit") { columns in
            let before = columns.revision()
            let previous = Position(revision: before, digest: columns.digest())
            let revision = columns.revision()
            return ChangeBatch(
                previous: previous,
                position: Position(revision: revision, digest: columns.digest()),
                records: changed[revision] ?? []
            )
        }
    }

    package func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) throws(StoreError) -> (records: [ObjectRecord], position: Position) {
        let page = """
            SELECT \(ObjectRecord.postgresColumns.names()) FROM object
            WHERE (tenant, kind, name) > ($1, $2, $3) ORDER BY tenant, kind, name LIMIT $4
            """
        let answers = try link.read([
            Step(
                page,
                [
                    .text(key?.tenant ?? ""), .text(key?.kind.rawValue ?? ""),
                    .text(key?.name ?? ""), .integer(bounded(limit)),
                ]
            ),
            Step("SELECT head_epoch, sequence, digest FROM meta"),
        ])
        let position = try answers[1].first("the store") { columns in
            let revision = columns.revision()
            return Position(revision: revision, digest: columns.digest())
        }
        return (try answers[0].all("an object") { ObjectRecord(&$0) }, position ?? .start)
    }

    /// `limit`, at least nothing and at most ``PostgresStoreSettings/rowLimit``.
    func bounded(_ limit: Int) -> Int64 {
        Int64(min(max(0, limit), settings.rowLimit))
    }
}
