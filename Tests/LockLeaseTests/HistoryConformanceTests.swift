import LockLease
import Testing
import Vocabulary

/// What accepting a restored store does, the same in every back end.
@Suite struct `An accepted history` {
    @Test(arguments: BackEnd.allCases)
    func `begins an epoch that copies have to read afresh`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let old = try await bench.put()
        let before = try await bench.store.identify()
        let after = try await bench.store.acceptHistory()
        #expect(after.id == before.id)
        #expect(after.head.revision == Revision(epoch: 2, sequence: old.revision.sequence))
        #expect(after.head.digest == before.head.digest)
        #expect(after.writes > before.writes)
        await #expect(throws: StoreError.compacted(floor: after.head.revision)) {
            try await bench.store.changes(after: old.revision, limit: 10)
        }
        let next = try await bench.put(body: "[]")
        #expect(next.revision == Revision(epoch: 2, sequence: old.revision.sequence + 1))
        let changes = try await bench.store.changes(after: after.head.revision, limit: 10)
        #expect(changes.map(\.previous) == [after.head])
    }

    @Test(arguments: BackEnd.allCases)
    func `starts nothing that may have run already`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let busy = try await bench.put(
            "busy",
            gate: Bench.gate(.queue, retries: 3, nodeLoss: .retry(limit: 3))
        )
        let idle = try await bench.put("idle")
        let run = try await bench.run(session, busy)
        _ = try await bench.claim(session, bench.item(busy, from: 60, runs: [60 + 60], to: 120))
        bench.advance(to: 180)
        _ = try await bench.claim(session, bench.item(busy, from: 60, runs: [120]))
        #expect(try await bench.store.waitingTriggers(of: busy.uid).count == 1)
        _ = try await bench.store.acceptHistory()
        #expect(try await bench.store.run(run.run)?.state == .lost)
        #expect(try await bench.store.waitingTriggers(of: busy.uid).isEmpty)
        #expect(try await bench.store.sessions().map(\.isLive) == [false])
        let now = Bench.at(180)
        #expect(
            try await bench.store.cursors(of: [busy.uid, idle.uid])
                == [busy.uid: now, idle.uid: now]
        )
        let unknown = SkipRange(from: Bench.start, through: now, count: 0, reason: .history)
        #expect(try await bench.skips(idle) == [unknown])
        #expect(try await bench.skips(busy).map(\.reason) == [.history, .history])
        #expect(try await bench.skips(busy).first?.through == Bench.at(120))
        // And from here on all is as before.
        let again = try await bench.session()
        #expect(try await bench.run(again, busy, from: 180, at: 240).fence > run.fence)
    }

    @Test(arguments: BackEnd.allCases)
    func `gives out no number that the lost part may have given out`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil)))
        let grant = try await bench.run(session, job)
        let trigger = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        _ = try await bench.store.acceptHistory()
        let next = try await bench.session()
        let fresh = try await bench.run(next, job, from: 60, at: 120)
        let new = try await bench.put("new")
        let other = try await bench.store.trigger(job.key, id: bench.request(), author: "ann")
        // Whatever was lost, it was less than a million of each.
        #expect(next.rawValue > session.rawValue + 1_000_000)
        #expect(fresh.fence.rawValue > grant.fence.rawValue + 1_000_000)
        #expect(other.id.rawValue > trigger.id.rawValue + 1_000_000)
        #expect(try await bench.run(next, new, from: 120, at: 180).fence.rawValue > 1_000_000)
    }

    @Test(arguments: BackEnd.allCases)
    func `leaves a claim of the old session behind`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        let grant = try await bench.run(session, job)
        _ = try await bench.store.acceptHistory()
        bench.advance(to: 120)
        await #expect(throws: StoreError.sessionLost) {
            try await bench.claim(session, bench.item(job, from: 60, runs: [120]))
        }
        #expect(try await bench.finish(session, grant) == .stale(.lost))
    }
}
