// When a node's own clock is worth a line in its log, and when it leaves the race for runs.

internal import Vocabulary

/// Notices a clock that has gone off from everybody else's.
///
/// Beyond ``limit`` people hear of it, once until it is back; beyond ``bound`` the node takes
/// itself out of the race until its clock is well within. Where no majority of the clocks agrees,
/// every node doubts its own; doubts that all have keep nobody out.
package struct ClockWatch: Sendable {
    /// What there is to say.
    package enum News: Equatable, Sendable {
        case off(Duration)
        /// Out of the race.
        case out(Duration)
        /// The same, since most clocks differ from each other and nobody knows who is right.
        case split(Duration)
        /// In the race again.
        case back(Duration)
    }

    /// An offset further than this deserves a look.
    package static let limit = Duration.milliseconds(250)
    /// One further than this starts runs too early or too late.
    package static let bound = Duration.milliseconds(500)
    /// So that a clock at the bound does not go in and out.
    package static let returnBound = Duration.milliseconds(400)

    /// Whether the node should keep out of the race.
    package private(set) var isOut = false
    /// Whether it should since most clocks differ, so that nobody's is to be relied on.
    package private(set) var isSplit = false
    private var isOff = false

    package init() {}

    /// How far the median of all clocks, ours included, is ahead of ours; `nil` without others.
    ///
    /// `others`: How far each other clock is ahead of ours.
    package static func offset(among others: [Duration]) -> Duration? {
        guard !others.isEmpty else { return nil }
        let all = (others + [.zero]).sorted()
        let middle = all.count / 2
        return all.count % 2 == 1 ? all[middle] : (all[middle - 1] + all[middle]) / 2
    }

    /// Whether more than half of all clocks, ours included, are within `bound` of their median.
    ///
    /// Where they are not, the median is just somebody's clock, and may be the worst of all.
    static func agree(_ others: [Duration], within bound: Duration) -> Bool {
        guard let median = offset(among: others) else { return true }
        let all = others + [.zero]
        return 2 * all.count { ($0 - median).magnitude <= bound } > all.count
    }

    /// `others` is how far each other clock is ahead of ours; a node alone is as right as can be.
    package mutating func look(among others: [Duration]) -> News? {
        let offset = Self.offset(among: others) ?? .zero
        let (wasOff, wasOut) = (isOff, isOut)
        let bound = wasOut ? Self.returnBound : Self.bound
        isOff = offset.magnitude > Self.limit
        isSplit = !Self.agree(others, within: bound)
        isOut = isSplit || offset.magnitude > bound
        switch (wasOut, isOut) {
        case (false, true): return isSplit ? .split(offset) : .out(offset)
        case (true, false): return .back(offset)
        case (false, false), (true, true): return isOff && !wasOff ? .off(offset) : nil
        }
    }
}

extension Duration {
    fileprivate var magnitude: Duration { self < .zero ? .zero - self : self }
}
