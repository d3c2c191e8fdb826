// The instants of a job between two times, one by one.

internal import CronEval
package import Vocabulary

/// Every instant of a timeline in `(after, through]`, oldest first, those of pauses included.
package struct DueInstants: Sequence, Sendable {
    private let timeline: Timeline
    private let after: Instant
    private let through: Instant

    package init(of timeline: Timeline, after: Instant, through: Instant) {
        self.timeline = timeline
        self.after = after
        self.through = through
    }

    package func makeIterator() -> Iterator {
        Iterator(stretches: timeline.stretches[...], position: after, through: through)
    }

    package struct Iterator: IteratorProtocol {
        fileprivate var stretches: ArraySlice<Timeline.Stretch>
        fileprivate var position: Instant
        fileprivate let through: Instant

        package mutating func next() -> DueInstant? {
            while let stretch = stretches.first, position < through {
                if stretch.through > position,
                    let due = stretch.schedule?.next(after: position), due <= stretch.through
                {
                    guard due <= through else { return nil }
                    position = due
                    return DueInstant(due, isPaused: stretch.isPaused)
                }
                position = Swift.max(position, stretch.through)
                stretches = stretches.dropFirst()
            }
            return nil
        }
    }
}
