import Foundation
import LockLease
import Platform
import SQLite
import TestSupport
import Testing
import Vocabulary

/// Real processes that die; the parent sees what they leave behind.
@Suite struct `A process that is killed` {
    let folder: TemporaryFolder
    var path: String { folder.path + "/store.db" }

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `is known to be gone at once, and its claims stay`() async throws {
        let store = try SQLiteLeaseStore(path: path)
        let edit = ObjectEdit(
            key: Bench.key("job"),
            expecting: .absent,
            uid: UID("uid"),
            change: .put(body: [], gate: Bench.gate(nodeLoss: .retry(limit: 1)))
        )
        let job = try await store.commit([edit], id: RequestID("1"), author: "ann").records[0]
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let mine = try SQLiteLeaseStore(path: path)
            let identity = NodeIdentity(
                name: NodeName("a"),
                bootID: BootIdentity.current,
                processID: getpid(),
                address: ""
            )
            let session = try await mine.openSession(identity, term: .seconds(10))
            guard let job = try await mine.object(Bench.key("job")) else { return }
            let next = job.createdAt.advanced(by: .milliseconds(1))
            let plan = PlannedRun(instant: next, run: RunID("run-1"), cause: .schedule)
            let item = ClaimItem(
                job: job.uid,
                revision: job.revision,
                subject: .instants(from: job.createdAt, to: next, runs: [plan], skips: [])
            )
            _ = try await mine.claim(session, id: RequestID("2"), items: [item])
            kill(getpid(), SIGKILL)
        }
        let dead = try #require(await store.sessions().first)
        #expect(dead.isLive && dead.isGone && dead.openRuns == 1)
        #expect(try await store.run(RunID("run-1"))?.state == .open)
        // Its name is free without waiting for any term, and its run goes on elsewhere.
        let session = try await store.openSession(dead.node, term: .seconds(10))
        let lost = try await store.takeOver(dead.id, by: session, limit: 10)
        #expect(lost.map(\.state) == [.lost])
        let again = try await store.dueTriggers(limit: 10)
        #expect(again.map(\.cause) == [.nodeLoss(of: RunID("run-1"))])
        #expect(again.map(\.key.job) == [job.uid])
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `inside a transaction leaves nothing of it and holds nobody up`() async throws {
        let store = try SQLiteLeaseStore(path: path)
        let before = try await store.identify()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let turn = try FileLock(path: path + ".wlock")
            guard try turn.lock(within: .seconds(10)) else { return }
            let connection = try Connection(path: path)
            try connection.execute("BEGIN IMMEDIATE; UPDATE meta SET writes=writes+1000")
            kill(getpid(), SIGKILL)
        }
        #expect(try await store.identify().writes == before.writes)
        _ = try await store.openSession(Bench.node("a"), term: .seconds(10))
        #expect(try await store.identify().writes == before.writes + 1)
    }
}
