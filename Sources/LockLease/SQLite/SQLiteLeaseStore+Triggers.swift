// Triggers: runs by hand, and what waits to be claimed.

internal import SQLite
package import Vocabulary

extension SQLiteLeaseStore {
    package func trigger(
        _ job: ObjectKey,
        id: RequestID,
        author: String
    ) throws(StoreError) -> Trigger {
        let file = try file()
        return try file.write { () throws(StoreError) in
            if let kept = try file.rememberedTrigger(id, author: author) { return kept }
            guard let record = try file.object(job), !record.isDeleted, job.kind == .job,
                let cursor = try file.cursor(of: record.uid)
            else { throw .noSuchJob(job) }
            let now = settings.clock()
            if cursor.open > 0 { try file.makeWay(for: cursor, author: author, at: now) }
            let trigger = try file.add(
                RunKey(job: cursor.uid, instant: try file.freeInstant(of: cursor.uid, at: now)),
                of: job,
                .manual(by: author),
                Lineage(isByHand: true),
                notBefore: now
            )
            try file.remember(id, PackedBytes(trigger), at: now)
            return trigger
        }
    }

    package func dueTriggers(limit: Int) throws(StoreError) -> [Trigger] {
        // Per job no more than it has room for: a long queue of one must not hide the others.
        let sql = """
            SELECT \(PendingTrigger.columns) FROM (
                SELECT pending.*, row_number() OVER (
                    PARTITION BY pending.uid ORDER BY not_before, pending.id) AS place,
                CASE WHEN overlap='allow' THEN overlap_limit ELSE 1 END - open AS room
                FROM pending JOIN cursor ON cursor.uid=pending.uid
                WHERE not_before<=? AND (enabled=1 OR cause='manual'))
            WHERE room IS NULL OR place<=room
            ORDER BY not_before, id LIMIT ?
            """
        let file = try file()
        let values: [SQLValue] = [.instant(settings.clock()), .integer(bounded(limit))]
        let found = try file.rows(sql, values) { PendingTrigger(row: $0) }
        return try file.all(found, what: "a trigger").map(\.trigger)
    }

    package func waitingTriggers(of job: UID) throws(StoreError) -> [Trigger] {
        let file = try file()
        let found = try file.rows(
            """
            SELECT \(PendingTrigger.columns) FROM pending WHERE uid=?
            ORDER BY instant, id LIMIT \(settings.rowLimit)
            """,
            [.text(job.text)]
        ) { PendingTrigger(row: $0) }
        return try file.all(found, what: "a trigger").map(\.trigger)
    }

    package func nextTrigger() throws(StoreError) -> Instant? {
        let next = try file().first(
            "SELECT min(not_before) FROM pending WHERE not_before>?",
            [.instant(settings.clock())]
        ) { $0.optionalInteger(0) }
        return (next ?? nil).map(Instant.init(unixMilliseconds:))
    }

    package func kill(_ order: KillOrder) throws(StoreError) -> RunRecord? {
        let file = try file()
        return try file.write { () throws(StoreError) in
            guard let run = try file.storedRun(order.run) else { return nil }
            try file.removeNextAttempts(of: run)
            guard run.record.state.isOpen, run.record.kill == nil else { return run.record }
            try file.run(
                "UPDATE run SET kill_author=?, kill_grace_ms=?, kill_at=? WHERE id=?",
                [
                    .text(order.author), .optional(order.grace?.milliseconds),
                    .instant(order.requestedAt), .text(order.run.text),
                ]
            )
            file.moveKills()
            return try file.storedRun(order.run)?.record
        }
    }
}

extension PackedBytes {
    /// What is remembered of a trigger by hand; whose it is, a repetition says again.
    init(_ trigger: Trigger) {
        self.init()
        put(trigger.id.rawValue)
        put(trigger.key.job.text)
        put(trigger.key.instant.unixMilliseconds)
        put(trigger.name.tenant)
        put(trigger.name.name)
        put(trigger.notBefore.unixMilliseconds)
    }
}

extension PackedReader {
    mutating func trigger(author: String) -> Trigger? {
        guard let id = number(), let job = text(), let instant = number(), let tenant = text(),
            let name = text(), let notBefore = number()
        else { return nil }
        return Trigger(
            id: TriggerID(id),
            key: RunKey(job: UID(job), instant: Instant(unixMilliseconds: instant)),
            name: ObjectKey(tenant: tenant, kind: .job, name: name),
            cause: .manual(by: author),
            notBefore: Instant(unixMilliseconds: notBefore)
        )
    }
}

extension StoreFile {
    fileprivate func rememberedTrigger(
        _ id: RequestID,
        author: String
    ) throws(StoreError) -> Trigger? {
        guard var kept = try remembered(id) else { return nil }
        guard let trigger = kept.trigger(author: author) else {
            throw .unavailable("request \(id) was used for something else before")
        }
        return trigger
    }

    /// What a run by hand does to the runs under way: nothing, a refusal, or their end.
    fileprivate func makeWay(
        for job: JobCursor,
        author: String,
        at now: Instant
    ) throws(StoreError) {
        switch job.gate.overlap {
        case .forbid:
            let open = try storedRuns(
                where: "uid=? AND state='open' ORDER BY id LIMIT 1",
                [.text(job.uid.text)]
            )
            if let run = open.first { throw .jobBusy(run.record.id) }
        case .replace:
            try killOpenRuns(of: job.uid, author: author, at: now)
        case .queue, .allow: break
        }
    }

    /// An instant for a run by hand: no other run of the job has it, and no schedule names it.
    fileprivate func freeInstant(of job: UID, at now: Instant) throws(StoreError) -> Instant {
        let isTaken = """
            SELECT EXISTS(SELECT 1 FROM run WHERE uid=?1 AND instant=?2)
            OR EXISTS(SELECT 1 FROM pending WHERE uid=?1 AND instant=?2)
            """
        var milliseconds = now.unixMilliseconds
        while true {
            if milliseconds % 1_000 == 0 { milliseconds += 1 }
            let values: [SQLValue] = [.text(job.text), .integer(milliseconds)]
            guard try first(isTaken, values, row: { $0.integer(0) != 0 }) == true else {
                return Instant(unixMilliseconds: milliseconds)
            }
            milliseconds += 1
        }
    }

    /// Removes what waits to run the same thing once more.
    fileprivate func removeNextAttempts(of run: StoredRun) throws(StoreError) {
        let key = run.record.key
        try self.run(
            """
            DELETE FROM pending WHERE uid=? AND instant=? AND shard=? AND shards=? AND by_hand=?
            AND cause IN ('retry', 'node-loss')
            """,
            [
                .text(key.job.text), .instant(key.instant), .integer(key.shard.index),
                .integer(key.shard.count), .flag(run.lineage.isByHand),
            ]
        )
    }
}
