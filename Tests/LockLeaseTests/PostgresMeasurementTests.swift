import Foundation
import LockLease
import Platform
import Postgres
import TestSupport
import Testing
import Vocabulary

/// Figures rather than verdicts: `MEASURE=1 swift test -c release --filter 'Measured on'`.
///
/// The bare loop is what nobody can do without: a row moved and a row added, in one round trip with
/// its BEGIN and COMMIT, as durable as ours.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["MEASURE"] != nil), .serialized)
struct `Measured on PostgreSQL` {
    @Test(arguments: measured)
    func `claims per second`(claimants: Int, batch: Int) async throws {
        let url = try PostgresServer.freshURL()
        let clock = ManualClock(at: Bench.start)
        var settings = PostgresStoreSettings()
        settings.clock = { clock.now }
        let stores = try (0..<claimants).map { _ in
            try PostgresLeaseStore(url: url, settings: settings)
        }
        let calls = batch == 1 ? 3_000 : max(20, 20_000 / batch)
        clock.advance(by: .seconds(1))
        let jobs = try await makeJobs(claimants * batch, in: stores[0])
        clock.advance(by: .seconds(86_400))
        let ours = try await pace(claimants) { index in
            let mine = Array(jobs[index * batch..<(index + 1) * batch])
            return try await claim(mine, calls, on: stores[index], as: "n\(index)")
        }
        try bare(url, "CREATE TABLE cur(uid text PRIMARY KEY, at int8) WITH (fillfactor=50)")
        try bare(url, "CREATE TABLE ran(id text PRIMARY KEY, uid text, at int8, body text)")
        let narrow = try await pace(claimants) { index in
            try await loop(url, index, batch, calls, Self.narrow)
        }
        try bare(url, "CREATE TABLE curs(LIKE cursor INCLUDING ALL) WITH (fillfactor=50)")
        try bare(url, "CREATE TABLE runs(LIKE open_run INCLUDING ALL)")
        let wide = try await pace(claimants) { index in
            try await loop(url, index, batch, calls, Self.wide)
        }
        report("\(claimants) claimants, batch \(batch), claims     ", ours, batch)
        report("\(claimants) claimants, batch \(batch), our rows   ", wide, batch)
        report("\(claimants) claimants, batch \(batch), narrow rows", narrow, batch)
    }

    /// A row moved and a row added, with next to nothing in them.
    static let narrow = [
        "INSERT INTO cur SELECT unnest($1::text[]), 0",
        "UPDATE cur SET at=at+1 WHERE uid=ANY($1)",
        """
        INSERT INTO ran SELECT v.id, v.uid, $3, 'what else a run needs to say of itself'
        FROM unnest($1::text[], $2::text[]) AS v(id, uid)
        """,
    ]

    /// The same with rows and indexes as the store has them.
    static let wide = [
        """
        INSERT INTO curs SELECT uid, 'default', 'job-1', 1, 1, true, 'allow', null, 0, null, 100,
        1000, decode(repeat('00', 16), 'hex'), 0, 0, 0, null, 0 FROM unnest($1::text[]) AS uid
        """,
        "UPDATE curs SET at=at+1, fence=fence+1, open=open+1, turn=turn+1 WHERE uid=ANY($1)",
        """
        INSERT INTO runs(id, uid, instant, shard, shards, attempt, tenant, name, cause, detail,
        by_hand, retries, losses, fence, epoch, sequence, node, session, state, claimed_at)
        SELECT v.id, v.uid, $3, 1, 1, 1, 'default', 'job-1', 'schedule', '', false, 0, 0, 1, 1, 1,
        'n1', 1, 'open', 1800000000000 FROM unnest($1::text[], $2::text[]) AS v(id, uid)
        """,
    ]

    private func report(_ what: String, _ figures: (times: [Duration], all: Duration), _ batch: Int)
    {
        let rate = Int(Double(figures.times.count * batch) / figures.all.inSeconds)
        let median = figures.times[figures.times.count / 2].inSeconds * 1_000
        let late = figures.times[figures.times.count * 99 / 100].inSeconds * 1_000
        print("MEASURED \(what): \(rate)/s, p50 \(median) ms, p99 \(late) ms")
    }

