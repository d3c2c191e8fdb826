// The fires of a schedule in a stretch of time, one at a time.

package import Vocabulary

/// The fires of a schedule in a range of instants, found when they are asked for.
///
/// Every step costs one search, and `count` does not take the steps.
package struct Fires: BidirectionalCollection, Sendable {
    /// A fire, or the end.
    package struct Index: Hashable, Comparable, Sendable {
        let instant: Instant

        package static func < (lhs: Self, rhs: Self) -> Bool { lhs.instant < rhs.instant }
    }

    private let schedule: Schedule
    private let range: Range<Instant>
    package let startIndex: Index
    package var endIndex: Index { Index(instant: range.upperBound) }

    init(of schedule: Schedule, in range: Range<Instant>) {
        self.schedule = schedule
        self.range = range
        // Nothing fires at the earliest instant there is, so it need not be included.
        let before = Instant(
            unixMilliseconds: Swift.max(range.lowerBound.unixMilliseconds, .min + 1) - 1
        )
        let first = schedule.next(after: before) ?? range.upperBound
        startIndex = Index(instant: Swift.min(first, range.upperBound))
    }

    package subscript(position: Index) -> Instant { position.instant }

    package func index(after index: Index) -> Index {
        let next = schedule.next(after: index.instant) ?? range.upperBound
        return Index(instant: Swift.min(next, range.upperBound))
    }

    package func index(before index: Index) -> Index {
        Index(instant: schedule.previous(before: index.instant) ?? startIndex.instant)
    }

    /// How many there are, counted by months and not by fires.
    package var count: Int { schedule.count(in: range) }
}

extension Schedule {
    /// All fires in `range`, from either end.
    ///
    /// The first is found at once, the others when asked for.
    package func fires(in range: Range<Instant>) -> Fires {
        Fires(of: self, in: range)
    }

    /// All fires strictly after `instant`.
    package func fires(after instant: Instant) -> Fires {
        let start = Instant(unixMilliseconds: min(instant.unixMilliseconds, .max - 1) + 1)
        return Fires(of: self, in: start..<Instant(unixMilliseconds: .max))
    }
}
