// A store with somebody who watches that its history does not go back.

package import Vocabulary

/// Any store, refused as soon as its history is behind what its ``HistoryWitness`` has seen.
///
/// The history is looked at before the first call, again after any call that did not reach the
/// store, and with every renewal. What only reads is answered by a refused store too, so that
/// people can see what there is.
package struct WitnessedStore: LeaseStore {
    private let store: any LeaseStore
    private let witness: HistoryWitness

    package init(_ store: any LeaseStore, witness: HistoryWitness) {
        self.store = store
        self.witness = witness
    }

    /// Makes a call that changes nothing.
    private func reading<Answer>(
        _ call: (any LeaseStore) async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        if witness.isInDoubt {
            do throws(StoreError) {
                _ = try await look()
            } catch {
                if error.isOfReach { throw error }
            }
        }
        return try await noticing(call)
    }

    /// Makes a call that a refused store must not answer.
    private func writing<Answer>(
        _ call: (any LeaseStore) async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        if witness.isInDoubt { _ = try await look() }
        try witness.check()
        return try await noticing(call)
    }

    private func noticing<Answer>(
        _ call: (any LeaseStore) async throws(StoreError) -> Answer
    ) async throws(StoreError) -> Answer {
        do throws(StoreError) {
            return try await call(store)
        } catch {
            if error.isOfReach { witness.doubt() }
            throw error
        }
    }

    private func look() async throws(StoreError) -> StoreIdentity {
        let view = witness.view
        let identity = try await noticing { store async throws(StoreError) in
            try await store.identify()
        }
        try witness.admit(HistoryMark(identity), since: view)
        return identity
    }
}

extension StoreError {
    /// Whether the store could not be reached, so that it may be another when it is back.
    fileprivate var isOfReach: Bool {
        switch self {
        case .unavailable, .unknown: true
        case .sessionLost, .nodeNameInUse, .conflict, .compacted, .noSuchJob, .jobBusy,
            .historyRegressed, .anotherStore, .tooLarge, .full, .corrupt, .incompatible:
            false
        }
    }
}

// MARK: - The calls

extension WitnessedStore {
    package func identify() async throws(StoreError) -> StoreIdentity { try await look() }

    package func acceptHistory() async throws(StoreError) -> StoreIdentity {
        let view = witness.view
        // Another store altogether is not accepted by accepting its history.
        let found = HistoryMark(try await store.identify())
        if let seen = view.seen, seen.storeID != found.storeID {
            throw .anotherStore(seen: seen, found: found)
        }
        let identity = try await noticing { store async throws(StoreError) in
            try await store.acceptHistory()
        }
        try witness.admit(HistoryMark(identity), since: view)
        return identity
    }

    package func renew(_ session: SessionID) async throws(StoreError) -> Renewal {
        if witness.isInDoubt { _ = try await look() }
        try witness.check()
        let view = witness.view
        let renewal = try await noticing { store async throws(StoreError) in
            try await store.renew(session)
        }
        if let seen = view.seen {
            let mark = HistoryMark(
                storeID: seen.storeID,
                revision: renewal.head.revision,
                writes: renewal.writes
            )
            try witness.admit(mark, since: view, after: 1)
        }
        return renewal
    }

    package func pulse() async throws(StoreError) -> StorePulse {
        try await reading { store async throws(StoreError) in
            try await store.pulse()
        }
    }

    package func pulse(
        after seen: StorePulse,
        within limit: Duration
    ) async throws(StoreError) -> StorePulse {
        try await reading { store async throws(StoreError) in
            try await store.pulse(after: seen, within: limit)
        }
    }

    package func openSession(
        _ node: NodeIdentity,
        term: Duration
    ) async throws(StoreError) -> SessionID {
        try await writing { store async throws(StoreError) in
            try await store.openSession(node, term: term)
        }
    }

    package func resumeSession(
        _ session: SessionID,
        of node: NodeName
    ) async throws(StoreError) {
        try await writing { store async throws(StoreError) in
            try await store.resumeSession(session, of: node)
        }
    }

    package func holdFile(of session: SessionID) async -> String? {
        await store.holdFile(of: session)
    }

    package func examine() async throws(StoreError) -> [String] {
        try await reading { store async throws(StoreError) in
            try await store.examine()
        }
    }

    package func sessions() async throws(StoreError) -> [SessionView] {
        try await reading { store async throws(StoreError) in
            try await store.sessions()
        }
    }

