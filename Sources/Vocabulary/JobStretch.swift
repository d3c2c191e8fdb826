// Which schedule held when, across the edits and pauses of a job.

/// A stretch of a job's life in words: which schedule held, and up to and including when.
package struct JobStretch: Equatable, Sendable {
    package let schedule: String?
    package let timeZone: String
    package let rules: ScheduleRules
    package let isPaused: Bool
    /// Whether an edit has closed it: what the job says now was not in force yet.
    package let isPast: Bool
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
                    isPast: true,
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
                    isPast: false,
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
