import LockLease
import TestSupport
import Testing
import Vocabulary

/// What happens between a decision and its write: the request is held back until others were
/// faster.
///
/// Each holds one condition in place, and fails without it (tried): the cursor's, the gate's, the
/// calendar's and the session's in a claim; the cursor's in a finish; the taker's session in a
/// takeover; the version in an expiry; the head's in a commit; the counters'; and that runs are
/// remembered no longer than their job.
@Suite(.tags(.integration), .timeLimit(.minutes(1))) struct `A write on its way` {
    let clock = ManualClock(at: Bench.start)
    let proxy: CuttingProxy
    /// Behind the proxy.
    let slow: EtcdLeaseStore
    let fast: EtcdLeaseStore

    init() throws {
        let server = try EtcdServer.share()
        proxy = try CuttingProxy(to: server.endpoint)
        var settings = server.settings()
        let clock = clock
        settings.clock = { clock.now }
        fast = EtcdLeaseStore(settings)
        settings.endpoints = [proxy.endpoint]
        settings.callLimit = .seconds(20)
        slow = EtcdLeaseStore(settings)
    }

    private func put(
        _ id: String,
        gate: JobGate = Bench.gate(),
        kind: ObjectKind = .job
    ) async throws -> ObjectRecord {
        let edit = ObjectEdit(
            key: ObjectKey(tenant: "default", kind: kind, name: "it"),
            expecting: .any,
            uid: UID("uid-\(kind)"),
            change: .put(body: Array(id.utf8), gate: kind == .job ? gate : nil)
        )
        return try await fast.commit([edit], id: RequestID(id), author: "ann").records[0]
    }

    private func item(
        _ job: ObjectRecord,
        _ run: String,
        from: Int64 = 0,
        by calendars: [ObjectRecord] = []
    ) -> ClaimItem {
        let planned = PlannedRun(instant: Bench.at(from + 60), run: RunID(run), cause: .schedule)
        return ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .instants(
                from: Bench.at(from),
                to: Bench.at(from + 60),
                runs: [planned],
                skips: []
            ),
            calendars: calendars.map { CalendarMark(name: $0.key.name, digest: $0.digest) }
        )
    }

    /// Makes `call` through the proxy, and `others` while its write is held back.
    private func race<Answer: Sendable>(
        _ call: @escaping @Sendable (EtcdLeaseStore) async throws -> Answer,
        against others: () async throws -> Void
    ) async throws -> Answer {
        _ = try await slow.identify()
        proxy.cut("request_put", to: .hold)
        async let answer = call(slow)
        try await requireEventually { proxy.done == 1 }
        try await others()
        proxy.release()
        return try await answer
    }

    @Test func `claims nothing under a revision that is old by then`() async throws {
        let session = try await slow.openSession(Bench.node("a"), term: .seconds(10))
        let job = try await put("1")
        clock.advance(by: .seconds(60))
        let items = [item(job, "run")]
        var edited: ObjectRecord?
        let outcomes = try await race({
            try await $0.claim(session, id: RequestID("claim"), items: items)
        }) { edited = try await put("2") }
        #expect(outcomes == [.stale(current: try #require(edited).revision)])
        #expect(try await fast.run(RunID("run")) == nil)
    }

    @Test func `claims nothing by a calendar that is old by then`() async throws {
        let session = try await slow.openSession(Bench.node("a"), term: .seconds(10))
        let job = try await put("1")
        let calendar = try await put("2", kind: .calendar)
        clock.advance(by: .seconds(60))
        let items = [item(job, "run", by: [calendar])]
        var edited: ObjectRecord?
        let outcomes = try await race({
            try await $0.claim(session, id: RequestID("claim"), items: items)
        }) { edited = try await put("3", kind: .calendar) }
        #expect(outcomes == [.stale(current: try #require(edited).revision)])
    }

    @Test func `claims nothing for a session that has ended by then`() async throws {
        let session = try await slow.openSession(Bench.node("a"), term: .seconds(10))
        let job = try await put("1")
        clock.advance(by: .seconds(60))
        let items = [item(job, "run")]
        await #expect(throws: StoreError.sessionLost) {
            try await race({
                try await $0.claim(session, id: RequestID("claim"), items: items)
            }) {
                let isExpired = try await fast.expire(session, observed: Beat(0))
                #expect(isExpired)
            }
        }
        #expect(try await fast.cursors(of: [job.uid]) == [job.uid: Bench.start])
    }

    @Test
    func `claims no instant that somebody has by then, and the rest of its items all the same`()
        async throws
    {
        let session = try await slow.openSession(Bench.node("a"), term: .seconds(10))
        let rival = try await fast.openSession(Bench.node("b"), term: .seconds(10))
        let job = try await put("1")
        let edit = ObjectEdit(
            key: Bench.key("other"),
            expecting: .any,
            uid: UID("uid-other"),
            change: .put(body: [], gate: Bench.gate(retries: 1))
        )
        let other = try await fast.commit([edit], id: RequestID("2"), author: "ann").records[0]
        clock.advance(by: .seconds(60))
        let items = [item(job, "run-1"), item(other, "run-2")]
        let outcomes = try await race({
            try await $0.claim(session, id: RequestID("claim"), items: items)
        }) {
            let rivals = [item(job, "run-3")]
            let won = try await fast.claim(rival, id: RequestID("rival"), items: rivals)
            #expect(won.map(\.grants.count) == [1])
        }
        #expect(outcomes[0] == .taken(cursor: Bench.at(60)))
        #expect(outcomes[1].grants.map(\.run) == [RunID("run-2")])
        #expect(try await fast.runs(RunFilter()).map(\.id) == [RunID("run-3"), RunID("run-2")])
        // Asked once more, it has won what it had won.
        let again = try await slow.claim(session, id: RequestID("claim"), items: items)
        #expect(again == outcomes)
        let views = try await fast.sessions()
        #expect(views.map(\.beat) == [Beat(1), Beat(1)])
    }

    @Test func `reports nothing of a run that was taken over by then`() async throws {
        let session = try await slow.openSession(Bench.node("a"), term: .seconds(10))
        let taker = try await fast.openSession(Bench.node("b"), term: .seconds(10))
        let job = try await put("1", gate: Bench.gate(nodeLoss: .retry(limit: 1)))
        clock.advance(by: .seconds(60))
        let items = [item(job, "run")]
        let claimed = try await slow.claim(session, id: RequestID("claim"), items: items)
        let completion = Completion(
            run: RunID("run"),
            fence: try claimed[0].grant().fence,
            state: .succeeded,
            exit: .code(0),
            reason: "",
            retryDelay: .zero
        )
        let outcomes = try await race({
            try await $0.finish(session, completions: [completion])
        }) {
            let isExpired = try await fast.expire(session, observed: Beat(1))
            let lost = try await fast.takeOver(session, by: taker, limit: 10)
            #expect(isExpired && lost.count == 1)
        }
        #expect(outcomes == [.stale(.lost)])
        #expect(try await fast.waitingTriggers(of: job.uid).count == 1)
    }

    @Test func `takes nothing over for a session that has ended by then`() async throws {
        let taker = try await slow.openSession(Bench.node("a"), term: .seconds(10))
        let dead = try await fast.openSession(Bench.node("b"), term: .seconds(10))
        let job = try await put("1")
        clock.advance(by: .seconds(60))
        let items = [item(job, "run")]
        _ = try await fast.claim(dead, id: RequestID("claim"), items: items)
        _ = try await fast.expire(dead, observed: Beat(1))
        await #expect(throws: StoreError.sessionLost) {
            try await race({
                try await $0.takeOver(dead, by: taker, limit: 10)
            }) { _ = try await fast.expire(taker, observed: Beat(0)) }
        }
        #expect(try await fast.run(RunID("run"))?.state == .open)
    }

    @Test func `overwrites no order to end a run`() async throws {
        let session = try await slow.openSession(Bench.node("a"), term: .seconds(10))
        let job = try await put("1", gate: Bench.gate(retries: 5))
        clock.advance(by: .seconds(60))
        let items = [item(job, "run")]
        let claimed = try await slow.claim(session, id: RequestID("claim"), items: items)
        let completion = Completion(
            run: RunID("run"),
            fence: try claimed[0].grant().fence,
            state: .failed,
            exit: .code(1),
            reason: "",
            retryDelay: .zero
        )
        let order = KillOrder(run: RunID("run"), author: "ann", grace: nil, requestedAt: clock.now)
        let outcomes = try await race({
            try await $0.finish(session, completions: [completion])
        }) {
            let killed = try await fast.kill(order)
            #expect(killed?.kill == order)
        }
        // With the order there is no next attempt.
        #expect(outcomes == [.recorded(retry: nil)])
        #expect(try await fast.run(RunID("run"))?.kill == order)
        #expect(try await slow.renew(session).kills.isEmpty)
    }

    @Test func `goes by no memory of a run whose job was read anew since`() async throws {
        let session = try await slow.openSession(Bench.node("a"), term: .seconds(10))
        let job = try await put("1", gate: Bench.gate(retries: 5))
        clock.advance(by: .seconds(60))
        let items = [item(job, "run")]
        let claimed = try await slow.claim(session, id: RequestID("claim"), items: items)
        let order = KillOrder(run: RunID("run"), author: "ann", grace: nil, requestedAt: clock.now)
        _ = try await fast.kill(order)
        _ = try await slow.cursors(of: [job.uid])
        let completion = Completion(
            run: RunID("run"),
            fence: try claimed[0].grant().fence,
            state: .succeeded,
            exit: .code(0),
            reason: "",
            retryDelay: .zero
        )
        let outcomes = try await slow.finish(session, completions: [completion])
        #expect(outcomes == [.recorded(retry: nil)])
        #expect(try await fast.run(RunID("run"))?.kill == order)
        #expect(try await slow.renew(session).kills.isEmpty)
    }

    @Test func `gives no number to two triggers`() async throws {
        let job = try await put("1", gate: Bench.gate(.allow(limit: nil)))
        let edit = ObjectEdit(
            key: Bench.key("other"),
            expecting: .any,
            uid: UID("uid-other"),
            change: .put(body: [], gate: Bench.gate())
        )
        _ = try await fast.commit([edit], id: RequestID("2"), author: "ann")
        var first: Trigger?
        let second = try await race({
            try await $0.trigger(job.key, id: RequestID("slow"), author: "ann")
        }) {
            first = try await fast.trigger(edit.key, id: RequestID("fast"), author: "ann")
        }
        #expect(first?.id == TriggerID(1))
        #expect(second.id == TriggerID(2))
        #expect(try await fast.pulse().triggers == 2)
        #expect(try await fast.dueTriggers(limit: 10).map(\.id) == [TriggerID(1), TriggerID(2)])
    }

    @Test func `expires no session that has renewed by then`() async throws {
        let session = try await fast.openSession(Bench.node("a"), term: .seconds(10))
        let isExpired = try await race({
            try await $0.expire(session, observed: Beat(0))
        }) { _ = try await fast.renew(session) }
        #expect(!isExpired)
        #expect(try await fast.renew(session).beat == Beat(2))
    }

    @Test func `commits nothing over an edit that came first`() async throws {
        let job = try await put("1")
        let edit = ObjectEdit(
            key: job.key,
            expecting: .version(job.version),
            uid: UID("u"),
            change: .delete
        )
        var edited: ObjectRecord?
        do {
            _ = try await race({
                try await $0.commit([edit], id: RequestID("slow"), author: "bob")
            }) { edited = try await put("2") }
            Issue.record("an edit of another version went through")
        } catch StoreError.conflict(let conflict) {
            #expect(conflict.current == edited)
        }
        #expect(try await fast.changes(after: .zero, limit: 10).count == 2)
    }

    @Test func `opens no second session of one name`() async throws {
        let slowly = Bench.node("a")
        await #expect(throws: StoreError.self) {
            try await race({
                try await $0.openSession(slowly, term: .seconds(10))
            }) { _ = try await fast.openSession(slowly, term: .seconds(10)) }
        }
        #expect(try await fast.sessions().count == 1)
    }
}
