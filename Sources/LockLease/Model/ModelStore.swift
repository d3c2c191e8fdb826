// The model as a plain value, for whoever drives a whole cluster in one thread.

package import Vocabulary

/// A store in memory whose calls return at once, with the clock's reading as an argument.
///
/// The same rules as ``InMemoryLeaseStore``, without an actor around them: a simulator decides
/// itself when a call arrives and what becomes of its answer. A copy is a backup.
package struct ModelStore: Sendable {
    private var model: StoreModel

    /// An empty store.
    ///
    /// - Parameters:
    ///   - id: The store's name for itself.
    ///   - tolerance: How far ahead of the clock a claimed instant may lie.
    ///   - requestMemory: How long the outcome of a request is remembered.
    package init(
        id: String = "model",
        tolerance: Duration = .milliseconds(500),
        requestMemory: Duration = .seconds(900)
    ) {
        model = StoreModel(storeID: id, tolerance: tolerance, requestMemory: requestMemory)
    }

    // MARK: History

    package func identity(at now: Instant) -> StoreIdentity { model.identity(at: now) }

    package var pulse: StorePulse {
        StorePulse(
            head: model.head,
            triggers: model.counters.triggerPulse,
            kills: model.counters.killPulse
        )
    }

    package mutating func acceptHistory(at now: Instant) -> StoreIdentity {
        model.acceptHistory(at: now)
    }

    // MARK: Sessions

    package mutating func openSession(
        _ node: NodeIdentity,
        term: Duration,
        at now: Instant
    ) throws(StoreError) -> SessionID {
        try model.openSession(node, term: term, at: now)
    }

    package mutating func renew(_ session: SessionID) throws(StoreError) -> Renewal {
        try model.renew(session)
    }

    package var sessions: [SessionView] { model.views() }

    package func isLive(_ session: SessionID) -> Bool { model.isLive(session) == true }

    package mutating func expire(
        _ session: SessionID,
        observed: Beat,
        at now: Instant
    ) -> Bool {
        model.expire(session, observed: observed, at: now)
    }

    package mutating func closeSession(
        _ session: SessionID,
        at now: Instant
    ) throws(StoreError) {
        try model.closeSession(session, at: now)
    }

    package mutating func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int,
        at now: Instant
    ) throws(StoreError) -> [RunRecord] {
        try model.takeOver(dead, by: session, limit: limit, at: now)
    }

    /// Has everybody know that the process behind `session` is gone.
    package mutating func loseProcess(of session: SessionID) {
        model.gone.insert(session)
    }

    // MARK: The list

    package mutating func commit(
        _ edits: [ObjectEdit],
        id: RequestID,
        author: String,
        at now: Instant
    ) throws(StoreError) -> ChangeBatch {
        try model.commit(edits, id: id, author: author, at: now)
    }

    package func object(_ key: ObjectKey) -> ObjectRecord? { model.objects[key] }

    package func changes(
        after revision: Revision,
        limit: Int
    ) throws(StoreError) -> [ChangeBatch] {
        try model.changes(after: revision, limit: limit)
    }

    package func snapshot() -> (records: [ObjectRecord], position: Position) {
        model.snapshot(after: nil, limit: .max)
    }

    // MARK: Runs

    package mutating func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem],
        at now: Instant
    ) throws(StoreError) -> [ClaimOutcome] {
        try model.claim(session, id: id, items: items, at: now)
    }

    /// Where the job's cursor stands; `nil` if there is no such job.
    package func cursor(of job: UID) -> Instant? {
        guard let cursor = model.jobs[job]?.cursor, !cursor.isDeleted else { return nil }
        return cursor.at
    }

    package mutating func finish(
        _ session: SessionID,
        completions: [Completion],
        at now: Instant
    ) -> [FinishOutcome] {
        model.finish(session, completions: completions, at: now)
    }

    package mutating func trigger(
        _ job: ObjectKey,
        id: RequestID,
        author: String,
        at now: Instant
    ) throws(StoreError) -> Trigger {
        try model.trigger(job, id: id, author: author, at: now)
    }

    package func dueTriggers(limit: Int, at now: Instant) -> [Trigger] {
        model.dueTriggers(limit: limit, at: now)
    }

    package func nextTrigger(at now: Instant) -> Instant? { model.nextTrigger(at: now) }

    package mutating func kill(_ order: KillOrder) -> RunRecord? { model.kill(order) }

    package mutating func prune(_ retention: StoreRetention, at now: Instant) -> Int {
        model.prune(retention, at: now)
    }

    // MARK: Reading it all

    package func run(_ id: RunID) -> RunRecord? { model.runs[id]?.record }

    /// Every run record, oldest first.
    package var runs: [RunRecord] {
        model.runs.values.map(\.record).sorted { $0.id < $1.id }
    }

    /// The newest run of the job.
    package func lastRun(of job: UID) -> RunRecord? {
        let newest = model.runs.lazy.filter { $0.value.record.key.job == job }.map(\.key).max()
        return newest.flatMap { model.runs[$0]?.record }
    }

    /// The open runs, oldest first.
    package var openRuns: [RunRecord] { model.open { _ in true }.map(\.record) }

    /// How many of the job's runs are open.
    package func openCount(of job: UID) -> Int {
        model.openRuns.count { model.runs[$0]?.record.key.job == job }
    }

    /// Every skip of the job, oldest first.
    package func skips(of job: UID) -> [SkipRange] {
        (model.jobs[job]?.skips ?? [:]).values.map(\.range).sorted { $0.through < $1.through }
    }

    /// Everything that waits to be claimed, oldest first.
    package var waiting: [Trigger] {
        model.pending.values.map(\.trigger).sorted { $0.id < $1.id }
    }
}

// MARK: Doing what no store may

/// For tests of tests: what a broken store would hold.
extension ModelStore {
    package mutating func forgeCursor(of job: UID, at instant: Instant) {
        model.jobs[job]?.cursor.at = instant
    }

    /// The job's next claim gets `fence`.
    package mutating func forgeFence(of job: UID, next fence: Fence) {
        model.jobs[job]?.cursor.fence = Fence(fence.rawValue - 1)
    }

    package mutating func forgeNextSession(_ session: SessionID) {
        model.counters.sessions = session.rawValue - 1
    }

    package mutating func forgeOpen(_ run: RunID) {
        guard let job = model.runs[run]?.record.key.job, !model.openRuns.contains(run) else {
            return
        }
        model.runs[run]?.record.state = .open
        model.openRuns.insert(run)
        model.jobs[job]?.cursor.open += 1
    }

    /// Forgets something that waits.
    package mutating func forgeWaiting(_ trigger: TriggerID) {
        model.pending[trigger] = nil
    }

    /// The job takes any number of runs at a time, whatever its policy.
    package mutating func forgeRoom(of job: UID) {
        model.jobs[job]?.cursor.gate.overlap = .allow(limit: nil)
    }
}