    package func expire(_ session: SessionID, observed: Beat) async throws(StoreError) -> Bool {
        try await writing { store async throws(StoreError) in
            try await store.expire(session, observed: observed)
        }
    }

    package func closeSession(_ session: SessionID) async throws(StoreError) {
        try await writing { store async throws(StoreError) in
            try await store.closeSession(session)
        }
    }

    package func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int
    ) async throws(StoreError) -> [RunRecord] {
        try await writing { store async throws(StoreError) in
            try await store.takeOver(dead, by: session, limit: limit)
        }
    }

    package func commit(
        _ edits: [ObjectEdit],
        id: RequestID,
        author: String
    ) async throws(StoreError) -> ChangeBatch {
        let batch = try await writing { store async throws(StoreError) in
            try await store.commit(edits, id: id, author: author)
        }
        witness.saw(batch.position.revision)
        return batch
    }

    package func object(_ key: ObjectKey) async throws(StoreError) -> ObjectRecord? {
        try await reading { store async throws(StoreError) in
            try await store.object(key)
        }
    }

    package func changes(
        after revision: Revision,
        limit: Int
    ) async throws(StoreError) -> [ChangeBatch] {
        try await reading { store async throws(StoreError) in
            try await store.changes(after: revision, limit: limit)
        }
    }

    package func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) async throws(StoreError) -> (records: [ObjectRecord], position: Position) {
        try await reading { store async throws(StoreError) in
            try await store.snapshot(after: key, limit: limit)
        }
    }

    package func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) async throws(StoreError) -> [ClaimOutcome] {
        if witness.isInDoubt { _ = try await look() }
        try witness.check()
        let view = witness.view
        do throws(StoreError) {
            let outcomes = try await store.claim(session, id: id, items: items)
            if outcomes.contains(where: \.isWon) { witness.wrote(id, since: view) }
            return outcomes
        } catch {
            if error.isOfReach { witness.doubt(id) }
            throw error
        }
    }

    package func cursors(of jobs: [UID]) async throws(StoreError) -> [UID: Instant] {
        try await reading { store async throws(StoreError) in
            try await store.cursors(of: jobs)
        }
    }

    package func finish(
        _ session: SessionID,
        completions: [Completion]
    ) async throws(StoreError) -> [FinishOutcome] {
        try await writing { store async throws(StoreError) in
            try await store.finish(session, completions: completions)
        }
    }

    package func trigger(
        _ job: ObjectKey,
        id: RequestID,
        author: String
    ) async throws(StoreError) -> Trigger {
        try await writing { store async throws(StoreError) in
            try await store.trigger(job, id: id, author: author)
        }
    }

    package func backfill(
        _ order: BackfillOrder,
        id: RequestID,
        author: String
    ) async throws(StoreError) -> [BackfillVerdict] {
        try await writing { store async throws(StoreError) in
            try await store.backfill(order, id: id, author: author)
        }
    }

    package func dueTriggers(limit: Int) async throws(StoreError) -> [Trigger] {
        try await reading { store async throws(StoreError) in
            try await store.dueTriggers(limit: limit)
        }
    }

    package func waitingTriggers(of job: UID) async throws(StoreError) -> [Trigger] {
        try await reading { store async throws(StoreError) in
            try await store.waitingTriggers(of: job)
        }
    }

    package func nextTrigger() async throws(StoreError) -> Instant? {
        try await reading { store async throws(StoreError) in
            try await store.nextTrigger()
        }
    }

    package func kill(_ order: KillOrder) async throws(StoreError) -> RunRecord? {
        try await writing { store async throws(StoreError) in
            try await store.kill(order)
        }
    }

    package func run(_ id: RunID) async throws(StoreError) -> RunRecord? {
        try await reading { store async throws(StoreError) in
            try await store.run(id)
        }
    }

    package func runs(_ filter: RunFilter) async throws(StoreError) -> [RunRecord] {
        try await reading { store async throws(StoreError) in
            try await store.runs(filter)
        }
    }

    package func skips(
        of job: UID,
        from: Instant,
        through: Instant,
        limit: Int
    ) async throws(StoreError) -> [SkipRange] {
        try await reading { store async throws(StoreError) in
            try await store.skips(of: job, from: from, through: through, limit: limit)
        }
    }

    package func prune(_ retention: StoreRetention) async throws(StoreError) -> Int {
        try await writing { store async throws(StoreError) in
            try await store.prune(retention)
        }
    }
}
