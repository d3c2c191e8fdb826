import LockLease
import Testing
import Vocabulary

@Suite struct `A trigger` {
    @Test(arguments: BackEnd.allCases)
    func `by hand is written once per request`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        let id = bench.request()
        let pulse = try await bench.store.pulse().triggers
        let first = try await bench.store.trigger(job.key, id: id, author: "ann")
        #expect(first.cause == .manual(by: "ann"))
        #expect(first.name == job.key)
        #expect(first.notBefore == Bench.start)
        // The bench starts on a whole second, which a schedule could name as well.
        #expect(first.key.instant == Bench.start.advanced(by: .milliseconds(1)))
        #expect(try await bench.store.pulse().triggers == pulse + 1)
        #expect(try await bench.store.trigger(job.key, id: id, author: "ann") == first)
        #expect(try await bench.due() == [first])
        _ = try await bench.claim(session, bench.item(job, first)).grant()
        #expect(try await bench.store.trigger(job.key, id: id, author: "ann") == first)
        #expect(try await bench.due().isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `by hand names an instant of its own`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil)))
        var instants: Set<Instant> = []
        for _ in 0..<5 {
            let trigger = try await bench.store.trigger(
                job.key,
                id: bench.request(),
                author: "ann"
            )
            instants.insert(trigger.key.instant)
        }
        #expect(instants.count == 5)
    }

    @Test(arguments: BackEnd.allCases)
    func `waits in sight of whoever asks for its job, due or not`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: 1)))
        let first = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        let second = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        _ = try await bench.claim(session, bench.item(job, first)).grant()
        // There is room for one run only, so the other is not due; it waits all the same.
        #expect(try await bench.due().isEmpty)
        #expect(try await bench.store.waitingTriggers(of: job.uid) == [second])
        #expect(try await bench.store.waitingTriggers(of: UID("none")).isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `is claimed by one node`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let (first, second) = (try await bench.session("a"), try await bench.session("b"))
        let job = try await bench.put()
        let trigger = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        let grant = try await bench.claim(first, bench.item(job, trigger)).grant()
        #expect(grant.key == trigger.key)
        #expect(grant.digest == job.digest)
        let late = try await bench.claim(second, bench.item(job, trigger))
        #expect(late == .taken(cursor: Bench.start))
        #expect(try await bench.store.cursors(of: [job.uid]) == [job.uid: Bench.start])
    }

    @Test(arguments: BackEnd.allCases)
    func `by hand is refused while a run forbids it`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.forbid))
        let grant = try await bench.run(session, job)
        await #expect(throws: StoreError.jobBusy(grant.run)) {
            try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        }
        await #expect(throws: StoreError.noSuchJob(Bench.key("none"))) {
            try await bench.store.trigger(
                Bench.key("none"),
                id: bench.request(),
                author: "ann"
            )
        }
    }

    @Test(arguments: BackEnd.allCases)
    func `by hand waits under queue and kills under replace`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let queue = try await bench.put("queue", gate: Bench.gate(.queue))
        let replace = try await bench.put("replace", gate: Bench.gate(.replace))
        let queued = try await bench.run(session, queue)
        let replaced = try await bench.run(session, replace)
        for job in [queue, replace] {
            _ = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        }
        #expect(try await bench.due().isEmpty)
        #expect(try await bench.store.renew(session).kills.map(\.run) == [replaced.run])
        #expect(try await bench.store.renew(session).kills.map(\.author) == ["ann"])
        try await bench.finish(session, replaced, as: .killed)
        try await bench.finish(session, queued)
        #expect(try await bench.due().map(\.name) == [queue.key, replace.key])
    }

    @Test(arguments: BackEnd.allCases)
    func `starts a paused job only if it came by hand`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(retries: 1))
        let failed = try await bench.run(session, job)
        try await bench.finish(session, failed, as: .failed)
        let retry = try #require(await bench.due().first)
        let paused = try await bench.put(gate: Bench.gate(retries: 1, isEnabled: false))
        #expect(try await bench.due().isEmpty)
        #expect(try await bench.claim(session, bench.item(paused, retry)) == .disabled)
        let manual = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        #expect(try await bench.due() == [manual])
        let grant = try await bench.claim(session, bench.item(paused, manual)).grant()
        try await bench.finish(session, grant)
        let pulse = try await bench.store.pulse().triggers
        _ = try await bench.put(gate: Bench.gate(retries: 1))
        #expect(try await bench.store.pulse().triggers > pulse)
        #expect(try await bench.due() == [retry])
    }

    @Test(arguments: BackEnd.allCases)
    func `is not claimed before its time nor under an old revision`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil), retries: 1))
        let failed = try await bench.run(session, job)
        try await bench.finish(session, failed, as: .failed, retryDelay: .seconds(30))
        bench.clock.advance(by: .seconds(30))
        let retry = try #require(await bench.due().first)
        bench.clock.advance(by: .seconds(-30))
        let early = try await bench.claim(session, bench.item(job, retry))
        #expect(early == .early(clock: Bench.at(60)))
        bench.clock.advance(by: .seconds(30))
        let new = try await bench.put(body: "[]", gate: Bench.gate(.allow(limit: nil)))
        #expect(
            try await bench.claim(session, bench.item(job, retry))
                == .stale(current: new.revision)
        )
        #expect(try await bench.claim(session, bench.item(new, retry)).grant().digest == new.digest)
    }

    @Test(arguments: BackEnd.allCases)
    func `goes with its job`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        let trigger = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        try await bench.delete()
        #expect(try await bench.due().isEmpty)
        #expect(try await bench.claim(session, bench.item(job, trigger)) == .gone)
    }

    @Test(arguments: BackEnd.allCases)
    func `of one job does not hide those of others`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let many = try await bench.put("many", gate: Bench.gate(.queue))
        let one = try await bench.put("one")
        bench.advance(to: 600)
        let missed = bench.item(many, runs: [60, 120, 180, 240], cause: .catchUp)
        let grant = try await bench.claim(session, missed).grant()
        bench.clock.advance(by: .milliseconds(1))
        _ = try await bench.store.trigger(one.key, id: bench.request(), author: "ann")
        try await bench.finish(session, grant)
        #expect(try await bench.store.dueTriggers(limit: 2).map(\.name) == [many.key, one.key])
    }
}
