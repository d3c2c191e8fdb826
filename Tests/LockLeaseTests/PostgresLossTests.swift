import LockLease
import Postgres
import TestSupport
import Testing
import Vocabulary

/// Connections that break, most of all between a COMMIT and its answer.
///
/// What these catch, each tried by breaking it: an unknown outcome taken for a failure, or resolved
/// by a read or under a new request id; a connection used again before somebody has looked at who
/// answers; a transaction that goes on on another connection than it began on.
@Suite(.enabled(if: PostgresServer.isPossible)) struct `An answer lost on the way` {
    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `of a claim is found out by sending the same claim again`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        for round in 0..<10 {
            let items = [try await bench.next(job)]
            let id = RequestID("claim-\(round)")
            bench.proxy.loseAnswers(with: "UPDATE 1")
            await expectFailure(\.isUnknown) {
                try await bench.store.claim(session, id: id, items: items)
            }
            #expect(bench.proxy.lossesLeft == 0)
            // Nothing is sent before somebody has looked at who answers now.
            await expectFailure(\.isUnavailable) {
                try await bench.store.claim(session, id: id, items: items)
            }
            _ = try await bench.store.identify()
            let before = try await bench.other.identify().writes
            let outcomes = try await bench.store.claim(session, id: id, items: items)
            #expect(outcomes[0].grants.map(\.fence) == [Fence(Int64(round + 1))])
            // It changed nothing but that it was written: that is what a standby has to confirm.
            #expect(try await bench.other.identify().writes == before)
        }
        #expect(try await bench.other.runs(RunFilter()).count == 10)
        let touched = try bench.connection().run(
            [Step("SELECT touched FROM meta")],
            until: .now + .seconds(9)
        )
        #expect(touched[0].first?.integer(0) == 10)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `that was a question lost on the way is one as well`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        // The second claim of a job takes one round trip, so that what is lost is the COMMIT.
        for round in 0..<2 {
            let item = try await bench.next(job)
            _ = try await bench.store.claim(session, id: RequestID("\(round)"), items: [item])
        }
        let items = [try await bench.next(job)]
        bench.proxy.loseNextQuestion()
        await expectFailure(\.isUnknown) {
            try await bench.store.claim(session, id: RequestID("lost"), items: items)
        }
        #expect(try await bench.other.runs(RunFilter()).count == 2)
        _ = try await bench.store.identify()
        let outcomes = try await bench.store.claim(session, id: RequestID("lost"), items: items)
        #expect(outcomes[0].grants.count == 1)
        #expect(try await bench.other.runs(RunFilter()).count == 3)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `before anything was to be committed is no doubt`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        let items = [try await bench.next(job)]
        bench.proxy.loseNextQuestion()
        await expectFailure(\.isUnavailable) {
            try await bench.store.claim(session, id: RequestID("lost"), items: items)
        }
        // A transaction that was begun before does not go on on a connection that is made now.
        _ = try await bench.store.identify()
        #expect(try await bench.other.runs(RunFilter()).isEmpty)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `of a finish, a trigger, a kill or an edit is found out in the same way`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil), retries: 1))
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        let item = try await bench.next(job)
        let won = try await bench.store.claim(session, id: RequestID("1"), items: [item])
        let grant = try won[0].grant()
        let completion = Completion(
            run: grant.run,
            fence: grant.fence,
            state: .failed,
            exit: .code(1),
            reason: "",
            retryDelay: .zero
        )
        let finished = try await bench.again {
            try await $0.finish(session, completions: [completion])
        }
        #expect(finished == [.recorded(retry: TriggerID(1))])
        #expect(try await bench.other.waitingTriggers(of: job.uid).count == 1)
        let trigger = try await bench.again {
            try await $0.trigger(job.key, id: RequestID("2"), author: "ann")
        }
        #expect(trigger.id == TriggerID(2))
        #expect(try await bench.other.waitingTriggers(of: job.uid).count == 2)
        let order = KillOrder(
            run: grant.run,
            author: "ann",
            grace: nil,
            requestedAt: bench.clock.now
        )
        _ = try await bench.again { try await $0.kill(order) }
        #expect(try await bench.other.waitingTriggers(of: job.uid).map(\.id) == [trigger.id])
        let edit = ObjectEdit(
            key: Bench.key("other"),
            expecting: .absent,
            uid: UID("u"),
            change: .put(body: [1], gate: Bench.gate())
        )
        let batch = try await bench.again {
            try await $0.commit([edit], id: RequestID("3"), author: "ann")
        }
        #expect(try await bench.other.pulse().head == batch.position)
        #expect(batch.records[0].version == Version(1))
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `of a renewal costs nothing but the beat`() async throws {
        let bench = try PostgresBench()
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        #expect(try await bench.store.renew(session).beat == Beat(1))
        bench.proxy.loseAnswers(with: "UPDATE 1")
        await expectFailure(\.isUnknown) { try await bench.store.renew(session) }
        // The other lanes of the store know as well that somebody must look first.
        await expectFailure(\.isUnavailable) { try await bench.store.sessions() }
        await expectFailure(\.isUnavailable) { try await bench.store.pulse() }
        _ = try await bench.store.identify()
        #expect(try await bench.store.renew(session).beat == Beat(3))
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `never makes two of one, whatever is lost how often`() async throws {
        let bench = try PostgresBench()
        let jobs = [try await bench.put("a"), try await bench.put("b")]
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        var random = SystemRandomNumberGenerator()
        var won = 0
        for round in 0..<60 {
            let items = [try await bench.next(jobs[0]), try await bench.next(jobs[1])]
            let id = RequestID("claim-\(round)")
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bench.proxy.loseAnswers(with: "UPDATE 1")
            case 1: bench.proxy.loseNextQuestion()
            case _: break
            }
            var outcomes: [ClaimOutcome]?
            while outcomes == nil {
                do {
                    outcomes = try await bench.store.claim(session, id: id, items: items)
                } catch {
                    guard error.isUnknown || error.isUnavailable else { throw error }
                    _ = try? await bench.store.identify()
                }
            }
            won += outcomes?.flatMap(\.grants).count ?? 0
        }
        #expect(won == 120)
        var filter = RunFilter()
        filter.limit = 1_000
        let runs = try await bench.other.runs(filter)
        #expect(runs.count == 120)
        #expect(Set(runs.map(\.key)).count == 120)
        for job in jobs {
            let fences = runs.filter { $0.key.job == job.uid }.map(\.fence.rawValue)
            #expect(fences.sorted() == (1...60).map { Int64($0) })
        }
    }
}

extension PostgresBench {
    /// Makes a call whose answer is lost, and then the same call again.
    fileprivate func again<Answer>(
        _ call: (PostgresLeaseStore) async throws -> Answer
    ) async throws -> Answer {
        proxy.loseAnswers(with: "UPDATE 1")
        await expectFailure(\.isUnknown) { try await call(store) }
        #expect(proxy.lossesLeft == 0)
        _ = try await store.identify()
        return try await call(store)
    }
}
