// A store that only has a list, and answers whatever the test makes of it.

import LockLease
import Synchronization
import Vocabulary

final class FakeStore: LeaseStore {
    struct State {
        var history = History()
        var floor = Revision.zero
        var failure: StoreError?
        var calls: [String] = []
        /// Run before each page of a snapshot is read.
        var betweenPages: (@Sendable (inout History) -> Void)?
    }

    let state = Mutex(State())

    var head: Position { state.withLock { $0.history.head } }

    func edit(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
    }

    private func read<Result>(
        _ call: String,
        _ work: (inout State) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        // `withLock` does not carry a typed error of a generic result everywhere; this does.
        let answer = state.withLock { state -> Swift.Result<Result, StoreError> in
            state.calls.append(call)
            if let failure = state.failure { return .failure(failure) }
            do throws(StoreError) { return .success(try work(&state)) } catch {
                return .failure(error)
            }
        }
        return try answer.get()
    }

    func object(_ key: ObjectKey) throws(StoreError) -> ObjectRecord? {
        try read("object \(key.name)") { $0.history.objects[key] }
    }

    func pulse() throws(StoreError) -> StorePulse {
        try read("pulse") { StorePulse(head: $0.history.head, triggers: 0, kills: 0) }
    }

    func changes(after revision: Revision, limit: Int) throws(StoreError) -> [ChangeBatch] {
        try read("changes \(revision)") { state throws(StoreError) in
            guard revision >= state.floor else { throw .compacted(floor: state.floor) }
            let later = state.history.batches.filter { $0.position.revision > revision }
            return Array(later.prefix(limit))
        }
    }

    func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) throws(StoreError) -> (records: [ObjectRecord], position: Position) {
        try read("snapshot \(key?.name ?? "")") { state in
            state.betweenPages?(&state.history)
            let records = state.history.records.filter { record in
                key.map { record.key > $0 } ?? true
            }
            return (Array(records.prefix(limit)), state.history.head)
        }
    }
}

/// What no list needs.
extension FakeStore {
    private var nothing: StoreError { .unavailable("this store only has a list") }

    func identify() throws(StoreError) -> StoreIdentity { throw nothing }
    func acceptHistory() throws(StoreError) -> StoreIdentity { throw nothing }
    func openSession(_: NodeIdentity, term: Duration) throws(StoreError) -> SessionID {
        throw nothing
    }
    func renew(_: SessionID) throws(StoreError) -> Renewal { throw nothing }
    func sessions() throws(StoreError) -> [SessionView] { throw nothing }
    func expire(_: SessionID, observed: Beat) throws(StoreError) -> Bool { throw nothing }
    func closeSession(_: SessionID) throws(StoreError) { throw nothing }
    func takeOver(_: SessionID, by: SessionID, limit: Int) throws(StoreError) -> [RunRecord] {
        throw nothing
    }
    func commit(_: [ObjectEdit], id: RequestID, author: String) throws(StoreError) -> ChangeBatch {
        throw nothing
    }
    func claim(
        _: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) throws(StoreError) -> [ClaimOutcome] { throw nothing }
    func cursors(of: [UID]) throws(StoreError) -> [UID: Instant] { throw nothing }
    func finish(_: SessionID, completions: [Completion]) throws(StoreError) -> [FinishOutcome] {
        throw nothing
    }
    func trigger(_: ObjectKey, id: RequestID, author: String) throws(StoreError) -> Trigger {
        throw nothing
    }
    func backfill(
        _: BackfillOrder,
        id: RequestID,
        author: String
    ) throws(StoreError) -> [BackfillVerdict] { throw nothing }
    func dueTriggers(limit: Int) throws(StoreError) -> [Trigger] { throw nothing }
    func waitingTriggers(of _: UID) throws(StoreError) -> [Trigger] { throw nothing }
    func nextTrigger() throws(StoreError) -> Instant? { throw nothing }
    func kill(_: KillOrder) throws(StoreError) -> RunRecord? { throw nothing }
    func run(_: RunID) throws(StoreError) -> RunRecord? { throw nothing }
    func runs(_: RunFilter) throws(StoreError) -> [RunRecord] { throw nothing }
    func skips(
        of: UID,
        from: Instant,
        through: Instant,
        limit: Int
    ) throws(StoreError) -> [SkipRange] { throw nothing }
    func prune(_: StoreRetention) throws(StoreError) -> Int { throw nothing }
}
