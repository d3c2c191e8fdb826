// The time by which verdicts are planned, where this node's clock is known to be ahead.

internal import Vocabulary

/// This node's clock, unless something has just shown it to be wrong.
///
/// A claim that reaches into the store's future is refused as a whole, with the store's clock. If
/// this node's clock is ahead, what is due could never be claimed: there is always something that
/// is not due yet. So for a while plans end where the store's clock stands, and are judged by it.
///
/// And a clock that was set forward may be wrong from now on: until it has been compared with the
/// others', nothing counts as missed on its word.
struct PlanClock: Equatable, Sendable {
    private struct Reading: Equatable {
        let clock: Instant
        let at: MonotonicInstant
        let until: MonotonicInstant
    }

    /// How long the store's word counts: meanwhile this node's clock may have been put right, and
    /// two machines do not count elapsed time alike.
    private static let memory = Duration.seconds(10)
    /// How long it takes at most until a node knows how far its clock is from the others'.
    private static let comparison = Duration.seconds(3)

    private var reading: Reading?

    /// The store was at `clock` when it sent the answer that is here now.
    mutating func storeIs(at clock: Instant, _ now: MonotonicInstant) {
        reading = Reading(clock: clock, at: now, until: now.advanced(by: Self.memory))
    }

    /// This node's clock was set forward; but for that it would be at `clock`.
    mutating func wasSet(from clock: Instant, _ now: MonotonicInstant) {
        reading = Reading(clock: clock, at: now, until: now.advanced(by: Self.comparison))
    }

    /// Never later than this node's clock.
    func time(at now: Moment) -> Instant {
        guard let reading, now.monotonic < reading.until else { return now.wall }
        return min(now.wall, reading.clock.advanced(by: reading.at.duration(to: now.monotonic)))
    }
}
