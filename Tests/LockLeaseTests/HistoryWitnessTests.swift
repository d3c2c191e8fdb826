import LockLease
import Testing
import Vocabulary

/// A store that is taken back to what it was, as a restored file or a lost tail would.
@Suite struct `A store that went back` {
    let clock = ManualClock(at: Bench.start)
    let model: InMemoryLeaseStore
    let witness = HistoryWitness()
    let store: WitnessedStore

    init() {
        let clock = clock
        model = InMemoryLeaseStore { clock.now }
        store = WitnessedStore(model, witness: witness)
    }

    private func put(_ name: String, id: String) async throws -> ObjectRecord {
        let edit = ObjectEdit(
            key: Bench.key(name),
            expecting: .any,
            uid: UID(name),
            change: .put(body: [], gate: Bench.gate())
        )
        return try await store.commit([edit], id: RequestID(id), author: "ann").records[0]
    }

    private func claim(_ job: ObjectRecord, _ session: SessionID, at seconds: Int64) -> ClaimItem {
        ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .instants(
                from: Bench.start,
                to: Bench.at(seconds),
                runs: [
                    PlannedRun(
                        instant: Bench.at(seconds),
                        run: RunID("run-\(seconds)"),
                        cause: .schedule
                    )
                ],
                skips: []
            )
        )
    }

    @Test func `claims nothing again, though only claims were forgotten`() async throws {
        let job = try await put("job", id: "1")
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        let backup = await model.backUp()
        clock.advance(by: .seconds(60))
        let item = claim(job, session, at: 60)
        let won = try await store.claim(session, id: RequestID("2"), items: [item])
        #expect(won[0].grants.count == 1)
        _ = try await store.renew(session)
        await model.restore(backup)
        let error = try #require(await refusal { try await store.renew(session) })
        guard case .historyRegressed(let seen, let found) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(seen.writes > found.writes)
        // From now on nothing that decides anything is answered, whatever the store would say.
        let again = await refusal {
            try await store.claim(session, id: RequestID("3"), items: [item])
        }
        #expect(again == error)
        #expect(await refusal { try await put("other", id: "4") } == error)
        #expect(await refusal { try await store.renew(session) } == error)
        // People still see what is there.
        #expect(try await store.object(job.key) == job)
    }

    @Test func `is noticed though nothing but its very last claim was forgotten`() async throws {
        let job = try await put("job", id: "1")
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        _ = try await store.renew(session)
        let backup = await model.backUp()
        clock.advance(by: .seconds(60))
        let item = claim(job, session, at: 60)
        _ = try await store.claim(session, id: RequestID("2"), items: [item])
        await model.restore(backup)
        // The renewal is a write as well, but must not make up for the one that is gone.
        guard case .historyRegressed = await refusal({ try await store.renew(session) }) else {
            Issue.record("the claim was forgotten and nobody noticed")
            return
        }
    }

    @Test func `is no alarm when a claim was sent twice, because its answer was lost`()
        async throws
    {
        let job = try await put("job", id: "1")
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        clock.advance(by: .seconds(60))
        let item = claim(job, session, at: 60)
        await model.loseNextClaimAnswer()
        let id = RequestID("2")
        let lost = await refusal { try await store.claim(session, id: id, items: [item]) }
        #expect(lost == .unknown("the answer was lost on purpose"))
        _ = try await store.identify()
        let again = try await store.claim(session, id: id, items: [item])
        #expect(again[0].grants.count == 1)
        _ = try await store.identify()
    }

    @Test func `works again once its history is accepted`() async throws {
        let job = try await put("job", id: "1")
        let backup = await model.backUp()
        _ = try await put("job", id: "2")
        await model.restore(backup)
        _ = await refusal { try await store.identify() }
        #expect(await refusal { try await put("job", id: "3") } != nil)
        _ = try await store.acceptHistory()
        #expect(try await put("job", id: "4").revision > job.revision)
    }

    /// Restores the store, which a renewal finds out.
    private func beFoundOut() async throws {
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        let backup = await model.backUp()
        _ = try await store.renew(session)
        _ = try await store.renew(session)
        await model.restore(backup)
        #expect(await refusal { try await store.renew(session) } != nil)
    }

    @Test func `and was found out by a renewal works again once anybody has accepted it`()
        async throws
    {
        try await beFoundOut()
        #expect(await refusal { try await put("job", id: "1") } != nil)
        _ = try await WitnessedStore(model, witness: HistoryWitness()).acceptHistory()
        _ = try await put("job", id: "2")
    }

    @Test func `and has counted past what was seen works again only once it is accepted`()
        async throws
    {
        try await beFoundOut()
        let other = WitnessedStore(model, witness: HistoryWitness())
        let theirs = try await other.openSession(Bench.node("b"), term: .seconds(10))
        for _ in 0..<5 { _ = try await other.renew(theirs) }
        #expect(await refusal { try await put("job", id: "1") } != nil)
        _ = try await other.acceptHistory()
        _ = try await put("job", id: "2")
    }

    @Test func `is noticed by a witness that was restarted`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/history"
        let first = WitnessedStore(model, witness: HistoryWitness(path: path))
        let backup = await model.backUp()
        _ = try await put("job", id: "1")
        _ = try await first.identify()
        await model.restore(backup)
        let second = WitnessedStore(model, witness: HistoryWitness(path: path))
        let error = await refusal {
            try await second.openSession(Bench.node("a"), term: .seconds(10))
        }
        guard case .historyRegressed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `is told from another store altogether`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/history"
        _ = try await WitnessedStore(model, witness: HistoryWitness(path: path)).identify()
        let stranger = InMemoryLeaseStore(id: "stranger") { Bench.start }
        let second = WitnessedStore(stranger, witness: HistoryWitness(path: path))
        for attempt in ["use", "accept"] {
            let error = await refusal {
                if attempt == "use" {
                    _ = try await second.openSession(Bench.node("a"), term: .seconds(10))
                } else {
                    _ = try await second.acceptHistory()
                }
            }
            guard case .anotherStore(let seen, let found) = error else {
                Issue.record("\(attempt): \(String(describing: error))")
                continue
            }
            #expect(seen.storeID == "model" && found.storeID == "stranger")
        }
    }

    private func refusal(_ call: () async throws -> some Sendable) async -> StoreError? {
        do {
            _ = try await call()
            return nil
        } catch {
            return error as? StoreError
        }
    }
}

