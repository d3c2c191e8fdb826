// The model behind the protocol: for tests and simulations of everything above the store.

package import Vocabulary

/// A store in memory, with the same rules as every other and a clock the caller hands in.
///
/// Nothing in it waits, fails or lasts. Several users of one object are several nodes of one
/// cluster; ``loseProcess(of:)`` stands for the kernel's word that one of them is gone.
package actor InMemoryLeaseStore: LeaseStore {
    private var model: StoreModel
    private let clock: @Sendable () -> Instant
    private var losesClaimAnswer = false

    /// An empty store.
    ///
    /// - Parameters:
    ///   - id: The store's name for itself.
    ///   - tolerance: How far ahead of the clock a claimed instant may lie.
    ///   - requestMemory: How long the outcome of a request is remembered.
    ///   - clock: The store's clock.
    package init(
        id: String = "model",
        tolerance: Duration = .milliseconds(500),
        requestMemory: Duration = .seconds(900),
        clock: @escaping @Sendable () -> Instant
    ) {
        model = StoreModel(storeID: id, tolerance: tolerance, requestMemory: requestMemory)
        self.clock = clock
    }

    /// What is there now, for ``restore(_:)``.
    package struct Backup: Sendable {
        fileprivate let model: StoreModel
    }

    /// Keeps what is there now.
    package func backUp() -> Backup { Backup(model: model) }

    /// Takes the store back to what was kept, as a restored file or a lost tail would.
    package func restore(_ backup: Backup) {
        model = backup.model
    }

    /// Has the next claim be made and its answer be lost.
    package func loseNextClaimAnswer() {
        losesClaimAnswer = true
    }

    /// Has everybody know that the process behind `session` is gone.
    package func loseProcess(of session: SessionID) {
        model.gone.insert(session)
    }

    package func identify() -> StoreIdentity { model.identity(at: clock()) }

    package func pulse() -> StorePulse {
        StorePulse(
            head: model.head,
            triggers: model.counters.triggerPulse,
            kills: model.counters.killPulse
        )
    }

    package func acceptHistory() -> StoreIdentity {
        model.acceptHistory(at: clock())
    }

    package func openSession(
        _ node: NodeIdentity,
        term: Duration
    ) throws(StoreError) -> SessionID {
        try model.openSession(node, term: term, at: clock())
    }

    package func renew(_ session: SessionID) throws(StoreError) -> Renewal {
        try model.renew(session)
    }

    package func sessions() -> [SessionView] { model.views() }

    package func expire(_ session: SessionID, observed: Beat) -> Bool {
        model.expire(session, observed: observed, at: clock())
    }

    package func closeSession(_ session: SessionID) throws(StoreError) {
        try model.closeSession(session, at: clock())
    }

    package func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int
    ) throws(StoreError) -> [RunRecord] {
        try model.takeOver(dead, by: session, limit: limit, at: clock())
    }

    package func commit(
        _ edits: [ObjectEdit],
        id: RequestID,
        author: String
    ) throws(StoreError) -> ChangeBatch {
        try model.commit(edits, id: id, author: author, at: clock())
    }

    package func object(_ key: ObjectKey) -> ObjectRecord? { model.objects[key] }

    package func changes(
        after revision: Revision,
        limit: Int
    ) throws(StoreError) -> [ChangeBatch] {
        try model.changes(after: revision, limit: limit)
    }

    package func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) -> (records: [ObjectRecord], position: Position) {
        model.snapshot(after: key, limit: limit)
    }

    package func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) throws(StoreError) -> [ClaimOutcome] {
        let outcomes = try model.claim(session, id: id, items: items, at: clock())
        guard !losesClaimAnswer else {
            losesClaimAnswer = false
            throw .unknown("the answer was lost on purpose")
        }
        return outcomes
    }

    package func cursors(of jobs: [UID]) -> [UID: Instant] {
        var cursors: [UID: Instant] = [:]
        for uid in jobs {
            guard let job = model.jobs[uid]?.cursor, !job.isDeleted else { continue }
            cursors[uid] = job.at
        }
        return cursors
    }

    package func finish(_ session: SessionID, completions: [Completion]) -> [FinishOutcome] {
        model.finish(session, completions: completions, at: clock())
    }

    package func trigger(
        _ job: ObjectKey,
        id: RequestID,
        author: String
    ) throws(StoreError) -> Trigger {
        try model.trigger(job, id: id, author: author, at: clock())
    }

    package func backfill(
        _ order: BackfillOrder,
        id: RequestID,
        author: String
    ) throws(StoreError) -> [BackfillVerdict] {
        order.check()
        return try model.backfill(order, id: id, author: author, at: clock())
    }

    package func dueTriggers(limit: Int) -> [Trigger] {
        model.dueTriggers(limit: limit, at: clock())
    }

    package func waitingTriggers(of job: UID) -> [Trigger] {
        model.pending.values.map(\.trigger).filter { $0.key.job == job }
            .sorted { ($0.key.instant, $0.id) < ($1.key.instant, $1.id) }
    }

    package func nextTrigger() -> Instant? { model.nextTrigger(at: clock()) }

    package func kill(_ order: KillOrder) -> RunRecord? { model.kill(order) }

    package func run(_ id: RunID) -> RunRecord? { model.runs[id]?.record }

    package func runs(_ filter: RunFilter) -> [RunRecord] { model.runs(filter) }

    package func skips(
        of job: UID,
        from: Instant,
        through: Instant,
        limit: Int
    ) -> [SkipRange] {
        model.skips(of: job, from: from, through: through, limit: limit)
    }

    package func prune(_ retention: StoreRetention) -> Int {
        model.prune(retention, at: clock())
    }
}
