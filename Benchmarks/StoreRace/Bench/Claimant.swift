// One process that claims as fast as it can, and renews its session meanwhile.

internal import Foundation
internal import LockLease
internal import Platform
internal import Vocabulary

/// Claims the next instants of jobs of its own, a batch a call, one call at a time.
struct Claimant {
    private static let term = Duration.seconds(10)

    private let name: String
    private let batch: Int
    private let length: Duration
    private let begin: MonotonicInstant
    private let store: any LeaseStore

    init(_ words: Words) throws {
        name = try words.text("name")
        batch = try words.needed("batch")
        length = .seconds(try words.needed("seconds"))
        begin = MonotonicInstant(sinceBoot: .milliseconds(Int64(try words.needed("begin"))))
        store = try openStore(try words.text("url"))
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
        let edits = (0..<batch).map { number in
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
        // One instant a millisecond would soon be in the store's future; these lie in its past.
        let cursors = try await store.cursors(of: jobs.map(\.uid))
        var at = cursors.values.max() ?? .epoch
        try await align(jobs, cursors, to: at, session)
        var call = 0
        while SystemClock.monotonic < end {
            call += 1
            let next = at.advanced(by: .milliseconds(1))
            let items = jobs.map { job in
                ClaimItem(
                    job: job.uid,
                    revision: job.revision,
                    subject: .instants(
                        from: at,
                        to: next,
                        runs: [
                            PlannedRun(
                                instant: next,
                                run: RunID.make(at: next, using: &random),
                                cause: .schedule
                            )
                        ],
                        skips: []
                    )
                )
            }
            let id = RequestID("\(name)-\(call)")
            let before = SystemClock.monotonic
            let outcomes = try await store.claim(session, id: id, items: items)
            times.append(before.duration(to: SystemClock.monotonic).inMilliseconds)
            guard outcomes.allSatisfy({ $0.grants.count == 1 }) else {
                throw RaceFailure("a claim was not won: \(outcomes.prefix(3))")
            }
            at = next
        }
        return times
    }

    /// Brings all cursors to one instant, so that the race claims the same of each.
    private func align(
        _ jobs: [ObjectRecord],
        _ cursors: [UID: Instant],
        to at: Instant,
        _ session: SessionID
    ) async throws {
        let items = jobs.compactMap { job -> ClaimItem? in
            guard let from = cursors[job.uid], from < at else { return nil }
            return ClaimItem(
                job: job.uid,
                revision: job.revision,
                subject: .instants(from: from, to: at, runs: [], skips: [])
            )
        }
        _ = try await store.claim(session, id: RequestID("\(name)-align"), items: items)
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
