import LockLease
import TestSupport
import Testing
import Vocabulary

/// Several connections to one file at once; `flock` tells them apart as it would processes.
@Suite struct `Racing claimants` {
    @Test(.tags(.integration), .timeLimit(.minutes(2)))
    func `win every instant exactly once, under growing fences`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/store.db"
        let clock = ManualClock(at: Bench.start)
        var settings = SQLiteStoreSettings()
        settings.clock = { clock.now }
        settings.turnLimit = .seconds(60)
        let stores = try (0..<4).map { _ in try SQLiteLeaseStore(path: path, settings: settings) }
        let jobs = try await makeJobs(6, in: stores[0])
        clock.advance(by: .seconds(3_600))
        let instants = 50
        let grants = try await withThrowingTaskGroup(of: [Grant].self) { group in
            for (index, store) in stores.enumerated() {
                group.addTask {
                    try await race(on: store, as: "node-\(index)", for: jobs, instants)
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(grants.count == jobs.count * instants)
        #expect(Set(grants.map(\.key)).count == grants.count)
        for job in jobs {
            let ours = grants.filter { $0.key.job == job.uid }
                .sorted { $0.key.instant < $1.key.instant }
            #expect(ours.map(\.fence.rawValue) == (1...Int64(instants)).map { $0 })
        }
        let winners = Set(try await stores[0].runs(RunFilter()).map(\.node))
        #expect(winners.count > 1, "only \(winners) ever won, so nothing raced")
    }

    private func makeJobs(
        _ count: Int,
        in store: SQLiteLeaseStore
    ) async throws -> [ObjectRecord] {
        let edits = (0..<count).map { index in
            ObjectEdit(
                key: Bench.key("job-\(index)"),
                expecting: .absent,
                uid: UID("uid-\(index)"),
                change: .put(body: [], gate: Bench.gate(.allow(limit: nil)))
            )
        }
        return try await store.commit(edits, id: RequestID("jobs"), author: "ann").records
    }
}

/// Claims every job's next instant, by one second each, until all have `count` of them.
func race(
    on store: any LeaseStore,
    as name: String,
    for jobs: [ObjectRecord],
    _ count: Int
) async throws -> [Grant] {
    let session = try await store.openSession(Bench.node(name), term: .seconds(10))
    var grants: [Grant] = []
    var number = 0
    while !Task.isCancelled {
        let cursors = try await store.cursors(of: jobs.map(\.uid))
        number += 1
        let items = jobs.enumerated().compactMap { index, job -> ClaimItem? in
            let from = cursors[job.uid] ?? .epoch
            guard from < job.createdAt.advanced(by: .seconds(count)) else { return nil }
            let next = from.advanced(by: .seconds(1))
            let run = RunID("run-\(number)-\(index)-\(name)")
            let plan = PlannedRun(instant: next, run: run, cause: .catchUp)
            return ClaimItem(
                job: job.uid,
                revision: job.revision,
                subject: .instants(from: from, to: next, runs: [plan], skips: [])
            )
        }
        guard !items.isEmpty else { return grants }
        let id = RequestID("\(name)-\(number)")
        grants += try await store.claim(session, id: id, items: items).flatMap(\.grants)
        _ = try await store.renew(session)
    }
    return grants
}
