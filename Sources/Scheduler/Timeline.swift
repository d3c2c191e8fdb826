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

/// A stretch of a job's life in words: which schedule held, and up to and including when.
package struct JobStretch: Equatable, Sendable {
    package let schedule: String?
    package let timeZone: String
    package let rules: ScheduleRules
    package let isPaused: Bool
    package let through: Instant
}

extension Instant {
    /// Later than anything a schedule names; only to compare with.
    package static let endOfTime = Self(unixMilliseconds: .max)
    /// Earlier than anything a schedule names; only to compare with.
    package static let startOfTime = Self(unixMilliseconds: .min)
}

extension Job {
    /// The stretches of this job's life, oldest first; the last one has no end.
    ///
    /// Each era holds up to and including its `until`, from then on what the job says now. A pause
    /// holds in `(since, until]` and ends by itself if it has an `until`. Eras out of order are
    /// passed over.
    package var stretches: [JobStretch] {
        var stretches: [JobStretch] = []
        var last = Instant.startOfTime
        for era in eras where era.until > last {
            last = era.until
            stretches.append(
                JobStretch(
                    schedule: era.schedule,
                    timeZone: era.timeZone,
                    rules: era.rules,
                    isPaused: era.isPaused,
                    through: last
                )
            )
        }
        func append(isPaused: Bool, through: Instant) {
            guard through > last else { return }
            last = through
            stretches.append(
                JobStretch(
                    schedule: spec.schedule,
                    timeZone: spec.timeZone,
                    rules: spec.rules,
                    isPaused: isPaused,
                    through: through
                )
            )
        }
        if let pause {
            append(isPaused: false, through: pause.since)
            append(isPaused: true, through: pause.until ?? .endOfTime)
        }
        append(isPaused: false, through: .endOfTime)
        return stretches
    }

    /// Whether nothing may be claimed for this job at `now`.
    package func isPaused(at now: Instant) -> Bool {
        guard let pause else { return false }
        return pause.until.map { now <= $0 } ?? true
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
