// The model's history: who the store is, and what accepting a restored one does.

internal import Vocabulary

extension StoreModel {
    func identity(at now: Instant) -> StoreIdentity {
        StoreIdentity(id: storeID, schema: 1, head: head, writes: counters.writes, clock: now)
    }

    mutating func acceptHistory(at now: Instant) -> StoreIdentity {
        epoch = max(epoch, head.revision.epoch) + 1
        floor = head.revision.sequence
        head = Position(
            revision: Revision(epoch: epoch, sequence: floor),
            digest: head.digest
        )
        for (id, session) in sessions where session.view.isLive { end(id, at: now) }
        for run in open(where: { _ in true }) {
            loseWithoutNext(run, because: StoreHistory.reason, at: now)
        }
        for waiting in pending.values where waiting.trigger.cause.isOfSchedule {
            let skip = SkipRange.single(waiting.trigger.key.instant, because: .history)
            put(skip, of: waiting.trigger.key.job, at: now)
        }
        pending = [:]
        for (uid, job) in jobs where !job.cursor.isDeleted && job.cursor.at < now {
            put(StoreHistory.unknown(from: job.cursor.at, through: now), of: uid, at: now)
            jobs[uid]?.cursor.at = now
        }
        let numbers = StoreHistory.firstNumber(ofEpoch: epoch)
        for uid in jobs.keys { jobs[uid]?.cursor.raiseFence(to: Fence(numbers)) }
        counters.fenceFloor = max(counters.fenceFloor, Fence(numbers))
        counters.sessions = max(counters.sessions, numbers)
        counters.triggers = max(counters.triggers, numbers)
        count(triggers: true, kills: true)
        return identity(at: now)
    }
}

/// What accepting a restored store writes down.
enum StoreHistory {
    /// Of every run that was open.
    static let reason = "the store was restored and accepted"

    /// Where the numbers of a later epoch begin: fences, sessions, triggers.
    ///
    /// The lost part of the history had given out some; none of them may come a second time, or a
    /// stale holder would be taken for the new one.
    static func firstNumber(ofEpoch epoch: UInt32) -> Int64 {
        Int64(epoch) * 1_000_000_000_000
    }

    /// The instants that nobody can tell of.
    static func unknown(from cursor: Instant, through now: Instant) -> SkipRange {
        SkipRange(from: cursor, through: now, count: 0, reason: .history)
    }
}

extension Cause {
    /// Whether the instant of such a trigger has no verdict but the run that it waits for.
    var isOfSchedule: Bool {
        switch self {
        case .schedule, .catchUp, .queued, .replacement: true
        case .manual, .retry, .nodeLoss, .backfill: false
        }
    }
}

extension JobCursor {
    mutating func raiseFence(to floor: Fence) {
        fence = max(fence, floor)
    }
}
