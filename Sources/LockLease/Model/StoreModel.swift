// The store's rules on plain values: the oracle for every back end, and a fast fake.

internal import Sealing
internal import Vocabulary

/// A store without disk, threads or clocks of its own.
///
/// Calls are whole: each either throws before it has changed anything or does everything. The
/// clock's reading comes with each call.
struct StoreModel {
    struct Session {
        var view: SessionView
        var endedAt: Instant?
    }

    struct Job {
        var cursor: JobCursor
        var skips: [Instant: (range: SkipRange, at: Instant)] = [:]
    }

    enum Remembered {
        case claim([ClaimOutcome])
        case commit(UInt64)
        case trigger(Trigger)
    }

    let storeID: String
    let tolerance: Duration
    let requestMemory: Duration

    var epoch: UInt32 = 1
    var head = Position.start
    var writes: Int64 = 0
    var triggerPulse: Int64 = 0
    var killPulse: Int64 = 0
    var floor: UInt64 = 0
    var fenceFloor = Fence(0)

    var objects: [ObjectKey: ObjectRecord] = [:]
    var batches: [ChangeBatch] = []
    var jobs: [UID: Job] = [:]

    var sessions: [SessionID: Session] = [:]
    var sessionCount: Int64 = 0
    /// Sessions whose process is known to be gone.
    var gone: Set<SessionID> = []

    var runs: [RunID: StoredRun] = [:]
    var openRuns: Set<RunID> = []
    var pending: [TriggerID: PendingTrigger] = [:]
    var triggerCount: Int64 = 0

    var requests: [RequestID: Remembered] = [:]
    var requestAges: [(id: RequestID, at: Instant)] = []

    init(storeID: String, tolerance: Duration, requestMemory: Duration) {
        self.storeID = storeID
        self.tolerance = tolerance
        self.requestMemory = requestMemory
    }

    /// Counts one write; the pulses move by at most one per call.
    mutating func count(triggers: Bool = false, kills: Bool = false) {
        writes += 1
        if triggers { triggerPulse += 1 }
        if kills { killPulse += 1 }
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
        triggerCount += 1
        let trigger = Trigger(
            id: TriggerID(triggerCount),
            key: key,
            name: name,
            cause: cause,
            notBefore: notBefore
        )
        pending[trigger.id] = PendingTrigger(trigger: trigger, lineage: lineage)
        return trigger
    }
}
