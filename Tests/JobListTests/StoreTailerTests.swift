import JobList
import LockLease
import SQLite
import Synchronization
import Testing
import TestSupport
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct StoreTailerTests {
    let folder: TestFolder
    let replica: Replica
    let store = FakeStore()
    let tailer: StoreTailer

    init() throws {
        folder = try TestFolder()
        replica = try Replica(ReplicaSettings(path: folder.database))
        var settings = TailerSettings()
        settings.batchesPerPage = 7
        settings.recordsPerPage = 10
        tailer = StoreTailer(store: store, list: replica, settings: settings)
    }

    var calls: [String] {
        store.state.withLock { state in
            defer { state.calls = [] }
            return state.calls
        }
    }

    func expectCaughtUp() async throws {
        #expect(await tailer.catchUp() == .current(store.head))
        #expect(await replica.position() == store.head)
        #expect(try await replica.everything() == store.state.withLock { $0.history.records })
    }

    @Test func `a fresh copy starts from a snapshot, then follows page by page`() async throws {
        store.edit { $0.history.commitJobs(25) }
        try await expectCaughtUp()
        #expect(calls.filter { $0.hasPrefix("snapshot") }.count == 4)
        store.edit { $0.history.commitJobs(20) }
        try await expectCaughtUp()
        #expect(calls == ["pulse", "changes 1.25", "changes 1.32", "changes 1.39", "changes 1.45"])
    }

    @Test func `a copy that is current costs one pulse`() async throws {
        store.edit { $0.history.commitJobs(2) }
        try await expectCaughtUp()
        _ = calls
        try await expectCaughtUp()
        #expect(calls == ["pulse"])
    }

    @Test func `history that is gone is replaced by a snapshot`() async throws {
        store.edit { $0.history.commitJobs(5) }
        try await expectCaughtUp()
        store.edit {
            $0.history.commitJobs(30)
            $0.floor = Revision(epoch: 1, sequence: 20)
        }
        try await expectCaughtUp()
        #expect(await replica.floor == store.head.revision)
    }

    @Test func `a whole copy waits for whoever has the old one open, and is not read again`()
        async throws
    {
        store.edit { $0.history.commitJobs(3) }
        try await expectCaughtUp()
        store.edit {
            $0.history.commitJobs(30)
            $0.floor = Revision(epoch: 1, sequence: 20)
        }
        do {
            let guest = try Connection(path: folder.database)
            _ = try guest.query("SELECT count(*) FROM object") { $0.integer(0) }
            guard case .replicaFailed(.unavailable(let why)) = await tailer.catchUp() else {
                Issue.record("the old copy's log was left to the new one")
                return
            }
            #expect(why.contains(folder.database))
            #expect(calls.contains { $0.hasPrefix("snapshot") })
            #expect(await tailer.catchUp() != .current(store.head))
            withExtendedLifetime(guest) {}
        }
        try await expectCaughtUp()
        #expect(calls.allSatisfy { !$0.hasPrefix("snapshot") })
    }

    @Test func `a list that changes while it is read is put together as of one position`()
        async throws
    {
        store.edit { state in
            state.history.commitJobs(35)
            state.betweenPages = { history in
                guard history.batches.count < 41 else { return }
                let number = history.batches.count
                // One behind what was read, one that was read already, one deleted, one new.
                history.commit([
                    (History.key("job-000034"), "again \(number)"),
                    (History.key("job-000001"), "again \(number)"),
                    (History.key("job-0000\((10 + number % 10))"), nil),
                    (History.key("a-new-\(number)"), "new"),
                ])
            }
        }
        try await expectCaughtUp()
    }

    @Test func `a store that went back is refused and nothing is changed`() async throws {
        store.edit { $0.history.commitJobs(9) }
        try await expectCaughtUp()
        let have = store.head
        let before = try await replica.everything()
        for restored in [5, 9] {
            var history = History()
            history.commit([(History.key("other"), "history")])
            history.commitJobs(restored - 1)
            store.edit { $0.history = history }
            #expect(await tailer.catchUp() == .regressed(have: have, store: history.head))
            #expect(try await replica.everything() == before)
        }
    }

    @Test func `a new epoch that does not join this copy is taken from a snapshot`() async throws {
        var history = History()
        history.commitJobs(5)
        var lost = history
        lost.commitJobs(3)
        store.edit { $0.history = lost }
        try await expectCaughtUp()
        history.commit([(History.key("after"), "restore")], epoch: 2)
        store.edit { $0.history = history }
        try await expectCaughtUp()
        #expect(try await replica.record(History.key("job-000007")) == nil)
    }

    @Test func `a store that is away leaves the copy as it is`() async throws {
        store.edit { $0.history.commitJobs(3) }
        try await expectCaughtUp()
        let have = store.head
        store.edit { $0.failure = .unavailable("gone fishing") }
        let report = await tailer.catchUp()
        #expect(report == .storeAway(have: have, .unavailable("gone fishing")))
    }

    @Test func `a store whose pages contradict its snapshot is given up on, not asked for ever`() {
        let have = Position(revision: Revision(epoch: 1, sequence: 3), digest: .zero)
        let head = Position(revision: Revision(epoch: 1, sequence: 9), digest: .zero)
        var plan = TailPlan(have: have, head: head)
        #expect(plan.next == .changes(after: have.revision))
        plan.took((batches: [], outcome: .diverged(have: have)))
        #expect(plan.next == .snapshot)
        plan.installed(head)
        #expect(plan.next == .changes(after: head.revision))
        plan.took((batches: [], outcome: .gap(have: head, next: head)))
        guard case .done(.replicaFailed) = plan.next else {
            Issue.record("\(plan.next)")
            return
        }
    }
}
