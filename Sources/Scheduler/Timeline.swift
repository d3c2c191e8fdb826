// When a job is and was due, across the edits of its schedule.

package import CronEval
package import Vocabulary

/// One nominal due time, and whether the job was paused then.
package struct DueInstant: Hashable, Sendable {
    package let instant: Instant
    package let isPaused: Bool

    package init(_ instant: Instant, isPaused: Bool = false) {
        self.instant = instant
        self.isPaused = isPaused
    }
}

/// The stretches of a job's life with their schedules compiled.
package struct Timeline: Sendable {
    package struct Stretch: Sendable {
        /// `nil`: nothing is due in this stretch.
        package let schedule: Schedule?
        package let isPaused: Bool
        package let through: Instant

        package init(schedule: Schedule?, isPaused: Bool, through: Instant) {
            self.schedule = schedule
            self.isPaused = isPaused
            self.through = through
        }
    }

    /// Oldest first.
    package let stretches: [Stretch]
    /// Where the last era ends: the cursor has to pass it even if nothing was due.
    ///
    /// A job keeps only its last eras. A cursor that stayed behind a forgotten era would meet
    /// instants of a schedule that was not in force then.
    package let lastEraEnd: Instant?

    package init(stretches: [Stretch], lastEraEnd: Instant?) {
        self.stretches = stretches
        self.lastEraEnd = lastEraEnd
    }

    /// The first instant after `instant`, paused or not; `nil` if there is none.
    package func next(after instant: Instant) -> DueInstant? {
        var start = instant
        for stretch in stretches where stretch.through > start {
            if let due = stretch.schedule?.next(after: start), due <= stretch.through {
                return DueInstant(due, isPaused: stretch.isPaused)
            }
            start = stretch.through
        }
        return nil
    }

    /// When a cursor at `instant` has something to decide next: an instant, or the last era's end.
    package func attention(after instant: Instant) -> Instant? {
        let due = next(after: instant)?.instant
        guard let lastEraEnd, lastEraEnd > instant else { return due }
        return min(due ?? lastEraEnd, lastEraEnd)
    }

    /// Counts instants without a memory: how many times the time since the one before fits into the
    /// time since 1970.
    ///
    /// Of instants that lie evenly, each has one more than the one before; where the distance
    /// changes, as from a Friday to a Monday, the count jumps.
    package func ordinal(of instant: Instant) -> Int64 {
        let before = newest(
            after: .startOfTime,
            through: instant.advanced(by: .milliseconds(-1)),
            passing: { _ in nil }
        )
        guard let step = before?.duration(to: instant).milliseconds, step > 0 else { return 0 }
        return instant.unixMilliseconds / step
    }

    /// The newest instant in `(lower, upper]` outside of pauses and of what `passing` leaves out.
    ///
    /// `passing` answers, for an instant to be left out, an earlier one to go on from, inclusive.
    package func newest(
        after lower: Instant,
        through upper: Instant,
        passing: (Instant) -> Instant?
    ) -> Instant? {
        for (index, stretch) in stretches.enumerated().reversed() where !stretch.isPaused {
            guard let schedule = stretch.schedule else { continue }
            let floor = max(lower, index == 0 ? .startOfTime : stretches[index - 1].through)
            var top = min(upper, stretch.through)
            while top > floor,
                let due = schedule.previous(before: top.advanced(by: .milliseconds(1))),
                due > floor
            {
                guard let earlier = passing(due) else { return due }
                top = min(earlier, due.advanced(by: .milliseconds(-1)))
            }
        }
        return nil
    }
}
