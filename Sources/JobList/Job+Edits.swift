// What an edit, a pause and its end leave behind: eras, so that no instant changes its meaning.

package import Vocabulary

extension Job {
    /// The job under `newSpec` from `instant` on.
    ///
    /// Instants up to and including `instant` keep the schedule they were due under; those after it
    /// have the new one's. A pause stays, unless it has run out by then.
    package func edited(with newSpec: JobSpec, at instant: Instant) -> Job {
        var job = self
        let isSameClock =
            newSpec.schedule == spec.schedule && newSpec.timeZone == spec.timeZone
            && newSpec.rules == spec.rules
        job.endPauseIfOver(by: instant)
        if !isSameClock { job.closeEra(until: instant, isPaused: job.pause != nil) }
        job.spec = newSpec
        return job
    }

    /// The job paused from `instant` on; nothing that was due up to it is lost.
    ///
    /// A job that is paused already keeps its beginning and takes the new reason and end. Without
    /// an end, the pause lasts until somebody ends it.
    package func paused(reason: String, until end: Instant? = nil, at instant: Instant) -> Job {
        var job = self
        job.endPauseIfOver(by: instant)
        if let pause = job.pause {
            job.pause = Pause(reason: reason, since: pause.since, until: end)
        } else {
            job.closeEra(until: instant, isPaused: false)
            job.pause = Pause(reason: reason, since: instant, until: end)
        }
        return job
    }

    /// The job without its pause; what was due while it lasted stays skipped.
    package func resumed(at instant: Instant) -> Job {
        var job = self
        job.endPauseIfOver(by: instant)
        guard job.pause != nil else { return job }
        job.closeEra(until: instant, isPaused: true)
        job.pause = nil
        return job
    }

    /// A pause that ran out before `instant` ended at its own end, not at the edit that sees it.
    private mutating func endPauseIfOver(by instant: Instant) {
        guard let end = pause?.until, end <= instant else { return }
        closeEra(until: end, isPaused: true)
        pause = nil
    }

    /// Records that everything up to `instant` went by the present schedule.
    ///
    /// An edit that claims to be older than the last one (two masters' clocks) adds nothing: what
    /// is recorded stays true.
    private mutating func closeEra(until instant: Instant, isPaused: Bool) {
        if let last = eras.last {
            guard last.until < instant else { return }
            if last.schedule == spec.schedule, last.timeZone == spec.timeZone,
                last.rules == spec.rules, last.isPaused == isPaused
            {
                eras.removeLast()
            }
        }
        eras.append(
            Era(
                schedule: spec.schedule,
                timeZone: spec.timeZone,
                rules: spec.rules,
                isPaused: isPaused,
                until: instant
            )
        )
        eras.removeFirst(max(0, eras.count - JobSpec.eraLimit))
    }
}
