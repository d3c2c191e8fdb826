// Backfills in the embedded store.

internal import SQLite
package import Vocabulary

extension SQLiteLeaseStore {
    package func backfill(
        _ order: BackfillOrder,
        id: RequestID,
        author: String
    ) throws(StoreError) -> [BackfillVerdict] {
        order.check()
        let file = try file()
        return try file.write { () throws(StoreError) in
            if var kept = try file.remembered(id) {
                guard let verdicts = kept.backfill(of: order) else {
                    throw .unavailable("request \(id) was used for something else before")
                }
                return verdicts
            }
            guard let record = try file.object(order.job), !record.isDeleted,
                order.job.kind == .job, let cursor = try file.cursor(of: record.uid)
            else { throw .noSuchJob(order.job) }
            let plan = try file.plan(order, of: record, cursor)
            let wanted = plan.triggers(order, of: record.uid)
            guard !wanted.isEmpty else { return plan.verdicts }
            let now = settings.clock()
            for key in wanted {
                let cause = Cause.backfill(by: author)
                let lineage = Lineage(isByHand: true)
                _ = try file.add(key, of: order.job, cause, lineage, notBefore: now)
            }
            try file.remember(id, PackedBytes(plan.verdicts), at: now)
            return plan.verdicts
        }
    }
}

extension StoreFile {
    fileprivate func plan(
        _ order: BackfillOrder,
        of record: ObjectRecord,
        _ cursor: JobCursor
    ) throws(StoreError) -> BackfillPlan {
        let first = order.instants.first ?? cursor.at
        let last = order.instants.last ?? cursor.at
        let values: [SQLValue] = [.text(record.uid.text), .instant(first), .instant(last)]
        let waiting = try rows(
            "SELECT \(PendingTrigger.columns) FROM pending WHERE uid=? AND instant BETWEEN ? AND ?",
            values
        ) { PendingTrigger(row: $0) }
        let skips = try rows(
            """
            SELECT since, through, count, reason FROM skip
            WHERE uid=? AND through>=? AND since<? ORDER BY through
            """,
            values
        ) { SkipRange(row: $0) }
        return BackfillPlan(
            order,
            cursor: cursor.at,
            createdAt: record.createdAt,
            runs: try storedRuns(where: "uid=? AND instant BETWEEN ? AND ?", values).map(\.record),
            waiting: try all(waiting, what: "a trigger").map(\.trigger),
            skips: try all(skips, what: "a skip")
        )
    }
}
