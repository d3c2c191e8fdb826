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
/// 3. A claim fails with ``StoreError/sessionLost`` unless the session is live at the commit; a
///    finish counts under the run's own fence and session for as long as the run is open, which is
///    until somebody has taken the session over.
/// 4. Fences of one job grow strictly in commit order, also across deletion and re-creation.
/// 5. ``expire(_:observed:)`` succeeds only on the observed beat; a renewal in between defeats it.
/// 6. Once ``commit(_:id:author:)`` has returned, no claim under an older revision commits.
/// 7. Nor does a claim of instants that goes by an older state of a calendar: it names the digest
///    of every calendar that its instants were worked out by, and each must be the store's.
/// 8. Once a call could not reach the store (``StoreError/unavailable(_:)`` or
///    ``StoreError/unknown(_:)``), every further one but ``identify()`` answers `unavailable`
///    without being sent, until ``identify()`` has succeeded: what answers then may be a restored
///    store, and ``WitnessedStore`` looks at its history before anything is decided by it. A store
///    whose file cannot be exchanged under it need not do so.
///
/// Requests are remembered for a quarter of an hour. A claim that won nothing has changed nothing,
/// so its repetition is decided afresh.
///
/// What a claim makes of overlap: a scheduled run that finds its job busy is skipped, or waits as a
/// trigger under `queue` (one of them; while it waits nothing overtakes it), or under `replace` has
/// the open runs killed and waits as a trigger, in place of one that waits already. Catch-up runs
/// that only runs of the same item stand in the way of wait as triggers of cause `catchUp`, and
/// under `queue` all of them do: none is lost. Under `replace` only the newest planned run counts.
package protocol LeaseStore: Sendable {
    // MARK: History

    /// Who this store is and how far its history goes.
    func identify() async throws(StoreError) -> StoreIdentity
    /// What has moved; cheap enough to ask several times a second.
    func pulse() async throws(StoreError) -> StorePulse
    /// Waits until the pulse is another than `seen`, at most for about `limit`.
    ///
    /// A hint and no more: it may answer early, late, or what was seen.
    func pulse(
        after seen: StorePulse,
        within limit: Duration
    ) async throws(StoreError) -> StorePulse
    /// Takes the store as it is now for the truth, after it was restored or lost its tail.
    ///
    /// Begins a new epoch of the list, so that every replica reads it afresh. What ran since the
    /// restored state is unknown, and a skip is better than a second run: every session ends, open
    /// runs are lost without a next attempt, nothing waits any longer, and every cursor moves to
    /// the store's clock with a skip of reason `history`.
    func acceptHistory() async throws(StoreError) -> StoreIdentity

    /// Looks after the store's own health; answers, in sentences, what people should know.
    ///
    /// Meant to be called every few minutes: what takes long is done once a day by itself.
    ///
    /// - Throws: ``StoreError/corrupt(_:)`` if the store is damaged.
    func examine() async throws(StoreError) -> [String]

    // MARK: Sessions

    /// Opens a session; at most one lives per node name.
    ///
    /// A session whose process is known to be gone is replaced at once; its runs wait for
    /// ``takeOver(_:by:limit:)``.
    ///
    /// - Throws: ``StoreError/nodeNameInUse(_:)`` while another session of that name lives.
    func openSession(_ node: NodeIdentity, term: Duration) async throws(StoreError) -> SessionID
    /// Goes on with the session of this node's former life; its runs stay open.
    ///
    /// The caller is sure that the process which opened it is gone.
    ///
    /// - Throws: ``StoreError/sessionLost`` if it has ended or is another node's.
    func resumeSession(_ session: SessionID, of node: NodeName) async throws(StoreError)
    /// A file that any process may lock to say that runs of `session` are still looked after.
    ///
    /// While it is locked, the session ends by its beat alone, also if its node's process is known
    /// to be gone. `nil`: only the beat ever tells.
    func holdFile(of session: SessionID) async -> String?
    /// Renews the session; answers its beat, the head of the list and the kills due on this node.
    ///
    /// Does not wait behind other calls of the same process. An order is answered by every renewal
    /// until its run is closed.
    ///
    /// - Throws: ``StoreError/sessionLost`` once the session has ended, for ever.
    func renew(_ session: SessionID) async throws(StoreError) -> Renewal
    /// Every session, oldest first; dead ones for an hour after their end, or as long as they have
    /// open runs.
    func sessions() async throws(StoreError) -> [SessionView]
    /// Declares a session dead if its beat still is `observed`; answers whether this call did it.
    func expire(_ session: SessionID, observed: Beat) async throws(StoreError) -> Bool
    /// Ends one's own session; its open runs become `lost`, with the triggers their jobs grant.
    ///
    /// Does nothing if the session is dead already.
    func closeSession(_ session: SessionID) async throws(StoreError)
    /// Gives every open run of the dead session `dead` its verdict `lost`, and writes the triggers
    /// of those whose job retries after node loss; at most `limit` runs a call, oldest first.
    ///
    /// Answers nothing while `dead` lives.
    ///
    /// - Throws: ``StoreError/sessionLost`` if `session` is dead itself.
    func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int
    ) async throws(StoreError) -> [RunRecord]

    // MARK: The list

    /// Commits `edits` as one revision, or nothing; each sees the ones before it.
    ///
    /// Versions count on when a deleted name returns, under a new uid; so do its fences. The cursor
    /// of a new job stands at the store's clock. Deleting a job removes its triggers. Deleting what
    /// is not there is a conflict. An edit that puts a job must carry its gate.
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
    /// Every object, tombstones included, in key order after `key`, and the position they are of.
    func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) async throws(StoreError) -> (records: [ObjectRecord], position: Position)

    // MARK: Runs

    /// Claims instants and triggers; one outcome per item, in order.
    ///
    /// A claim that wins anything is a renewal too. A plan whose instants lie outside of what its
    /// cursor passes, or out of order, traps.
    func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) async throws(StoreError) -> [ClaimOutcome]
    /// Where the cursors of `jobs` stand; jobs the store does not know are left out.
    func cursors(of jobs: [UID]) async throws(StoreError) -> [UID: Instant]
    /// Closes runs, writes their verdicts and the triggers they cause, all in one commit.
    ///
    /// The same report again has the same answer. Failures and losses are counted apart, each
    /// against its own limit. A run with a kill order has no next attempt, however it ended.
    func finish(
        _ session: SessionID,
        completions: [Completion]
    ) async throws(StoreError) -> [FinishOutcome]
    /// Adds a trigger for a run by hand.
    ///
    /// Works for a paused job as well, since whoever asks does so after the pause and by name; all
    /// other triggers of a paused job, retries included, wait until it is resumed. Waits for room
    /// under `queue` and `allow(limit)`; under `replace` the open runs are killed. The instant is
    /// the store's clock, moved on to one that neither a schedule nor another run can have.
    ///
    /// - Throws: ``StoreError/jobBusy(_:)`` if the job forbids overlap and a run is under way,
    ///   ``StoreError/noSuchJob(_:)``.
    func trigger(
        _ job: ObjectKey,
        id: RequestID,
        author: String
    ) async throws(StoreError) -> Trigger
    /// Gives past instants of a job a run after all: one trigger each, in their order, all in one
    /// commit; answers what becomes of each instant, in the same order.
    ///
    /// An instant that has run, is under way, waits, or has not had its verdict yet is left out;
    /// so is one that nobody can tell of, since what it left behind was pruned. `isAgain` takes in
    /// what has run or may have, as that instant's next attempt. The triggers wait for room as any
    /// others do, and for as long as the job is paused. A plan alone writes nothing.
    ///
    /// Traps on instants out of order and on more than ``BackfillOrder/limit`` of them.
    ///
    /// - Throws: ``StoreError/noSuchJob(_:)``.
    func backfill(
        _ order: BackfillOrder,
        id: RequestID,
        author: String
    ) async throws(StoreError) -> [BackfillVerdict]
    /// Triggers that may be claimed now, oldest first: due by the store's clock, and not waiting
    /// for another run of their job.
    func dueTriggers(limit: Int) async throws(StoreError) -> [Trigger]
    /// Every trigger of `job` that nobody has claimed, oldest instant first, due or not.
    func waitingTriggers(of job: UID) async throws(StoreError) -> [Trigger]
    /// When the next trigger that is not due yet will be, on the store's clock.
    func nextTrigger() async throws(StoreError) -> Instant?

    // MARK: Kills and records

    /// Records an order to end `run`; a trigger that waits to retry it is removed as well.
    ///
    /// Repeating the order changes nothing. Answers the run as it stands; `nil`: there is none.
    func kill(_ order: KillOrder) async throws(StoreError) -> RunRecord?
    func run(_ id: RunID) async throws(StoreError) -> RunRecord?
    /// Run records, newest first.
    func runs(_ filter: RunFilter) async throws(StoreError) -> [RunRecord]
    /// Skip ranges of one job that touch `[from, through]`, oldest first.
    ///
    /// A single skipped instant is a range of one millisecond.
    func skips(
        of job: UID,
        from: Instant,
        through: Instant,
        limit: Int
    ) async throws(StoreError) -> [SkipRange]
    /// Removes closed runs, skips, dead sessions, tombstones and commits beyond `retention`.
    ///
    /// Never removes an open run, re-opens an instant or lets a fence go back. Answers about how
    /// many things went.
    func prune(_ retention: StoreRetention) async throws(StoreError) -> Int
}

extension LeaseStore {
    /// For a store in which a session is nothing but a row with a beat.
    package func resumeSession(
        _ session: SessionID,
        of node: NodeName
    ) async throws(StoreError) {
        let views = try await sessions()
        guard views.contains(where: { $0.id == session && $0.isLive && $0.node.name == node })
        else { throw .sessionLost }
        _ = try await renew(session)
    }

    /// For a store that knows nothing of processes.
    package func holdFile(of session: SessionID) async -> String? { nil }

    /// For a store whose health is somebody else's business.
    package func examine() async throws(StoreError) -> [String] { [] }

    /// Asks again and again, the more often the shorter `limit` is; for a store that cannot tell
    /// when something moves.
    package func pulse(
        after seen: StorePulse,
        within limit: Duration
    ) async throws(StoreError) -> StorePulse {
        let interval = max(.milliseconds(5), min(.milliseconds(200), limit / 5))
        var left = limit
        var pulse = try await pulse()
        while pulse == seen, left > .zero, !Task.isCancelled {
            try? await Task.sleep(for: min(left, interval))
            left -= interval
            pulse = try await self.pulse()
        }
        return pulse
    }
}
