// A store of which a test needs only a few calls.

import LockLease
import Vocabulary

/// A store that says of every call which a test leaves out that it is away.
protocol PartialStore: LeaseStore {}

extension PartialStore {
    private var nothing: StoreError { .unavailable("this store has only what its test needs") }

    func identify() async throws(StoreError) -> StoreIdentity { throw nothing }
    func pulse() async throws(StoreError) -> StorePulse { throw nothing }
    func acceptHistory() async throws(StoreError) -> StoreIdentity { throw nothing }
    func openSession(_: NodeIdentity, term: Duration) async throws(StoreError) -> SessionID {
        throw nothing
    }
    func renew(_: SessionID) async throws(StoreError) -> Renewal { throw nothing }
    func sessions() async throws(StoreError) -> [SessionView] { throw nothing }
    func expire(_: SessionID, observed: Beat) async throws(StoreError) -> Bool { throw nothing }
    func closeSession(_: SessionID) async throws(StoreError) { throw nothing }
    func takeOver(
        _: SessionID,
        by: SessionID,
        limit: Int
    ) async throws(StoreError) -> [RunRecord] { throw nothing }
    func commit(
        _: [ObjectEdit],
        id: RequestID,
        author: String
    ) async throws(StoreError) -> ChangeBatch { throw nothing }
    func object(_: ObjectKey) async throws(StoreError) -> ObjectRecord? { throw nothing }
    func changes(after: Revision, limit: Int) async throws(StoreError) -> [ChangeBatch] {
        throw nothing
    }
    func snapshot(
        after: ObjectKey?,
        limit: Int
    ) async throws(StoreError) -> (records: [ObjectRecord], position: Position) { throw nothing }
    func claim(
        _: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) async throws(StoreError) -> [ClaimOutcome] { throw nothing }
    func cursors(of: [UID]) async throws(StoreError) -> [UID: Instant] { throw nothing }
    func finish(
        _: SessionID,
        completions: [Completion]
    ) async throws(StoreError) -> [FinishOutcome] { throw nothing }
    func trigger(
        _: ObjectKey,
        id: RequestID,
        author: String
    ) async throws(StoreError) -> Trigger { throw nothing }
    func backfill(
        _: BackfillOrder,
        id: RequestID,
        author: String
    ) async throws(StoreError) -> [BackfillVerdict] { throw nothing }
    func dueTriggers(limit: Int) async throws(StoreError) -> [Trigger] { throw nothing }
    func waitingTriggers(of _: UID) async throws(StoreError) -> [Trigger] { throw nothing }
    func nextTrigger() async throws(StoreError) -> Instant? { throw nothing }
    func kill(_: KillOrder) async throws(StoreError) -> RunRecord? { throw nothing }
    func run(_: RunID) async throws(StoreError) -> RunRecord? { throw nothing }
    func runs(_: RunFilter) async throws(StoreError) -> [RunRecord] { throw nothing }
    func skips(
        of: UID,
        from: Instant,
        through: Instant,
        limit: Int
    ) async throws(StoreError) -> [SkipRange] { throw nothing }
    func prune(_: StoreRetention) async throws(StoreError) -> Int { throw nothing }
}