    private func pace(
        _ count: Int,
        _ work: @escaping @Sendable (Int) async throws -> [Duration]
    ) async throws -> (times: [Duration], all: Duration) {
        let start = SystemClock.monotonic
        let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for index in 0..<count { group.addTask { try await work(index) } }
            return try await group.reduce(into: []) { $0 += $1 }.sorted()
        }
        return (times, start.duration(to: SystemClock.monotonic))
    }

    private func makeJobs(
        _ count: Int,
        in store: PostgresLeaseStore
    ) async throws -> [ObjectRecord] {
        let edits = (0..<count).map { index in
            ObjectEdit(
                key: Bench.key("job-\(index)"),
                expecting: .absent,
                uid: UID("0123456789abcdef0123456789abc\(1000 + index)"),
                change: .put(body: [], gate: Bench.gate(.allow(limit: nil)))
            )
        }
        return try await store.commit(edits, id: RequestID("jobs"), author: "ann").records
    }
}

private func connection(_ url: String) throws -> Connection {
    let plain = String(url.split(separator: "?")[0])
    let deadline = ContinuousClock.now.advanced(by: .seconds(10))
    let connection = try Connection(
        to: ServerAddress(plain),
        within: .seconds(3),
        until: deadline
    )
    let schema = url.split(separator: "=").last.map(String.init) ?? ""
    let path = Step.once("SELECT set_config('search_path', $1, false)", [.text(schema)])
    _ = try connection.run([path], until: deadline)
    return connection
}

private func bare(_ url: String, _ sql: String) throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(10))
    _ = try connection(url).run([.once(sql)], until: deadline)
}

/// The bare loop on a thread of its own.
private func loop(
    _ url: String,
    _ index: Int,
    _ batch: Int,
    _ calls: Int,
    _ sql: [String]
) async throws -> [Duration] {
    try await withCheckedThrowingContinuation { continuation in
        Thread {
            continuation.resume(with: Result { try loopNow(url, index, batch, calls, sql) })
        }.start()
    }
}

private func loopNow(
    _ url: String,
    _ index: Int,
    _ batch: Int,
    _ calls: Int,
    _ sql: [String]
) throws -> [Duration] {
    let server = try connection(url)
    let uids = (0..<batch).map { "0123456789abcdef0123456789ab\(index)\(1000 + $0)" }
    let deadline = ContinuousClock.now.advanced(by: .seconds(120))
    let start = Step(sql[0], [.texts(uids)])
    _ = try server.run([start], until: deadline)
    var times: [Duration] = []
    for call in 0..<calls {
        let ids = uids.map { "\($0)-\(call)" }
        let before = SystemClock.monotonic
        _ = try server.run(
            [
                Step("BEGIN"),
                Step(sql[1], [.texts(uids)]),
                Step(sql[2], [.texts(ids), .texts(uids), .integer(call)]),
                Step("COMMIT"),
            ],
            until: deadline
        )
        times.append(before.duration(to: SystemClock.monotonic))
    }
    return times
}

private func renew(_ session: SessionID, on store: PostgresLeaseStore) async throws -> Double {
    var times: [Duration] = []
    while !Task.isCancelled {
        let before = SystemClock.monotonic
        _ = try await store.renew(session)
        times.append(before.duration(to: SystemClock.monotonic))
        try? await Task.sleep(for: .milliseconds(5))
    }
    times.sort()
    return times[times.count * 99 / 100].inSeconds * 1_000
}

private func claim(
    _ jobs: [ObjectRecord],
    _ calls: Int,
    on store: PostgresLeaseStore,
    as name: String
) async throws -> [Duration] {
    let session = try await store.openSession(Bench.node(name), term: .seconds(10))
    var random = SystemRandomNumberGenerator()
    var times: [Duration] = []
    var at = jobs[0].createdAt
    for call in 0..<calls {
        let next = at.advanced(by: .milliseconds(1))
        let items = jobs.map { job in
            let plan = PlannedRun(
                instant: next,
                run: RunID.make(at: next, using: &random),
                cause: .schedule
            )
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

/// Claimants and batch, all of them or those that `MEASURE` names, as in `4x100`.
private let measured: [(Int, Int)] = {
    let all = [(1, 1), (4, 1), (8, 1), (1, 100), (4, 100), (4, 250)]
    let wish = ProcessInfo.processInfo.environment["MEASURE"] ?? ""
    let chosen = all.filter { "\($0.0)x\($0.1)" == wish }
    return chosen.isEmpty ? all : chosen
}()
