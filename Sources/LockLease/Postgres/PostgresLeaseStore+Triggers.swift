// Triggers and kills: runs by hand, what waits to be claimed, and orders to end runs.

internal import Postgres
package import Vocabulary

extension PostgresLeaseStore {
    package func trigger(
        _ job: ObjectKey,
        id: RequestID,
        author: String
    ) throws(StoreError) -> Trigger {
        let deadline = link.deadline()
        let call = WriteCall(counter: .store) { model, now throws(StoreError) in
            try model.trigger(job, id: id, author: author, at: now)
        }
        return try write(call, until: deadline) { _ throws(LinkFailure) in
            try loadTrigger(job, id, author, deadline)
        }
    }

    private static let named = "(SELECT uid FROM object WHERE tenant=$1 AND kind=$2 AND name=$3)"

    private func loadTrigger(
        _ job: ObjectKey,
        _ id: RequestID,
        _ author: String,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let key: [Parameter] = [.text(job.tenant), .text(job.kind.rawValue), .text(job.name)]
        // Runs of the past are in nobody's way; some seconds are left for a clock that is read
        // twice.
        let closed = """
            SELECT \(StoredRun.postgresColumns.names()) FROM closed_run WHERE uid=\(Self.named)
            AND instant >= \(SliceQuery.clock(4)) - 10000
            """
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
                Step(SliceQuery.cursors(where: "uid=\(Self.named)", .locking), key),
                Step(SliceQuery.openRuns(where: "uid=\(Self.named)"), key),
                Step(closed, key + [clock]),
                Step(SliceQuery.triggers(where: "uid=\(Self.named)"), key),
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
            guard let memory = answers[2].first?.bytes(1) else { return slice }
            var reader = PackedReader(memory)
            guard let kept = reader.trigger(author: author) else {
                throw .unavailable("request \(id) was used for something else before")
            }
            slice.model.requests[id] = .trigger(kept)
            slice.isRepeated = true
            return slice
        }
    }

    package func dueTriggers(limit: Int) throws(StoreError) -> [Trigger] {
        // Per job no more than it has room for: a long queue of one must not hide the others.
        let sql = """
            SELECT \(PendingTrigger.postgresColumns.names("due.")) FROM (
                SELECT pending.*, row_number() OVER (
                    PARTITION BY pending.uid ORDER BY not_before, pending.id) AS place,
                CASE WHEN overlap='allow' THEN overlap_limit ELSE 1 END - open AS room
                FROM pending JOIN cursor ON cursor.uid=pending.uid
                WHERE not_before<=\(SliceQuery.clock(1)) AND (enabled OR cause='manual')) AS due
            WHERE room IS NULL OR place<=room ORDER BY not_before, id LIMIT $2
            """
        return try link.read(sql, [clock, .integer(bounded(limit))])
            .all("a trigger") { PendingTrigger(&$0)?.trigger }
    }

    package func waitingTriggers(of job: UID) throws(StoreError) -> [Trigger] {
        try link.read(
            SliceQuery.triggers(where: "uid=$1 ORDER BY instant, id LIMIT $2"),
            [.text(job), .integer(Int64(settings.rowLimit))]
        ).all("a trigger") { PendingTrigger(&$0)?.trigger }
    }

    package func nextTrigger() throws(StoreError) -> Instant? {
        let sql = "SELECT min(not_before) FROM pending WHERE not_before>\(SliceQuery.clock(1))"
        return try link.read(sql, [clock]).first?.integer(0).map(Instant.init(unixMilliseconds:))
    }

    package func kill(_ order: KillOrder) throws(StoreError) -> RunRecord? {
        let deadline = link.deadline()
        let call = WriteCall(counter: .store) { model, _ throws(StoreError) in
            model.kill(order)
        }
        return try write(call, until: deadline) { _ throws(LinkFailure) in
            try loadKill(order.run, deadline)
        }
    }

    private func loadKill(
        _ run: RunID,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let job = """
            (SELECT uid FROM open_run WHERE id=$1 UNION ALL SELECT uid FROM closed_run WHERE id=$1)
            """
        let values: [Parameter] = [.text(run.text)]
        let isNext = "uid IN \(job) AND cause IN ('retry', 'node-loss')"
        let answers = try link.round(
            [
                ServerLink.begin,
                Step(SliceQuery.cursors(where: "uid IN \(job)", .locking), values),
                Step(SliceQuery.openRuns(where: "id=$1"), values),
                Step(SliceQuery.closedRuns, [.texts([run.text])]),
                Step(SliceQuery.triggers(where: isNext), values),
            ],
            until: deadline
        )
        return try link.decoding { () throws(StoreError) in
            var slice = Slice(settings: settings)
            try slice.addJobs(answers[1])
            for rows in answers[2...3] { try slice.addRuns(rows) }
            try slice.addTriggers(answers[4])
            // The order stands already: an answer that rests on an earlier commit.
            slice.isRepeated = slice.model.runs[run]?.record.kill != nil
            return slice
        }
    }
}
