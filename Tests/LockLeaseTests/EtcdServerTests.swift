import Foundation
import LockLease
import TestSupport
import Testing
import Vocabulary

/// What a real etcd does when it is killed, full, restored, or not the one that was meant.
@Suite(.tags(.integration), .timeLimit(.minutes(3)), .serialized) struct `A real etcd` {
    private func put(
        _ store: any LeaseStore,
        _ name: String = "job",
        id: String = "1",
        body: [UInt8] = []
    ) async throws -> ObjectRecord {
        let edit = ObjectEdit(
            key: Bench.key(name),
            expecting: .any,
            uid: UID("uid-\(name)"),
            change: .put(body: body, gate: Bench.gate(.allow(limit: nil)))
        )
        return try await store.commit([edit], id: RequestID(id), author: "ann").records[0]
    }

    private func refusal(_ call: () async throws -> some Sendable) async -> String {
        do {
            return "answered \(try await call())"
        } catch {
            return "\(error)"
        }
    }

    // MARK: Deaths

    /// Claims one instant after the other, however often etcd dies; answers what was acknowledged.
    private func race(
        _ store: EtcdLeaseStore,
        as name: String,
        _ job: ObjectRecord,
        count: Int
    ) async throws -> [Grant] {
        var grants: [Grant] = []
        var session: SessionID?
        var pending: (RequestID, ClaimItem)?
        var number = 0
        while !Task.isCancelled {
            do throws(StoreError) {
                let mine: SessionID
                if let session {
                    mine = session
                } else {
                    mine = try await store.openSession(
                        Bench.node("\(name)-\(number)"),
                        term: .seconds(10)
                    )
                }
                session = mine
                if pending == nil {
                    let from = try await store.cursors(of: [job.uid])[job.uid] ?? .epoch
                    guard from < job.createdAt.advanced(by: .seconds(count)) else { return grants }
                    number += 1
                    let next = from.advanced(by: .seconds(1))
                    let run = RunID("run-\(number)-\(name)")
                    let plan = PlannedRun(instant: next, run: run, cause: .schedule)
                    let item = ClaimItem(
                        job: job.uid,
                        revision: job.revision,
                        subject: .instants(from: from, to: next, runs: [plan], skips: [])
                    )
                    pending = (RequestID("\(name)-\(number)"), item)
                }
                guard let (id, item) = pending else { continue }
                grants += try await store.claim(mine, id: id, items: [item]).flatMap(\.grants)
                pending = nil
            } catch {
                switch error {
                case .unknown: break
                case .unavailable where pending != nil: break
                case .unavailable, .nodeNameInUse: number += 1
                case _: throw error
                }
                _ = try? await store.identify()
            }
        }
        return grants
    }

    @Test func `that is killed again and again loses no claim and makes none twice`() async throws {
        let server = try EtcdServer()
        let clock = ManualClock(at: Bench.start)
        var settings = server.settings()
        settings.clock = { clock.now }
        settings.callLimit = .seconds(1)
        let stores = (0..<2).map { [settings] _ in EtcdLeaseStore(settings) }
        let job = try await put(stores[0])
        clock.advance(by: .seconds(100_000))
        let count = 300
        let grants = try await withThrowingTaskGroup(of: [Grant].self) { group in
            for (index, store) in stores.enumerated() {
                group.addTask { try await race(store, as: "n\(index)", job, count: count) }
            }
            for progress: Int64 in [60, 150, 240] {
                let goal = job.createdAt.advanced(by: .seconds(progress))
                try await requireEventually {
                    ((try? await stores[0].cursors(of: [job.uid]))?[job.uid] ?? .epoch) >= goal
                }
                try server.kill()
                try server.start()
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(grants.count == count)
        #expect(Set(grants.map(\.key.instant)).count == count)
        #expect(Set(grants.map(\.fence)).count == count)
        var filter = RunFilter()
        filter.limit = 10_000
        #expect(try await stores[0].runs(filter).count == count)
    }

    @Test func `that is away is told as such, and is used again once it was looked at`()
        async throws
    {
        let server = try EtcdServer()
        let store = EtcdLeaseStore(server.settings())
        let job = try await put(store)
        try server.stop()
        let away = await refusal { try await store.object(job.key) }
        #expect(away.contains("the store is away (nothing was changed)"))
        #expect(away.contains("cannot connect"))
        try server.start()
        #expect(await refusal { try await store.object(job.key) }.contains("looked at first"))
        _ = try await store.identify()
        #expect(try await store.object(job.key) == job)
    }

    @Test func `that was taken back to an older state is refused`() async throws {
        let server = try EtcdServer()
        let store = EtcdLeaseStore(server.settings())
        let witnessed = WitnessedStore(store, witness: HistoryWitness())
        _ = try await put(witnessed)
        try server.stop()
        let (data, kept) = (server.folder + "/data", server.folder + "/kept")
        try FileManager.default.copyItem(atPath: data, toPath: kept)
        try server.start()
        _ = await refusal { try await witnessed.identify() }
        let job = try await put(witnessed, id: "2", body: [1])
        try server.kill()
        try FileManager.default.removeItem(atPath: data)
        try FileManager.default.moveItem(atPath: kept, toPath: data)
        try server.start()
        // The connection broke with the old server, and the first look is at an older history.
        try await requireEventually {
            await refusal { try await put(witnessed, id: "3") }.contains("until somebody accepts")
        }
        #expect(try await store.object(job.key)?.version == Version(1))
        _ = try await witnessed.acceptHistory()
        #expect(try await put(witnessed, id: "4").revision > job.revision)
    }

    // MARK: Room

    @Test func `that is full says so, and warns before`() async throws {
        let server = try EtcdServer(flags: ["--quota-backend-bytes=8388608"])
        var settings = server.settings()
        settings.quotaBytes = 8 << 20
        let store = EtcdLeaseStore(settings)
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        #expect(try await store.examine() == [])
        var error = ""
        var warnings: [String] = []
        for number in 0..<100 where error.isEmpty {
            do {
                let body = [UInt8](repeating: 7, count: 200_000)
                _ = try await put(store, "job-\(number)", id: "\(number)", body: body)
                if warnings.isEmpty { warnings = try await store.examine() }
            } catch StoreError.full(let why) {
                error = why
            }
        }
        #expect(error.contains("database space exceeded"))
        #expect(warnings.first?.contains("of its quota of 8 MiB") == true)
        // What only reads still works, and a full store has not been away.
        #expect(try await store.snapshot(after: nil, limit: 1).records.count == 1)
        await #expect(throws: StoreError.self) { try await store.renew(session) }
        #expect(await refusal { try await store.renew(session) }.contains("full"))
    }

    @Test func `takes no commit that is larger than its requests may be, and all else after it`()
        async throws
    {
        let store = EtcdLeaseStore(try EtcdServer.share().settings())
        let error = await refusal {
            try await put(store, "large", body: [UInt8](repeating: 7, count: 3 << 20))
        }
        #expect(error.contains("more than the store takes at once (nothing was changed)"))
        #expect(error.contains("--max-request-bytes"))
        #expect(try await put(store, id: "2").version == Version(1))
    }

    @Test func `takes hundreds of jobs in one commit, and gives them back page by page`()
        async throws
    {
        let store = EtcdLeaseStore(try EtcdServer.share().settings())
        func edits(_ change: (String) -> ObjectEdit.Change) -> [ObjectEdit] {
            (0..<600).map { number in
                let name = "job-\(1_000 + number)"
                return ObjectEdit(
                    key: Bench.key(name),
                    expecting: .any,
                    uid: UID("uid-\(name)"),
                    change: change(name)
                )
            }
        }
        let made = edits { .put(body: Array($0.utf8), gate: Bench.gate()) }
        let batch = try await store.commit(made, id: RequestID("1"), author: "ann")
        #expect(batch.records.count == 600)
        #expect(try await store.snapshot(after: nil, limit: 10_000).records == batch.records)
        #expect(try await store.changes(after: .zero, limit: 10) == [batch])
        let uids = batch.records.map(\.uid)
        #expect(try await store.cursors(of: uids).count == 600)
        let gone = try await store.commit(edits { _ in .delete }, id: RequestID("2"), author: "ann")
        #expect(gone.records.filter(\.isDeleted).count == 600)
        #expect(try await store.cursors(of: uids).isEmpty)
    }

    // MARK: Others

    @Test func `of another cluster is told from the one before`() async throws {
        let (one, two) = (try EtcdServer(), try EtcdServer())
        var settings = one.settings()
        let first = EtcdLeaseStore(settings)
        _ = try await put(first)
        try two.stop()
        settings.endpoints = [one.endpoint, two.endpoint]
        let store = EtcdLeaseStore(settings)
        // With one of two members away, whichever it asks first, it works.
        _ = try await store.identify()
        _ = try await put(store, id: "2")
        try two.start()
        try one.stop()
        try await requireEventually {
            _ = try? await store.identify()
            let error = await refusal { try await store.identify() }
            return error.contains("is of the etcd cluster") && error.contains(two.endpoint)
        }
    }

    @Test func `whose prefix holds something else is left alone`() async throws {
        let server = try EtcdServer.share()
        let owner = EtcdLeaseStore(server.settings())
        _ = try await put(owner)
        // A store of ours below the prefix of another: its keys are something else to that one.
        var settings = server.settings()
        let inner = settings.prefix + "/inner"
        var other = settings
        other.prefix = inner
        _ = try await put(EtcdLeaseStore(other))
        let error = await refusal { try await put(EtcdLeaseStore(settings)) }
        #expect(error.contains("holds keys of something else, such as \(inner)/"))
        #expect(error.contains("Name another prefix"))
        settings.endpoints = ["127.0.0.1:1"]
        #expect(await refusal { try await put(EtcdLeaseStore(settings)) }.contains("store is away"))
    }

    // MARK: Pulses

    @Test func `tells at once when something moves, and in the end when nothing does`() async throws
    {
        let settings = try EtcdServer.share().settings()
        let (store, other) = (EtcdLeaseStore(settings), EtcdLeaseStore(settings))
        _ = try await put(store)
        let seen = try await store.pulse()
        #expect(try await store.pulse(after: seen, within: .milliseconds(300)) == seen)
        let began = ContinuousClock.now
        async let moved = store.pulse(after: seen, within: .seconds(60))
        _ = try await put(other, id: "2")
        #expect(try await moved != seen)
        #expect(began.duration(to: .now) < .seconds(20))
    }
}
