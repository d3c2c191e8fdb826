// How many missed runs may be made up for now: on-time work comes first.

internal import Vocabulary

/// A bucket of permits for catch-up runs, refilled by elapsed time.
///
/// It holds what a second gives, so that a few missed runs are made up for at once.
struct CatchUpBudget: Sendable {
    private let rate: Int
    private var permits: Double
    private var countedAt: MonotonicInstant?

    init(rate: Int) {
        self.rate = rate
        permits = Double(rate)
    }

    /// Whole permits at `now`.
    mutating func available(at now: MonotonicInstant) -> Int {
        if let last = countedAt, last < now {
            permits = min(Double(rate), permits + last.duration(to: now).inSeconds * Double(rate))
        }
        countedAt = max(countedAt ?? now, now)
        return Int(permits)
    }

    mutating func spend(_ count: Int) {
        permits -= Double(count)
    }

    /// Permits come in handfuls, so that runs are claimed together.
    var handful: Int { max(1, rate / 4) }

    /// When the next handful is there, counted from the last look.
    var nextHandful: MonotonicInstant? {
        let missing = max(0, Double(handful) - permits)
        let wait = Duration.milliseconds(Int64((missing / Double(rate) * 1_000).rounded(.up)) + 1)
        return countedAt?.advanced(by: wait)
    }
}