@Suite struct `A mark of history` {
    let mark = HistoryMark(
        storeID: "s",
        revision: Revision(epoch: 2, sequence: 9),
        writes: 50
    )

    private func mark(_ epoch: UInt32, _ sequence: UInt64, _ writes: Int64) -> HistoryMark {
        HistoryMark(
            storeID: "s",
            revision: Revision(epoch: epoch, sequence: sequence),
            writes: writes
        )
    }

    @Test func `lets pass what went on, and what began a later epoch`() throws {
        for later in [mark, mark(2, 9, 51), mark(2, 10, 51), mark(3, 1, 2)] {
            try mark.check(later)
        }
    }

    @Test func `refuses a list or a count that went back, and an older epoch`() {
        for earlier in [mark(2, 8, 51), mark(2, 9, 49), mark(1, 30, 90)] {
            #expect(throws: StoreError.historyRegressed(seen: mark, found: earlier)) {
                try mark.check(earlier)
            }
        }
    }

    @Test func `is read back from its text, and from nothing else`() {
        #expect(HistoryMark("s 2.9 50\n") == mark)
        #expect(mark.description == "s 2.9 50")
        for text in ["", "s", "s 2 50", "s 2.9", "s 2.9 50 1", "s 2.9 many"] {
            #expect(HistoryMark(text) == nil, "\(text)")
        }
    }
}
