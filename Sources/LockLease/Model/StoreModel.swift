// The store's rules on plain values: the oracle for every back end, and a fast fake.

internal import Sealing
internal import Vocabulary

/// A store without disk, threads or clocks of its own: all of it, or the slice that a call needs.
///
/// Calls are whole: each either throws before it has changed anything or does everything. The
/// clock's reading comes with each call. A back end that decides by this loads into it what the
/// call reads, holds that still, makes the call, and writes down the ``StoreDelta``.
struct StoreModel {
    struct Session: Equatable {
        var view: SessionView
        var endedAt: Instant?
    }

    struct Job {
        var cursor: JobCursor
        /// By the last instant they cover.
        var skips: [Instant: StoredSkip] = [:]
    }

    enum Remembered: Equatable {
        case claim([ClaimOutcome])
        case commit(UInt64)
        case trigger(Trigger)
        case backfill([BackfillVerdict])
    }

    let storeID: String
    let tolerance: Duration
    let requestMemory: Duration

    var epoch: UInt32 = 1
    var head = Position.start
    var counters = StoreCounters()
    var floor: UInt64 = 0

    var objects: [ObjectKey: ObjectRecord] = [:]
    var batches: [ChangeBatch] = []
    var jobs: [UID: Job] = [:]

    var sessions: [SessionID: Session] = [:]
    /// Sessions whose process is known to be gone.
    var gone: Set<SessionID> = []

    var runs: [RunID: StoredRun] = [:]
    var openRuns: Set<RunID> = []
    var pending: [TriggerID: PendingTrigger] = [:]

    var requests: [RequestID: Remembered] = [:]
    var requestAges: [(id: RequestID, at: Instant)] = []

    init(storeID: String, tolerance: Duration, requestMemory: Duration) {
        self.storeID = storeID
        self.tolerance = tolerance
        self.requestMemory = requestMemory
    }

    /// Counts one write; the pulses move by at most one per call.
    mutating func count(triggers: Bool = false, kills: Bool = false) {
        counters.writes += 1
        if triggers { counters.triggerPulse += 1 }
        if kills { counters.killPulse += 1 }
    }

    mutating func remember(_ id: RequestID, _ outcome: Remembered, at now: Instant) {
        let oldest = now.advanced(by: .zero - requestMemory)
        for old in requestAges.prefix(2).prefix(while: { $0.at < oldest }) {
            requests[old.id] = nil
            requestAges.removeFirst()
        }
        requests[id] = outcome
        requestAges.append((id, now))
    }

    /// The open runs that satisfy `condition`, oldest first.
    func open(where condition: (RunRecord) -> Bool) -> [StoredRun] {
        openRuns.compactMap { runs[$0] }.filter { condition($0.record) }
            .sorted { $0.record.id < $1.record.id }
    }

    func hasPending(_ job: UID) -> Bool {
        pending.values.contains { $0.trigger.key.job == job }
    }

    mutating func add(
        _ key: RunKey,
        of name: ObjectKey,
        _ cause: Cause,
        _ lineage: Lineage,
        notBefore: Instant
    ) -> Trigger {
        counters.triggers += 1
        let trigger = Trigger(
            id: TriggerID(counters.triggers),
            key: key,
            name: name,
            cause: cause,
            notBefore: notBefore
        )
        pending[trigger.id] = PendingTrigger(trigger: trigger, lineage: lineage)
        return trigger
    }
}

/// What a store counts over all of its life; nothing here ever goes back.
struct StoreCounters: Equatable {
    /// Calls that changed anything.
    var writes: Int64 = 0
    /// See ``StorePulse/triggers``.
    var triggerPulse: Int64 = 0
    /// See ``StorePulse/kills``.
    var killPulse: Int64 = 0
    /// The id of the newest trigger.
    var triggers: Int64 = 0
    /// The id of the newest session.
    var sessions: Int64 = 0
    /// The highest fence of any job that pruning removed.
    var fenceFloor = Fence(0)
}
