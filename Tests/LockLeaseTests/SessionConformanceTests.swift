import LockLease
import Testing
import Vocabulary

@Suite struct `Sessions` {
    @Test(arguments: BackEnd.allCases)
    func `of one node name live one at a time`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let first = try await bench.session()
        do {
            _ = try await bench.session()
            Issue.record("a second session was opened")
        } catch StoreError.nodeNameInUse(let view) {
            #expect(view.id == first)
            #expect(view.node == Bench.node("a"))
            #expect(view.term == .seconds(10))
            #expect(view.isLive && !view.isGone)
        }
        try await bench.expire(first)
        #expect(try await bench.session() > first)
    }

    @Test(arguments: BackEnd.allCases.filter(\.knowsTheGone))
    func `are replaced at once when their process is gone`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let dead = try await bench.other.openSession(Bench.node("a"), term: .seconds(10))
        #expect(try await bench.store.sessions().map(\.isGone) == [false])
        await bench.loseOther(dead)
        #expect(try await bench.store.sessions().map(\.isGone) == [true])
        let next = try await bench.session()
        #expect(try await bench.store.sessions().map(\.isLive) == [false, true])
        #expect(next > dead)
    }

    @Test(arguments: BackEnd.allCases)
    func `are renewed beat by beat, and not after their end`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        #expect(try await bench.store.renew(session).beat == Beat(1))
        let renewal = try await bench.store.renew(session)
        #expect(renewal.beat == Beat(2))
        #expect(renewal.head.revision == job.revision)
        try await bench.store.closeSession(session)
        await #expect(throws: StoreError.sessionLost) { try await bench.store.renew(session) }
        await #expect(throws: StoreError.sessionLost) {
            try await bench.store.renew(SessionID(99))
        }
    }

    @Test(arguments: BackEnd.allCases)
    func `expire only at the observed beat`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        _ = try await bench.store.renew(session)
        #expect(try await bench.store.expire(session, observed: Beat(0)) == false)
        #expect(try await bench.store.expire(session, observed: Beat(1)) == true)
        #expect(try await bench.store.expire(session, observed: Beat(1)) == false)
        await #expect(throws: StoreError.sessionLost) { try await bench.store.renew(session) }
    }

    @Test(arguments: BackEnd.allCases)
    func `show a claim as a beat`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        _ = try await bench.run(session, bench.put())
        #expect(try await bench.store.expire(session, observed: Beat(0)) == false)
        let view = try await bench.store.sessions()[0]
        #expect(view.beat == Beat(1))
        #expect(view.openRuns == 1)
    }

    @Test(arguments: BackEnd.allCases)
    func `that are dead claim nothing`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        bench.advance(to: 60)
        try await bench.expire(session)
        await #expect(throws: StoreError.sessionLost) {
            try await bench.claim(session, bench.item(job, runs: [60]))
        }
        #expect(try await bench.store.cursors(of: [job.uid]) == [job.uid: Bench.start])
        await #expect(throws: StoreError.sessionLost) {
            try await bench.store.takeOver(session, by: session, limit: 10)
        }
    }

    @Test(arguments: BackEnd.allCases)
    func `lose their open runs when they close`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(nodeLoss: .retry(limit: 1)))
        let grant = try await bench.run(session, job)
        try await bench.store.closeSession(session)
        try await bench.store.closeSession(session)
        let run = try #require(await bench.store.run(grant.run))
        #expect(run.state == .lost)
        #expect(run.finishedAt == Bench.at(60))
        let retry = try #require(await bench.due().first)
        #expect(retry.cause == .nodeLoss(of: grant.run))
        #expect(retry.key.attempt == 2)
    }

    @Test(arguments: BackEnd.allCases)
    func `that are dead are taken over run by run`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let dead = try await bench.session("dead")
        let taker = try await bench.session("taker")
        let stays = try await bench.put("stays")
        let again = try await bench.put("again", gate: Bench.gate(nodeLoss: .retry(limit: 1)))
        let first = try await bench.run(dead, stays)
        let second = try await bench.run(dead, again)
        #expect(try await bench.store.takeOver(dead, by: taker, limit: 10).isEmpty)
        try await bench.expire(dead)
        let taken = try await bench.store.takeOver(dead, by: taker, limit: 1)
        #expect(taken.map(\.id) == [first.run])
        #expect(taken.map(\.state) == [.lost])
        #expect(try await bench.due().isEmpty)
        let rest = try await bench.store.takeOver(dead, by: taker, limit: 10)
        #expect(rest.map(\.id) == [second.run])
        #expect(try await bench.due().map(\.cause) == [.nodeLoss(of: second.run)])
        #expect(try await bench.store.takeOver(dead, by: taker, limit: 10).isEmpty)
        // The old owner's report comes too late now.
        #expect(try await bench.finish(dead, second) == .stale(.lost))
    }

    @Test(arguments: BackEnd.allCases)
    func `cost a run as many attempts as its job grants`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let taker = try await bench.session("taker")
        let job = try await bench.put(gate: Bench.gate(retries: 1, nodeLoss: .retry(limit: 1)))
        let dead = try await bench.session("dead")
        let first = try await bench.run(dead, job)
        try await bench.expire(dead)
        _ = try await bench.store.takeOver(dead, by: taker, limit: 10)
        // The second attempt fails: that is the policy for failures, counted by itself.
        let again = try await bench.session("dead")
        let second = try await bench.claim(again, bench.item(job, bench.due()[0])).grant()
        #expect(second.fence > first.fence)
        try await bench.finish(again, second, as: .failed)
        let third = try await bench.claim(again, bench.item(job, bench.due()[0])).grant()
        #expect(third.key.attempt == 3)
        #expect(third.cause == .retry(of: second.run))
        // The node dies a second time, which is once more than granted.
        try await bench.expire(again)
        _ = try await bench.store.takeOver(again, by: taker, limit: 10)
        #expect(try await bench.due().isEmpty)
        #expect(try await bench.store.run(third.run)?.state == .lost)
    }

    @Test(arguments: BackEnd.allCases)
    func `are forgotten an hour after their end, and their numbers never return`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        try await bench.store.closeSession(session)
        #expect(try await bench.store.prune(StoreRetention()) == 0)
        bench.clock.advance(by: .seconds(3_601))
        #expect(try await bench.store.prune(StoreRetention()) == 1)
        #expect(try await bench.store.sessions().isEmpty)
        #expect(try await bench.session() > session)
    }

    @Test(arguments: BackEnd.allCases)
    func `that expired may still report until they are taken over`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session("a")
        let grant = try await bench.run(session, bench.put())
        try await bench.expire(session)
        let next = try await bench.session("a")
        // Another session reports for it in vain, even if it is the same node's.
        #expect(try await bench.finish(next, grant) == .stale(.open))
        #expect(try await bench.finish(session, grant) == .recorded(retry: nil))
        #expect(try await bench.store.takeOver(session, by: next, limit: 10).isEmpty)
    }
}
