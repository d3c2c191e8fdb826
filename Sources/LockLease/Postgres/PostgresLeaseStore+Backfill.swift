// Backfills in PostgreSQL.

internal import Postgres
package import Vocabulary

extension PostgresLeaseStore {
    package func backfill(
        _ order: BackfillOrder,
        id: RequestID,
        author: String
    ) throws(StoreError) -> [BackfillVerdict] {
        order.check()
        let deadline = link.deadline()
        let call = WriteCall(counter: .store) { model, now throws(StoreError) in
            try model.backfill(order, id: id, author: author, at: now)
        }
        return try write(call, until: deadline) { _ throws(LinkFailure) in
            try loadBackfill(order, id, deadline)
        }
    }

    private func loadBackfill(
        _ order: BackfillOrder,
        _ id: RequestID,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let job = order.job
        let key: [Parameter] = [.text(job.tenant), .text(job.kind.rawValue), .text(job.name)]
        let named = "(SELECT uid FROM object WHERE tenant=$1 AND kind=$2 AND name=$3)"
        let bounds: [Parameter] = [
            .instant(order.instants.first ?? .epoch), .instant(order.instants.last ?? .epoch),
        ]
        let within = "uid=\(named) AND instant BETWEEN $4 AND $5"
        // Open runs before closed ones: what ends in between is seen twice rather than not at all.
        let answers = try link.round(
            [
                ServerLink.begin,
                Step(SliceQuery.shareList, [lockSpace]),
                Step(
                    """
                    SELECT \(SliceQuery.clock(2)), (SELECT outcome FROM request WHERE id=$1)
                    """,
                    [.text(id.text), clock]
                ),
                Step(
                    """
                    SELECT \(ObjectRecord.postgresColumns.names()) FROM object
                    WHERE tenant=$1 AND kind=$2 AND name=$3
                    """,
                    key
                ),
                Step(SliceQuery.cursors(where: "uid=\(named)", .locking), key),
                Step(SliceQuery.openRuns(where: within), key + bounds),
                Step(
                    """
                    SELECT \(StoredRun.postgresColumns.names()) FROM closed_run WHERE \(within)
                    """,
                    key + bounds
                ),
                Step(SliceQuery.triggers(where: within), key + bounds),
                Step(
                    """
                    SELECT uid, since, through, count, reason FROM skip
                    WHERE uid=\(named) AND through>=$4 AND since<$5
                    """,
                    key + bounds
                ),
            ],
            until: deadline
        )
        return try link.decoding { () throws(StoreError) in
            var slice = Slice(settings: settings)
            slice.setClock(answers[2])
            try slice.addObjects(answers[3])
            try slice.addJobs(answers[4])
            for rows in answers[5...6] { try slice.addRuns(rows) }
            try slice.addTriggers(answers[7])
            try slice.addSkips(answers[8])
            guard let memory = answers[2].first?.bytes(1) else { return slice }
            var reader = PackedReader(memory)
            guard let kept = reader.backfill(of: order) else {
                throw .unavailable("request \(id) was used for something else before")
            }
            slice.model.requests[id] = .backfill(kept)
            slice.isRepeated = true
            return slice
        }
    }
}

extension Slice {
    /// Skips that a call looks at and leaves as they are, so that their age does not matter.
    fileprivate mutating func addSkips(_ rows: Rows) throws(StoreError) {
        let skips = try rows.all("a skip") { columns -> (UID, SkipRange)? in
            let uid = UID(columns.text())
            return SkipRange(&columns).map { (uid, $0) }
        }
        for (uid, range) in skips {
            model.jobs[uid]?.skips[range.through] = StoredSkip(range: range, at: .epoch)
        }
    }
}
