// The model's backfill.

internal import Vocabulary

extension StoreModel {
    mutating func backfill(
        _ order: BackfillOrder,
        id: RequestID,
        author: String,
        at now: Instant
    ) throws(StoreError) -> [BackfillVerdict] {
        if case .backfill(let kept) = requests[id] { return kept }
        guard let record = objects[order.job], !record.isDeleted, order.job.kind == .job,
            let job = jobs[record.uid]
        else { throw .noSuchJob(order.job) }
        let plan = BackfillPlan(
            order,
            cursor: job.cursor.at,
            createdAt: record.createdAt,
            runs: runs.values.map(\.record).filter { $0.key.job == record.uid },
            waiting: pending.values.map(\.trigger).filter { $0.key.job == record.uid },
            skips: job.skips.values.map(\.range).sorted { $0.through < $1.through }
        )
        let wanted = plan.triggers(order, of: record.uid)
        guard !wanted.isEmpty else { return plan.verdicts }
        for key in wanted {
            let cause = Cause.backfill(by: author)
            _ = add(key, of: order.job, cause, Lineage(isByHand: true), notBefore: now)
        }
        remember(id, .backfill(plan.verdicts), at: now)
        count(triggers: true)
        return plan.verdicts
    }
}
