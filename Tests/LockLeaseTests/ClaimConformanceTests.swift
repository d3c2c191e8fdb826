import LockLease
import Testing
import Vocabulary

@Suite struct `A claim` {
    @Test(arguments: BackEnd.allCases)
    func `moves the cursor and grants the run`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(body: "{\"task\":1}")
        let grant = try await bench.run(session, job)
        #expect(grant.key == RunKey(job: job.uid, instant: Bench.at(60)))
        #expect(grant.fence == Fence(1))
        #expect(grant.digest == job.digest)
        #expect(try await bench.store.cursors(of: [job.uid]) == [job.uid: Bench.at(60)])
        let run = try #require(await bench.store.run(grant.run))
        #expect(run.state == .open && run.session == session && run.node == NodeName("a"))
        #expect(run.name == job.key && run.revision == job.revision)
        #expect(run.claimedAt == Bench.at(60))
    }

    @Test(arguments: BackEnd.allCases)
    func `is lost when the cursor is elsewhere, and then changes nothing`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let (first, second) = (try await bench.session("a"), try await bench.session("b"))
        let job = try await bench.put()
        _ = try await bench.run(first, job)
        let writes = try await bench.store.identify().writes
        let late = try await bench.claim(second, bench.item(job, runs: [60]))
        #expect(late == .taken(cursor: Bench.at(60)))
        let behind = try await bench.claim(second, bench.item(job, from: -30, runs: [30]))
        #expect(behind == .taken(cursor: Bench.at(60)))
        #expect(try await bench.store.identify().writes == writes)
    }

    @Test(arguments: BackEnd.allCases)
    func `under an older revision is stale`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let old = try await bench.put()
        let new = try await bench.put(body: "[]")
        bench.advance(to: 60)
        #expect(
            try await bench.claim(session, bench.item(old, runs: [60]))
                == .stale(current: new.revision)
        )
        #expect(try await bench.claim(session, bench.item(new, runs: [60])).grants.count == 1)
    }

    @Test(arguments: BackEnd.allCases)
    func `in the store's future is early`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        bench.clock.advance(by: .milliseconds(59_499))
        let early = try await bench.claim(session, bench.item(job, runs: [60]))
        #expect(early == .early(clock: bench.clock.now))
        bench.clock.advance(by: .milliseconds(1))
        #expect(try await bench.claim(session, bench.item(job, runs: [60])).grants.count == 1)
    }

    @Test(arguments: BackEnd.allCases)
    func `of a paused job starts nothing but may account for skips`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(isEnabled: false))
        bench.advance(to: 60)
        #expect(try await bench.claim(session, bench.item(job, runs: [60])) == .disabled)
        let range = SkipRange(from: Bench.at(0), through: Bench.at(60), count: 60, reason: .paused)
        let skip = bench.item(job, runs: [], to: 60, skips: [range])
        #expect(try await bench.claim(session, skip) == .won([]))
        #expect(try await bench.skips(job) == [range])
        #expect(try await bench.store.cursors(of: [job.uid]) == [job.uid: Bench.at(60)])
    }

    @Test(arguments: BackEnd.allCases)
    func `of an unknown or deleted job finds it gone`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        try await bench.delete()
        bench.advance(to: 60)
        #expect(try await bench.claim(session, bench.item(job, runs: [60])) == .gone)
    }

    @Test(arguments: BackEnd.allCases)
    func `decides every item by itself`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let (good, gone) = (try await bench.put("good"), try await bench.put("gone"))
        let moved = try await bench.put("moved")
        try await bench.delete("gone")
        bench.advance(to: 60)
        let items = [
            bench.item(gone, runs: [60]),
            bench.item(moved, from: 10, runs: [60]),
            bench.item(good, runs: [60]),
        ]
        let outcomes = try await bench.store.claim(session, id: bench.request(), items: items)
        #expect(outcomes[0] == .gone)
        #expect(outcomes[1] == .taken(cursor: Bench.start))
        #expect(outcomes[2].grants.count == 1)
    }

    @Test(arguments: BackEnd.allCases)
    func `sent again answers what it answered first`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil)))
        let stale = try await bench.put("stale")
        _ = try await bench.put("stale", body: "[]")
        let manual = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        bench.advance(to: 180)
        let items = [
            bench.item(stale, runs: [60]),
            bench.item(job, runs: [60, 120]),
            bench.item(job, manual),
        ]
        let id = bench.request()
        let first = try await bench.store.claim(session, id: id, items: items)
        #expect(first[1].grants.map(\.fence) == [Fence(1), Fence(2)])
        #expect(first[2].grants.map(\.cause) == [.manual(by: "ann")])
        // Neither an edit nor a later claim changes the first answer.
        let edited = try await bench.put(body: "{}  ", gate: Bench.gate(.allow(limit: nil)))
        _ = try await bench.claim(session, bench.item(edited, from: 120, runs: [180]))
        #expect(try await bench.store.claim(session, id: id, items: items) == first)
        #expect(try await bench.store.runs(RunFilter()).count == 4)
    }

    @Test(arguments: BackEnd.allCases)
    func `raises the fence with every run, in every way it comes about`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil), retries: 1))
        bench.advance(to: 600)
        let item = bench.item(job, runs: [60, 120], cause: .catchUp)
        let both = try await bench.claim(session, item).grants
        try await bench.finish(session, both[0], as: .failed)
        let retry = try await bench.claim(session, bench.item(job, bench.due()[0])).grant()
        _ = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        let manual = try await bench.claim(session, bench.item(job, bench.due()[0])).grant()
        let next = try await bench.claim(session, bench.item(job, from: 120, runs: [180])).grant()
        let fences = both.map(\.fence) + [retry.fence, manual.fence, next.fence]
        #expect(fences == (1...5).map { Fence($0) })
    }

    @Test(arguments: BackEnd.allCases)
    func `is seen by everybody at once`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        let grant = try await bench.run(session, job)
        #expect(try await bench.other.cursors(of: [job.uid]) == [job.uid: Bench.at(60)])
        #expect(try await bench.other.run(grant.run)?.state == .open)
    }
}
