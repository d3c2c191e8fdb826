// Records: what ran, what was skipped, and how long either is kept.

internal import SQLite
package import Vocabulary

extension SQLiteLeaseStore {
    package func run(_ id: RunID) throws(StoreError) -> RunRecord? {
        try file().storedRun(id)?.record
    }

    package func runs(_ filter: RunFilter) throws(StoreError) -> [RunRecord] {
        var conditions = ["1"]
        var values: [SQLValue] = []
        func require(_ condition: String, _ value: SQLValue?) {
            guard let value else { return }
            conditions.append(condition)
            values.append(value)
        }
        require("tenant=?", filter.tenant.map { .text($0) })
        require("uid=?", filter.job.map { .text($0.text) })
        require("node=?", filter.node.map { .text($0.text) })
        require("session=?", filter.session.map { .integer($0.rawValue) })
        require("instant>=?", filter.from.map { .instant($0) })
        require("instant<=?", filter.through.map { .instant($0) })
        require("id<?", filter.before.map { .text($0.text) })
        if !filter.states.isEmpty {
            let marks = filter.states.map { _ in "?" }.joined(separator: ",")
            conditions.append("state IN (\(marks))")
            values += filter.states.map { .text($0.rawValue) }
        }
        let condition = conditions.joined(separator: " AND ")
        return try file().storedRuns(
            where: "\(condition) ORDER BY id DESC LIMIT ?",
            values + [.integer(bounded(filter.limit))]
        ).map(\.record)
    }

    package func skips(
        of job: UID,
        from: Instant,
        through: Instant,
        limit: Int
    ) throws(StoreError) -> [SkipRange] {
        let file = try file()
        let found = try file.rows(
            """
            SELECT since, through, count, reason FROM skip
            WHERE uid=? AND through>=? AND since<? ORDER BY through LIMIT ?
            """,
            [.text(job.text), .instant(from), .instant(through), .integer(bounded(limit))]
        ) { SkipRange(row: $0) }
        return try file.all(found, what: "a skip")
    }

    package func prune(_ retention: StoreRetention) throws(StoreError) -> Int {
        let file = try file()
        let now = settings.clock()
        var count = try file.pruneRuns(at: now)
        let forgotten = try file.forgettableSessions(at: now)
        count += try file.write { () throws(StoreError) in
            try file.pruneList(retention, forgotten, at: now)
        }
        for session in forgotten { locks.clear(session) }
        return count
    }
}

/// How long a dead session without open runs stays to be looked at.
let deadSessionMemory = Duration.seconds(3_600)

extension StoreFile {
    /// Removes closed runs beyond what their job keeps, some hundreds at a time.
    fileprivate func pruneRuns(at now: Instant) throws(StoreError) -> Int {
        let ids = try rows(
            """
            SELECT id FROM (
                SELECT id, finished_at, keep_runs, keep_ms, row_number() OVER (
                    PARTITION BY run.uid ORDER BY id DESC) AS place
                FROM run JOIN cursor ON cursor.uid=run.uid WHERE state<>'open')
            WHERE place>keep_runs OR finished_at<?-keep_ms
            """,
            [.instant(now)]
        ) { $0.text(0) }
        var count = 0
        for start in stride(from: 0, to: ids.count, by: 500) {
            count += try write { () throws(StoreError) in
                var count = 0
                for id in ids[start..<min(start + 500, ids.count)] {
                    count += try run("DELETE FROM run WHERE id=? AND state<>'open'", [.text(id)])
                }
                return count
            }
        }
        return count
    }

    /// Sessions that ended long ago and left nothing open; they stay that way.
    fileprivate func forgettableSessions(at now: Instant) throws(StoreError) -> [SessionID] {
        try rows(
            """
            SELECT id FROM session WHERE live=0 AND ended_at<? AND NOT EXISTS(
                SELECT 1 FROM run WHERE run.session=session.id AND state='open')
            """,
            [.instant(now.advanced(by: .zero - deadSessionMemory))]
        ) { SessionID($0.integer(0)) }
    }

    /// Removes old skips, dead sessions, tombstones and commits; called inside a transaction.
    fileprivate func pruneList(
        _ retention: StoreRetention,
        _ sessions: [SessionID],
        at now: Instant
    ) throws(StoreError) -> Int {
        var count = 0
        count += try run(
            "DELETE FROM skip WHERE at<?",
            [.instant(now.advanced(by: .zero - retention.skips))]
        )
        for session in sessions {
            let id: [SQLValue] = [.integer(session.rawValue)]
            // What its beats have counted stays counted.
            try run(
                "UPDATE meta SET writes=writes+coalesce((SELECT beat FROM session WHERE id=?), 0)",
                id
            )
            count += try run("DELETE FROM session WHERE id=?", id)
        }
        count += try pruneTombstones(now.advanced(by: .zero - retention.tombstones))
        count += try pruneBatches(keeping: retention.batches)
        return count
    }

    private func pruneTombstones(_ oldest: Instant) throws(StoreError) -> Int {
        // A new job of an old name must not start below the fences of the one before it.
        let old = "deleted_at<? AND open=0"
        let values: [SQLValue] = [.instant(oldest)]
        try run(
            """
            UPDATE meta SET fence_floor=max(fence_floor,
            coalesce((SELECT max(fence) FROM cursor WHERE \(old)), 0))
            """,
            values
        )
        for table in ["run", "skip"] {
            let gone = "uid IN (SELECT uid FROM cursor WHERE \(old))"
            try run("DELETE FROM \(table) WHERE \(gone)", values)
        }
        try run("DELETE FROM cursor WHERE \(old)", values)
        return try run(
            """
            DELETE FROM object WHERE deleted=1 AND updated_at<?
            AND NOT EXISTS(SELECT 1 FROM cursor WHERE cursor.uid=object.uid)
            """,
            values
        )
    }

    private func pruneBatches(keeping kept: Int) throws(StoreError) -> Int {
        let sequence = try meta().head.revision.sequence
        let floor = Int64(clamping: sequence) - Int64(max(1, kept))
        guard floor > 0 else { return 0 }
        try run("UPDATE meta SET floor=max(floor, ?)", [.integer(floor)])
        let gone = "sequence<=(SELECT floor FROM meta)"
        try run("DELETE FROM change WHERE \(gone)")
        return try run("DELETE FROM batch WHERE \(gone)")
    }
}
