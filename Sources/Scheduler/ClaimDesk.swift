// Claims on their way to the store, the room they have reserved, and whether more may be sent.

internal import LockLease
internal import Vocabulary

/// A random wait that grows with every failure in a row.
///
/// - SeeAlso: Brooker, "Exponential Backoff and Jitter", 2015 (full jitter).
struct Backoff: Sendable {
    private var failures = 0
    private(set) var until: MonotonicInstant?

    func isOver(at now: MonotonicInstant) -> Bool {
        until.map { $0 <= now } ?? true
    }

    mutating func fail(
        at now: MonotonicInstant,
        _ settings: SchedulerSettings,
        _ random: inout SeededGenerator
    ) {
        let bound = min(settings.backoffLimit, settings.backoff * (1 << min(failures, 20)))
        failures += 1
        until = now.advanced(
            by: .milliseconds(Int64.random(in: 1...bound.milliseconds, using: &random))
        )
    }

    mutating func succeed() {
        failures = 0
        until = nil
    }
}

/// A claim that was sent and not answered for good.
struct ClaimRequest: Sendable {
    enum Subject: Sendable {
        case job(JobSlot, JobKey, to: Instant, catchUpRuns: Int?)
        case trigger(TriggerID)
    }

    let id: RequestID
    var items: [ClaimItem]
    /// What each item is about, in the items' order.
    var subjects: [Subject]
    /// The runs it has room reserved for.
    var runs: Int
    let sentAt: Moment
    /// Set while the outcome is unknown and the request waits to be sent again.
    var isUnknown = false
    /// Whether the store may have taken it, whatever becomes of a repetition; how long that took
    /// says nothing of the store.
    var mayBeTaken = false
}

/// The claims under way.
struct ClaimDesk: Sendable {
    private(set) var requests: [ClaimRequest] = []
    var trustedUntil: MonotonicInstant?
    /// What the shell said, less what was started since.
    var free = 0
    var backoff = Backoff()
    /// Whether the first claim of the present burst is out.
    var isInBurst = false

    /// How many more runs may be planned; negative if there are fewer slots than reservations.
    var available: Int { free - requests.reduce(0) { $0 + $1.runs } }

    func isTrusted(at now: MonotonicInstant) -> Bool {
        trustedUntil.map { now < $0 } ?? false
    }

    mutating func send(_ request: ClaimRequest) {
        requests.append(request)
    }

    /// Takes out a request that was answered; `nil` if it was dropped before.
    mutating func finish(_ id: RequestID) -> ClaimRequest? {
        guard let index = requests.firstIndex(where: { $0.id == id }) else { return nil }
        return requests.remove(at: index)
    }

    /// Answers whether there is such a request.
    mutating func markUnknown(_ id: RequestID) -> Bool {
        guard let index = requests.firstIndex(where: { $0.id == id }) else { return false }
        requests[index].isUnknown = true
        requests[index].mayBeTaken = true
        return true
    }

    /// Takes the items of `jobs` out of a request, and the request with the last one.
    mutating func withdraw(
        _ jobs: Set<UID>,
        from id: RequestID
    ) -> [(ClaimRequest.Subject, ClaimItem)] {
        guard let index = requests.firstIndex(where: { $0.id == id }) else { return [] }
        var request = requests[index]
        var withdrawn: [(ClaimRequest.Subject, ClaimItem)] = []
        let pairs = zip(request.subjects, request.items)
        (request.items, request.subjects) = ([], [])
        for (subject, item) in pairs {
            if jobs.contains(item.job) {
                withdrawn.append((subject, item))
                request.runs -= item.runCount
            } else {
                request.items.append(item)
                request.subjects.append(subject)
            }
        }
        if request.items.isEmpty { requests.remove(at: index) } else { requests[index] = request }
        return withdrawn
    }

    /// Whether an earlier sending of this request has an unknown outcome.
    func mayBeTaken(_ id: RequestID) -> Bool {
        requests.contains { $0.id == id && $0.mayBeTaken }
    }

    /// The oldest request whose outcome is unknown; it counts as sent again.
    mutating func takeUnknown() -> ClaimRequest? {
        guard let index = requests.firstIndex(where: \.isUnknown) else { return nil }
        requests[index].isUnknown = false
        return requests[index]
    }

    mutating func dropAll() -> [ClaimRequest] {
        defer { requests = [] }
        return requests
    }
}

extension ClaimItem {
    fileprivate var runCount: Int {
        switch subject {
        case .instants(_, _, let runs, _): runs.count
        case .trigger: 1
        }
    }
}
