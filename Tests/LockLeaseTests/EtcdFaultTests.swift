import LockLease
import Platform
import TestSupport
import Testing
import Vocabulary

/// Answers that are lost between etcd and us: what was done is done once.
///
/// Mutations that these have caught, each tried: a claim's request not remembered; the repetition
/// decided afresh; a lost answer told as `unavailable`; an expiry without its nonce; further calls
/// sent before the store was looked at.
@Suite(.tags(.integration), .timeLimit(.minutes(2))) struct `A lost answer of etcd's` {
    let clock = ManualClock(at: Bench.start)
    let proxy: CuttingProxy
    /// Behind the proxy.
    let store: EtcdLeaseStore
    /// Beside it.
    let direct: EtcdLeaseStore

    init() throws {
        let server = try EtcdServer.share()
        proxy = try CuttingProxy(to: server.endpoint)
        var settings = server.settings()
        let clock = clock
        settings.clock = { clock.now }
        direct = EtcdLeaseStore(settings)
        settings.endpoints = [proxy.endpoint]
        settings.callLimit = .seconds(2)
        store = EtcdLeaseStore(settings)
    }

    private func job(_ name: String = "job", retries: Int = 0) async throws -> ObjectRecord {
        let edit = ObjectEdit(
            key: Bench.key(name),
            expecting: .any,
            uid: UID("uid-\(name)"),
            change: .put(body: [], gate: Bench.gate(retries: retries))
        )
        return try await direct.commit([edit], id: RequestID(name), author: "ann").records[0]
    }

    private func item(_ job: ObjectRecord, from: Int64 = 0, at seconds: Int64) -> ClaimItem {
        let run = PlannedRun(
            instant: Bench.at(seconds),
            run: RunID("run-\(job.uid)-\(seconds)"),
            cause: .schedule
        )
        return ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .instants(from: Bench.at(from), to: Bench.at(seconds), runs: [run], skips: [])
        )
    }

    /// Two in a row: curl sends once more by itself when a kept connection breaks.
    private func unknown(_ call: () async throws -> some Sendable) async throws {
        proxy.cut("request_put", times: 2)
        do {
            _ = try await call()
            Issue.record("the answer was not lost")
        } catch StoreError.unknown {
            #expect(proxy.done == 2)
        }
        // Nothing is sent until somebody has looked at what is there.
        await #expect(throws: StoreError.self) { try await store.pulse() }
        await #expect(throws: StoreError.self) { try await store.renew(SessionID(1)) }
        _ = try await store.identify()
        _ = try await store.pulse()
    }

    @Test func `to a claim is found again under the same request, and the run is claimed once`()
        async throws
    {
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        let jobs = [try await job("one"), try await job("two")]
        clock.advance(by: .seconds(60))
        let items = jobs.map { item($0, at: 60) }
        let id = RequestID("claim")
        try await unknown { try await store.claim(session, id: id, items: items) }
        let first = try await store.claim(session, id: id, items: items)
        #expect(first.map(\.grants.count) == [1, 1])
        #expect(first.flatMap(\.grants).map(\.fence) == [Fence(1), Fence(1)])
        #expect(try await store.claim(session, id: id, items: items) == first)
        #expect(try await direct.runs(RunFilter()).count == 2)
        // Another request has lost.
        let other = try await direct.claim(session, id: RequestID("other"), items: items)
        #expect(other == [.taken(cursor: Bench.at(60)), .taken(cursor: Bench.at(60))])
    }

    @Test func `to a finish, an edit or a trigger is the same when it is asked for again`()
        async throws
    {
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        let job = try await job(retries: 1)
        clock.advance(by: .seconds(60))
        let claimed = try await store.claim(
            session,
            id: RequestID("claim"),
            items: [item(job, at: 60)]
        )
        let grant = try claimed[0].grant()
        let completion = Completion(
            run: grant.run,
            fence: grant.fence,
            state: .failed,
            exit: .code(1),
            reason: "",
            retryDelay: .zero
        )
        try await unknown { try await store.finish(session, completions: [completion]) }
        let finished = try await store.finish(session, completions: [completion])
        #expect(finished == [.recorded(retry: TriggerID(1))])
        #expect(try await direct.waitingTriggers(of: job.uid).count == 1)

        let edit = ObjectEdit(
            key: job.key,
            expecting: .version(job.version),
            uid: UID("other"),
            change: .put(body: [1], gate: Bench.gate())
        )
        let id = RequestID("edit")
        try await unknown { try await store.commit([edit], id: id, author: "ann") }
        let batch = try await store.commit([edit], id: id, author: "ann")
        #expect(batch.records[0].version == Version(2))
        #expect(try await direct.pulse().head == batch.position)

        let asked = RequestID("trigger")
        try await unknown { try await store.trigger(job.key, id: asked, author: "ann") }
        let trigger = try await store.trigger(job.key, id: asked, author: "ann")
        #expect(try await direct.waitingTriggers(of: job.uid).map(\.id).contains(trigger.id))
        #expect(try await direct.waitingTriggers(of: job.uid).count == 2)
    }

    @Test func `that curl asks for again by itself changes no outcome`() async throws {
        let dead = try await direct.openSession(Bench.node("dead"), term: .seconds(10))
        _ = try await store.identify()
        // Each is done the first time and found done the second time.
        proxy.cut("request_put")
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        #expect(proxy.done == 1)
        #expect(try await direct.sessions().map(\.id) == [dead, session])
        proxy.cut("request_put")
        #expect(try await store.expire(dead, observed: Beat(0)) == true)
        #expect(proxy.done == 1)
        let job = try await job()
        clock.advance(by: .seconds(60))
        proxy.cut("request_put")
        let claimed = try await store.claim(
            session,
            id: RequestID("claim"),
            items: [item(job, at: 60)]
        )
        #expect(try claimed[0].grant().fence == Fence(1))
        #expect(proxy.done == 1)
    }

    @Test func `that never comes is waited for no longer than allowed, and holds up no renewal`()
        async throws
    {
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        _ = try await store.renew(session)
        let job = try await job()
        clock.advance(by: .seconds(60))
        let items = [item(job, at: 60)]
        let id = RequestID("claim")
        proxy.cut("mod_revision", to: .silence)
        let began = SystemClock.monotonic
        async let claim = store.claim(session, id: id, items: items)
        try await requireEventually { proxy.done == 1 }
        for _ in 0..<20 { _ = try await store.renew(session) }
        #expect(began.duration(to: SystemClock.monotonic) < .seconds(1.5))
        do {
            _ = try await claim
            Issue.record("the claim was answered")
        } catch StoreError.unknown {}
        #expect(began.duration(to: SystemClock.monotonic) < .seconds(4))
        _ = try await store.identify()
        let again = try await store.claim(session, id: id, items: items)
        #expect(again.map(\.grants.count) == [1])
    }
}
