// The jobs that are raced for: one of every policy and several periods.

internal import LockLease
internal import Vocabulary

/// The jobs of a soak.
///
/// An instant is the job's creation plus a whole number of its periods.
enum RaceJobs {
    static let tenant = "default"
    private static let periods: [Int64] = [200, 300, 500, 1_000]
    private static let policies: [OverlapPolicy] = [
        .forbid, .queue, .allow(limit: 2), .allow(limit: nil), .replace,
    ]

    /// A name says all that a racer has to know: `forbid-300-2`.
    struct Plan: Equatable {
        let name: String
        let period: Int64
        let overlap: OverlapPolicy
        let survivesNodes: Bool
    }

    static let all: [Plan] = policies.enumerated().flatMap { index, overlap in
        periods.map { period in
            Plan(
                name: "\(word(overlap))-\(period)-\(index)",
                period: period,
                overlap: overlap,
                survivesNodes: period != 300
            )
        }
    }

    static func period(of name: String) -> Int64 {
        all.first { $0.name == name }?.period ?? 1_000
    }

    static func overlap(of name: String) -> OverlapPolicy {
        all.first { $0.name == name }?.overlap ?? .forbid
    }

    static func edit(_ plan: Plan, isEnabled: Bool, body: Int) -> ObjectEdit {
        var retries = RetryPolicy()
        retries.limit = 1
        var keep = Retention()
        keep.runs = 10_000_000
        keep.age = .seconds(86_400 * 365)
        let gate = JobGate(
            isEnabled: isEnabled,
            overlap: plan.overlap,
            retries: retries,
            nodeLoss: plan.survivesNodes ? .retry(limit: 3) : .lost,
            keep: keep
        )
        return ObjectEdit(
            key: ObjectKey(tenant: tenant, kind: .job, name: plan.name),
            expecting: .any,
            uid: UID("uid-\(plan.name)"),
            change: .put(body: Array("{\"edit\":\(body)}".utf8), gate: gate)
        )
    }

    private static func word(_ overlap: OverlapPolicy) -> String {
        switch overlap {
        case .forbid: "forbid"
        case .queue: "queue"
        case .allow: "allow"
        case .replace: "replace"
        }
    }
}
