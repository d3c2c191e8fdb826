// The clock on a schedule's wall: where it hangs and what its owner makes of its changes.

internal import Vocabulary

/// A zone, and what a schedule does with wall times that it skips or repeats.
struct WallClock: Equatable, Sendable {
    let zone: TimeZoneRules
    /// Whether skipped wall times fire after the gap.
    private let makesUp: Bool
    let overlap: ClockChangePolicy.Overlap

    /// Whether it fires by the real clock: nothing in what is skipped, twice in what is repeated.
    var followsChanges: Bool { !makesUp && overlap == .both }

    init(_ zone: TimeZoneRules, _ policy: ClockChangePolicy, for timing: Timing) {
        let isInterval = if case .fields(let pattern) = timing { pattern.isInterval } else { false }
        self.init(zone, policy, isInterval: isInterval)
    }

    /// What `policy` leaves open follows from the schedule's text.
    @inline(__always)
    init(_ zone: consuming TimeZoneRules, _ policy: ClockChangePolicy, isInterval: Bool) {
        self.zone = zone
        makesUp = policy.gap.map { $0 == .next } ?? !isInterval
        overlap = policy.overlap ?? (isInterval ? .both : .first)
    }

    /// Whether what was skipped when `segment` began is made up for.
    func catchesUp(_ segment: TimeZoneRules.Segment) -> Bool {
        makesUp && segment.beginsWithGap
    }

    /// When the segment's own wall times begin to count.
    func start(of segment: TimeZoneRules.Segment) -> Int64 {
        switch overlap {
        case .first: segment.newSince
        case .last, .both: segment.start
        }
    }

    /// When they no longer do.
    func end(of segment: TimeZoneRules.Segment) -> Int64 {
        switch overlap {
        case .last: segment.lastUntil
        case .first, .both: segment.end
        }
    }
}
