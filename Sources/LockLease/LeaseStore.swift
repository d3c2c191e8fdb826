// The contract of the shared store: what every back end does, and in which order.

package import Vocabulary

/// The shared, linearizable place: objects, sessions, cursors, claims, triggers and kills.
///
/// Every call is atomic and may be sent again with the same ``RequestID`` when its outcome is
/// unknown. No wall clock that a caller hands in decides anything. The rules every back end keeps,
/// and the conformance suite checks:
///
/// 1. Each call is linearizable; ``claim(_:id:items:)`` decides every item by itself in one commit.
/// 2. ``StoreError/unknown(_:)`` is not ``StoreError/unavailable(_:)``: a repetition with the same
///    request id answers the first outcome.
/// 3. A claim fails with ``StoreError/sessionLost`` unless the session is live at the commit;
///    a finish is decided by the fence and the session's epoch.
/// 4. Fences of one job grow strictly in commit order, also across deletion and re-creation.
/// 5. ``expire(_:observed:)`` succeeds only on the observed beat; a renewal in between defeats it.
/// 6. Once ``commit(_:id:author:)`` has returned, no claim under an older revision commits.
package protocol LeaseStore: Sendable {
    // MARK: History

    /// Who this store is and how far its history goes.
    func identify() async throws(StoreError) -> StoreIdentity
    /// What has moved; cheap enough to ask several times a second.
    func pulse() async throws(StoreError) -> StorePulse

    // MARK: Sessions

    /// Opens a session; at most one lives per node name.
    ///
    /// - Throws: ``StoreError/nodeNameInUse(_:)`` while another session of that name lives. A session
    ///   whose process is known to be gone is replaced at once.
    func openSession(_ node: NodeIdentity, term: Duration) async throws(StoreError) -> SessionID
    /// Renews the session and answers the beat, the head of the list and the kills due on this node.
    func renew(_ session: SessionID) async throws(StoreError) -> Renewal
    func sessions() async throws(StoreError) -> [SessionView]
    /// Declares a session dead if its beat still is `observed`; answers whether this call did it.
    func expire(_ session: SessionID, observed: Beat) async throws(StoreError) -> Bool
    /// Ends one's own session; its open runs become `lost`.
    func closeSession(_ session: SessionID) async throws(StoreError)
    /// Gives every open run of the dead session `dead` its verdict `lost`, and writes the triggers
    /// of those whose job retries after node loss; at most `limit` runs a call.
    ///
    /// - Throws: ``StoreError/sessionLost`` if `session` is dead itself.
    func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int
    ) async throws(StoreError) -> [RunRecord]

    // MARK: The list

    /// Commits `edits` as one revision, or nothing.
    ///
    /// - Throws: ``StoreError/conflict(_:)`` naming the first edit whose expectation does not hold.
    func commit(
        _ edits: [ObjectEdit],
        id: RequestID,
        author: String
    ) async throws(StoreError) -> ChangeBatch
    /// The current state; deleted objects are answered too, as long as their tombstone is kept.
    func object(_ key: ObjectKey) async throws(StoreError) -> ObjectRecord?
    /// The batches after `revision`, oldest first, at most `limit`.
    ///
    /// - Throws: ``StoreError/compacted(floor:)`` if the history no longer goes back that far.
    func changes(
        after revision: Revision,
        limit: Int
    ) async throws(StoreError) -> [ChangeBatch]
    /// Every object, tombstones included, in key order after `key`, and the position they belong to.
    func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) async throws(StoreError) -> (records: [ObjectRecord], position: Position)

    // MARK: Runs

    /// Claims instants and triggers; one outcome per item, in order.
    func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) async throws(StoreError) -> [ClaimOutcome]
    /// Where the cursors of `jobs` stand; jobs the store does not know are left out.
    func cursors(of jobs: [UID]) async throws(StoreError) -> [UID: Instant]
    /// Closes runs, writes their verdicts and the triggers they cause, all in one commit.
    func finish(
        _ session: SessionID,
        completions: [Completion]
    ) async throws(StoreError) -> [FinishOutcome]
    /// Adds a trigger for a run by hand.
    ///
    /// - Throws: ``StoreError/jobBusy(_:)`` if the job forbids overlap and a run is under way,
    ///   ``StoreError/noSuchJob(_:)``.
    func trigger(
        _ job: ObjectKey,
        id: RequestID,
        author: String
    ) async throws(StoreError) -> Trigger
    /// Triggers that may be claimed now, oldest first: due by the store's clock, and not waiting for
    /// another run of their job.
    func dueTriggers(limit: Int) async throws(StoreError) -> [Trigger]
    /// When the next trigger that is not due yet will be, on the store's clock.
    func nextTrigger() async throws(StoreError) -> Instant?

    // MARK: Kills and records

    /// Records an order to end `run`; a trigger that waits to retry it is removed as well.
    ///
    /// Repeating the order changes nothing. Answers the run as it stands, or `nil` if there is none.
    func kill(_ order: KillOrder) async throws(StoreError) -> RunRecord?
    func run(_ id: RunID) async throws(StoreError) -> RunRecord?
    /// Run records, newest first.
    func runs(_ filter: RunFilter) async throws(StoreError) -> [RunRecord]
    /// Skip ranges of one job that touch `[from, through]`, oldest first.
    func skips(
        of job: UID,
        from: Instant,
        through: Instant,
        limit: Int
    ) async throws(StoreError) -> [SkipRange]
    /// Removes closed runs, skips, dead sessions, tombstones and change batches beyond `retention`.
    /// Never re-opens an instant. Answers how many rows went.
    func prune(_ retention: StoreRetention) async throws(StoreError) -> Int
}
