// A job's schedules, past and present, as one line of instants.

package import CronEval
package import Vocabulary

/// The instants of one job, each with whether the job was paused then.
///
/// Which instants exist is decided by the era each falls in: `(since, until]`.
package struct JobTimeline: Sendable {
    /// A due instant.
    package struct Due: Equatable, Sendable {
        package let instant: Instant
        package let isPaused: Bool
    }

    private struct Stretch {
        let schedule: Schedule?
        let isPaused: Bool
        /// `nil`: for ever.
        let until: Instant?
    }

    /// Oldest first; never empty.
    private let stretches: [Stretch]

    /// Compiles the job's schedules; one that does not parse fires never.
    ///
    /// - Parameter compile: Text and zone to a schedule; the caller shares equal ones.
    package init(_ job: Job, compile: (String, String) -> Schedule?) {
        var stretches = job.eras.map { era in
            Stretch(
                schedule: era.schedule.flatMap { compile($0, era.timeZone) },
                isPaused: era.isPaused,
                until: era.until
            )
        }
        let schedule = job.spec.schedule.flatMap { compile($0, job.spec.timeZone) }
        if let pause = job.pause {
            guard let until = pause.until else {
                // Nothing is due until somebody resumes it; the era written then covers this stretch.
                stretches.append(Stretch(schedule: nil, isPaused: true, until: nil))
                self.stretches = stretches
                return
            }
            // A pause with an end ends by itself.
            stretches.append(Stretch(schedule: schedule, isPaused: true, until: until))
        }
        stretches.append(Stretch(schedule: schedule, isPaused: false, until: nil))
        self.stretches = stretches
    }

    /// The first instant strictly after `instant`, or `nil` if there is none.
    ///
    /// - Complexity: O(eras), at most ``JobSpec/eraLimit`` searches.
    package func next(after instant: Instant) -> Due? {
        search(after: instant) { _ in true }
    }

    /// The first instant strictly after `instant` in no pause, or `nil` if there is none.
    package func nextToRun(after instant: Instant) -> Instant? {
        search(after: instant) { !$0.isPaused }?.instant
    }

    private func search(after instant: Instant, in isWanted: (Stretch) -> Bool) -> Due? {
        var from = instant
        for stretch in stretches {
            if let until = stretch.until, until <= from { continue }
            if isWanted(stretch), let found = stretch.schedule?.next(after: from),
                stretch.until.map({ found <= $0 }) ?? true
            {
                return Due(instant: found, isPaused: stretch.isPaused)
            }
            guard let until = stretch.until else { return nil }
            from = until
        }
        return nil
    }
}
