// One process that claims as fast as it can, and renews its session meanwhile.

internal import Foundation
internal import LockLease
internal import Platform
internal import RaceWords
internal import Vocabulary

/// Claims the next instants of jobs of its own, a batch a call, one call at a time.
struct Claimant {
    private static let term = Duration.seconds(10)
    /// A job has an instant each millisecond, so that one alone would soon run into the future.
    private static let fewestJobs = 100

    private let name: String
    private let batch: Int
    private let length: Duration
    private let begin: MonotonicInstant
    private let store: any LeaseStore

    init(_ words: Words) throws {
        name = try words.neededText("name")
        batch = try words.neededNumber("batch")
        length = .seconds(try words.neededNumber("seconds"))
        begin = MonotonicInstant(sinceBoot: .milliseconds(Int64(try words.neededNumber("begin"))))
        store = try openStore(try words.neededText("url"))
    }

    /// Prints claims per second, and milliseconds: claim p50 and p99, renewal p50 and p99.
    func run() async throws {
        let jobs = try await makeJobs()
        let session = try await store.openSession(identity, term: Self.term)
        let wait = SystemClock.monotonic.duration(to: begin)
        guard wait > .zero else { throw RaceFailure("\(name) was not ready in time") }
        try await Task.sleep(for: wait)
        let end = begin.advanced(by: length)
        async let renewals = renew(session, until: end)
        let claims = try await claim(jobs, session, until: end)
        let seconds = begin.duration(to: SystemClock.monotonic).inMilliseconds / 1_000
        let rate = Double(claims.count * batch) / seconds
        let renewed = try await renewals
        let figures = [
            rate, claims.percentile(50), claims.percentile(99), renewed.percentile(50),
            renewed.percentile(99),
        ]
        say(figures.map { "\($0)" }.joined(separator: " "))
        try await store.closeSession(session)
    }

    private var identity: NodeIdentity {
        NodeIdentity(
            name: NodeName(name),
            bootID: BootIdentity.current,
            processID: Machine.processID,
            address: ""
        )
    }

    private func makeJobs() async throws -> [ObjectRecord] {
        let gate = JobGate(
            isEnabled: true,
            overlap: .allow(limit: nil),
            retries: RetryPolicy(),
            nodeLoss: .lost,
            keep: Retention()
        )
        let edits = (0..<max(batch, Self.fewestJobs)).map { number in
            ObjectEdit(
                key: ObjectKey(tenant: "default", kind: .job, name: "\(name)-\(number)"),
                expecting: .any,
                uid: UID("0123456789abcdef\(name)\(number)"),
                change: .put(body: [], gate: gate)
            )
        }
        let id = RequestID("jobs-\(name)")
        return try await store.commit(edits, id: id, author: "bench").records
    }

    private func claim(
        _ jobs: [ObjectRecord],
        _ session: SessionID,
        until end: MonotonicInstant
    ) async throws -> [Double] {
        var random = SystemRandomNumberGenerator()
        var times: [Double] = []
        var cursors = try await store.cursors(of: jobs.map(\.uid))
        var (call, next) = (0, 0)
        while SystemClock.monotonic < end {
            call += 1
            let items = (0..<batch).map { place in
                let job = jobs[(next + place) % jobs.count]
                let from = cursors[job.uid] ?? .epoch
                let to = from.advanced(by: .milliseconds(1))
                cursors[job.uid] = to
                let run = PlannedRun(
                    instant: to,
                    run: RunID.make(at: to, using: &random),
                    cause: .schedule
                )
                return ClaimItem(
                    job: job.uid,
                    revision: job.revision,
                    subject: .instants(from: from, to: to, runs: [run], skips: [])
                )
            }
            next = (next + batch) % jobs.count
            let id = RequestID("\(name)-\(call)")
            let before = SystemClock.monotonic
            let outcomes = try await store.claim(session, id: id, items: items)
            times.append(before.duration(to: SystemClock.monotonic).inMilliseconds)
            guard outcomes.allSatisfy({ $0.grants.count == 1 }) else {
                throw RaceFailure("a claim was not won: \(outcomes.prefix(3))")
            }
        }
        return times
    }

    private func renew(
        _ session: SessionID,
        until end: MonotonicInstant
    ) async throws -> [Double] {
        var times: [Double] = []
        while SystemClock.monotonic < end {
            let before = SystemClock.monotonic
            _ = try await store.renew(session)
            times.append(before.duration(to: SystemClock.monotonic).inMilliseconds)
            try await Task.sleep(for: .milliseconds(20))
        }
        return times
    }
}

extension Duration {
    var inMilliseconds: Double {
        Double(components.seconds) * 1_000 + Double(components.attoseconds) / 1e15
    }
}

extension [Double] {
    /// The value that `percent` of all do not exceed; 0 of none.
    func percentile(_ percent: Int) -> Double {
        guard !isEmpty else { return 0 }
        return sorted()[Swift.min(count - 1, count * percent / 100)]
    }
}
