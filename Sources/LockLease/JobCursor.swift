// What a store knows about one job besides its body: the hot row that claims read and write.

internal import Vocabulary

/// The cursor of one job with the gate its claims are decided by.
struct JobCursor: Equatable {
    var uid: UID
    var name: ObjectKey
    var revision: Revision
    var gate: JobGate
    /// The digest of the body a grant may run.
    var digest: Digest
    /// Every instant up to here has its verdict.
    var at: Instant
    /// The fence of the newest claim.
    var fence: Fence
    /// How many of its runs are open.
    var open: Int
    /// When the job was deleted; its fence is kept for whoever takes its name.
    var deletedAt: Instant?

    var isDeleted: Bool { deletedAt != nil }

    /// How many runs may be open at once.
    var capacity: Int {
        switch gate.overlap {
        case .forbid, .queue, .replace: 1
        case .allow(let limit): limit ?? .max
        }
    }

    var hasRoom: Bool { open < capacity }

    /// Whether a trigger of `lineage` may start now, as far as pausing goes.
    ///
    /// What somebody starts by hand runs even while the job is paused: it was asked for after the
    /// pause, by name. Everything else waits until the job is resumed, its retries included, and so
    /// does a backfill: that is many runs, and a pause says that none are wanted.
    func admits(_ cause: Cause) -> Bool {
        switch cause {
        case .manual: true
        case .schedule, .catchUp, .retry, .nodeLoss, .queued, .replacement, .backfill:
            gate.isEnabled
        }
    }

    mutating func takeFence() -> Fence {
        fence = Fence(fence.rawValue + 1)
        open += 1
        return fence
    }
}

/// Where a run comes from: carried from attempt to attempt, so that each policy counts its own.
struct Lineage: Equatable {
    /// Whether the first attempt was started by hand.
    var isByHand = false
    /// How many attempts followed a failure.
    var retries = 0
    /// How many attempts followed the loss of a node.
    var losses = 0

    /// The next attempt after a run of this lineage ended as `state`, or `nil` if it was the last.
    ///
    /// A run with a kill order has no next attempt, however it ended: somebody wanted it over.
    func next(
        after state: RunState,
        of run: RunID,
        isKilled: Bool,
        gate: JobGate
    ) -> (cause: Cause, lineage: Self)? {
        guard !isKilled else { return nil }
        var lineage = self
        switch state {
        case .failed, .timedOut:
            guard retries < gate.retries.limit else { return nil }
            lineage.retries += 1
            return (.retry(of: run), lineage)
        case .lost:
            guard case .retry(let limit) = gate.nodeLoss, losses < limit else { return nil }
            lineage.losses += 1
            return (.nodeLoss(of: run), lineage)
        case .open, .succeeded, .killed:
            return nil
        }
    }
}
