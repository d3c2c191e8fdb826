import Foundation
import LockLease
import Platform
import Testing
import Vocabulary

/// Figures rather than verdicts: `MEASURE=1 swift test -c release --filter Measured`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["MEASURE"] != nil), .serialized)
struct `Measured claims` {
    @Test(arguments: [(1, 1), (1, 10), (1, 100), (1, 250), (4, 1), (4, 100)])
    func `per second in etcd`(claimants: Int, batch: Int) async throws {
        let clock = ManualClock(at: Bench.start)
        var settings = try EtcdServer.share().settings()
        settings.clock = { clock.now }
        let stores = (0..<claimants).map { [settings] _ in EtcdLeaseStore(settings) }
        try await measure(stores, batch, clock)
    }

    @Test(arguments: [(1, 1), (1, 10), (1, 100), (1, 1_000), (4, 1), (4, 100)])
    func `per second in SQLite`(claimants: Int, batch: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/store.db"
        let clock = ManualClock(at: Bench.start)
        var settings = SQLiteStoreSettings()
        settings.clock = { clock.now }
        settings.turnLimit = .seconds(60)
        let stores = try (0..<claimants).map { _ in
            try SQLiteLeaseStore(path: path, settings: settings)
        }
        try await measure(stores, batch, clock)
    }

    private func measure(
        _ stores: [any LeaseStore],
        _ batch: Int,
        _ clock: ManualClock
    ) async throws {
        let claimants = stores.count
        let calls = batch == 1 ? 4_000 : max(20, 20_000 / batch)
        clock.advance(by: .seconds(1))
        let jobs = try await makeJobs(claimants * batch, in: stores[0])
        clock.advance(by: .seconds(86_400))
        let start = SystemClock.monotonic
        let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for (index, store) in stores.enumerated() {
                let mine = Array(jobs[index * batch..<(index + 1) * batch])
                group.addTask { try await claim(mine, calls, on: store, as: "n\(index)") }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted()
        }
        let elapsed = start.duration(to: SystemClock.monotonic)
        let rate = Int(Double(times.count * batch) / elapsed.inSeconds)
        let median = times[times.count / 2].inSeconds * 1_000
        let late = times[times.count * 99 / 100].inSeconds * 1_000
        print("MEASURED \(claimants) claimants, batch \(batch): \(rate) claims/s,", terminator: "")
        print(" p50 \(median) ms, p99 \(late) ms")
    }

    private func makeJobs(_ count: Int, in store: any LeaseStore) async throws -> [ObjectRecord] {
        let edits = (0..<count).map { index in
            ObjectEdit(
                key: Bench.key("job-\(index)"),
                expecting: .absent,
                uid: UID("0123456789abcdef0123456789abc\(100 + index)"),
                change: .put(body: [], gate: Bench.gate(.allow(limit: nil)))
            )
        }
        return try await store.commit(edits, id: RequestID("jobs"), author: "ann").records
    }
}

private func claim(
    _ jobs: [ObjectRecord],
    _ calls: Int,
    on store: any LeaseStore,
    as name: String
) async throws -> [Duration] {
    let session = try await store.openSession(Bench.node(name), term: .seconds(10))
    var random = SystemRandomNumberGenerator()
    var times: [Duration] = []
    var at = jobs[0].createdAt
    for call in 0..<calls {
        let next = at.advanced(by: .milliseconds(1))
        let items = jobs.map { job in
            let run = RunID.make(at: next, using: &random)
            let plan = PlannedRun(instant: next, run: run, cause: .schedule)
            return ClaimItem(
                job: job.uid,
                revision: job.revision,
                subject: .instants(from: at, to: next, runs: [plan], skips: [])
            )
        }
        let before = SystemClock.monotonic
        let id = RequestID("\(name)-\(call)")
        let outcomes = try await store.claim(session, id: id, items: items)
        times.append(before.duration(to: SystemClock.monotonic))
        #expect(outcomes.count == jobs.count && outcomes[0].grants.count == 1)
        at = next
    }
    return times
}
