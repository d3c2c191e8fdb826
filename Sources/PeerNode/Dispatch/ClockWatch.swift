// When a node's own clock is worth a line in its log, and when it leaves the race for runs.

internal import Vocabulary

/// Notices a clock that has gone off from everybody else's.
///
/// Beyond ``limit`` people hear of it, once until it is back; beyond ``bound`` the node takes
/// itself out of the race until its clock is well within.
package struct ClockWatch: Sendable {
    /// What there is to say.
    package enum News: Equatable, Sendable {
        case off(Duration)
        /// Out of the race.
        case out(Duration)
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

    /// `offset` is ``offset(among:)``; without it, a node alone is as right as can be.
    package mutating func look(at offset: Duration?) -> News? {
        let offset = offset ?? .zero
        let size = offset < .zero ? .zero - offset : offset
        let (wasOff, wasOut) = (isOff, isOut)
        isOff = size > Self.limit
        isOut = size > (wasOut ? Self.returnBound : Self.bound)
        if isOut != wasOut { return isOut ? .out(offset) : .back(offset) }
        return isOff && !wasOff ? .off(offset) : nil
    }
}
