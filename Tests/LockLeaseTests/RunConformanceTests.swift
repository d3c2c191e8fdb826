import LockLease
import Testing
import Vocabulary

@Suite struct `A run` {
    @Test(arguments: BackEnd.allCases)
    func `is finished once, and the same report again is the same`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let grant = try await bench.run(session, bench.put(gate: Bench.gate(retries: 1)))
        bench.clock.advance(by: .seconds(2))
        let first = try await bench.finish(session, grant, as: .failed)
        guard case .recorded(retry: .some) = first else { throw Missing(what: "a retry") }
        #expect(try await bench.finish(session, grant, as: .failed) == first)
        #expect(try await bench.finish(session, grant, as: .succeeded) == .stale(.failed))
        let run = try #require(await bench.store.run(grant.run))
        #expect(run.state == .failed && run.exit == .code(1) && run.finishedAt == Bench.at(62))
        #expect(try await bench.due().count == 1)
    }

    @Test(arguments: BackEnd.allCases)
    func `is finished under its own fence only`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let grant = try await bench.run(session, bench.put())
        #expect(try await bench.finish(session, grant, fence: Fence(7)) == .stale(.open))
        let stranger = Grant(
            run: RunID("run-nobody"),
            key: grant.key,
            cause: .schedule,
            fence: Fence(1),
            digest: .zero
        )
        #expect(try await bench.finish(session, stranger) == .noSuchRun)
        #expect(try await bench.store.run(grant.run)?.state == .open)
    }

    @Test(arguments: BackEnd.allCases)
    func `that failed is retried after its delay, as often as granted`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(retries: 2))
        var grant = try await bench.run(session, job)
        for state in [RunState.failed, .timedOut] {
            try await bench.finish(session, grant, as: state, retryDelay: .seconds(7))
            #expect(try await bench.due().isEmpty)
            let next = try #require(await bench.store.nextTrigger())
            #expect(next == bench.clock.now.advanced(by: .seconds(7)))
            bench.clock.advance(by: .seconds(7))
            let retry = try #require(await bench.due().first)
            #expect(retry.cause == .retry(of: grant.run))
            #expect(retry.key.attempt == grant.key.attempt + 1)
            #expect(retry.key.instant == Bench.at(60))
            grant = try await bench.claim(session, bench.item(job, retry)).grant()
        }
        #expect(try await bench.finish(session, grant, as: .failed) == .recorded(retry: nil))
        #expect(try await bench.store.nextTrigger() == nil)
    }

    @Test(arguments: BackEnd.allCases)
    func `that succeeded or was killed is not retried`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil), retries: 5))
        let good = try await bench.run(session, job)
        #expect(try await bench.finish(session, good) == .recorded(retry: nil))
        let killed = try await bench.run(session, job, from: 60, at: 120)
        #expect(try await bench.finish(session, killed, as: .killed) == .recorded(retry: nil))
    }

    @Test(arguments: BackEnd.allCases)
    func `of a deleted job is not retried`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let grant = try await bench.run(session, bench.put(gate: Bench.gate(retries: 5)))
        try await bench.delete()
        #expect(try await bench.finish(session, grant, as: .failed) == .recorded(retry: nil))
    }

    @Test(arguments: BackEnd.allCases)
    func `is ordered to end through every renewal until it has ended`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let (session, stranger) = (try await bench.session("a"), try await bench.session("b"))
        let grant = try await bench.run(session, bench.put())
        let order = bench.order(grant.run)
        let pulse = try await bench.store.pulse().kills
        #expect(try await bench.store.kill(order)?.kill == order)
        #expect(try await bench.store.pulse().kills == pulse + 1)
        // A second order changes nothing.
        bench.clock.advance(by: .seconds(1))
        #expect(try await bench.store.kill(bench.order(grant.run))?.kill == order)
        #expect(try await bench.store.pulse().kills == pulse + 1)
        #expect(try await bench.store.renew(session).kills == [order])
        #expect(try await bench.store.renew(session).kills == [order])
        #expect(try await bench.store.renew(stranger).kills.isEmpty)
        try await bench.finish(session, grant, as: .killed)
        #expect(try await bench.store.renew(session).kills.isEmpty)
        #expect(try await bench.store.kill(bench.order(RunID("run-nobody"))) == nil)
    }

    @Test(arguments: BackEnd.allCases)
    func `that waits for its retry is ended by removing the retry`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil), retries: 5))
        let grant = try await bench.run(session, job)
        try await bench.finish(session, grant, as: .failed)
        let other = try await bench.run(session, job, from: 60, at: 120)
        try await bench.finish(session, other, as: .failed)
        #expect(try await bench.due().count == 2)
        let record = try #require(await bench.store.kill(bench.order(grant.run)))
        #expect(record.state == .failed && record.kill == nil)
        #expect(try await bench.due().map(\.cause) == [.retry(of: other.run)])
    }

    @Test(arguments: BackEnd.allCases)
    func `with a kill order is not started again after its node is lost`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let (dead, taker) = (try await bench.session("a"), try await bench.session("b"))
        let job = try await bench.put(gate: Bench.gate(nodeLoss: .retry(limit: 5)))
        let grant = try await bench.run(dead, job)
        _ = try await bench.store.kill(bench.order(grant.run))
        try await bench.expire(dead)
        #expect(try await bench.store.takeOver(dead, by: taker, limit: 10).count == 1)
        #expect(try await bench.due().isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `is listed newest first, by page and by filter`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil)))
        var grants: [Grant] = []
        for minute: Int64 in 1...5 {
            grants.append(
                try await bench.run(session, job, from: minute * 60 - 60, at: minute * 60)
            )
        }
        try await bench.finish(session, grants[1], as: .failed)
        var filter = RunFilter()
        filter.limit = 2
        let first = try await bench.store.runs(filter)
        #expect(first.map(\.id) == [grants[4].run, grants[3].run])
        filter.before = first.last?.id
        #expect(try await bench.store.runs(filter).map(\.id) == [grants[2].run, grants[1].run])
        filter = RunFilter()
        filter.states = [.failed, .lost]
        #expect(try await bench.store.runs(filter).map(\.id) == [grants[1].run])
        filter = RunFilter()
        filter.from = Bench.at(120)
        filter.through = Bench.at(180)
        filter.job = job.uid
        filter.tenant = "default"
        filter.node = NodeName("a")
        filter.session = session
        #expect(try await bench.store.runs(filter).map(\.id) == [grants[2].run, grants[1].run])
        filter.tenant = "other"
        #expect(try await bench.store.runs(filter).isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `is kept as long as its job says, and an open one always`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil), keep: 2))
        var grants: [Grant] = []
        for minute: Int64 in 1...5 {
            grants.append(
                try await bench.run(session, job, from: minute * 60 - 60, at: minute * 60)
            )
        }
        for grant in grants.dropFirst() { try await bench.finish(session, grant) }
        #expect(try await bench.store.prune(StoreRetention()) == 2)
        let kept = try await bench.store.runs(RunFilter()).map(\.id)
        #expect(kept == [grants[4].run, grants[3].run, grants[0].run])
        bench.clock.advance(by: .seconds(31 * 86_400))
        _ = try await bench.store.prune(StoreRetention())
        #expect(try await bench.store.runs(RunFilter()).map(\.id) == [grants[0].run])
        // What is pruned stays decided.
        let again = try await bench.claim(session, bench.item(job, from: 60, runs: [120]))
        #expect(again == .taken(cursor: Bench.at(300)))
    }

    @Test(arguments: BackEnd.allCases)
    func `of a new job stays above the fences of a pruned one`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let old = try await bench.put(gate: Bench.gate(.allow(limit: nil)))
        bench.advance(to: 180)
        let grants = try await bench.claim(session, bench.item(old, runs: [60, 120, 180])).grants
        for grant in grants { try await bench.finish(session, grant) }
        try await bench.delete()
        bench.clock.advance(by: .seconds(8 * 86_400))
        _ = try await bench.store.prune(StoreRetention())
        #expect(try await bench.store.object(old.key) == nil)
        let new = try await bench.put()
        let day: Int64 = 86_400
        let from = 180 + 8 * day
        let next = try await bench.run(session, new, from: from, at: from + 60)
        #expect(next.fence > grants[2].fence)
    }
}
