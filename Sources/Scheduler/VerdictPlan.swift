// What becomes of the instants between a cursor and now: the misfire rules, as a pure function.

package import Vocabulary

/// A time in which the store could not be reached: `(from, through]`.
package struct Absence: Hashable, Sendable {
    package let from: Instant
    package let through: Instant

    package init(from: Instant, through: Instant) {
        self.from = from
        self.through = through
    }
}

/// The part of a job, and of what happened to it, that verdicts depend on.
package struct VerdictRules: Equatable, Sendable {
    package var misfire: MisfirePolicy
    package var startDeadline: Duration
    package var catchUpWindow: Duration
    package var lateAfter: Duration
    /// Times whose instants are skipped as `store`; empty for a job that holds.
    package var absences: [Absence]

    package init(
        misfire: MisfirePolicy,
        startDeadline: Duration,
        catchUpWindow: Duration,
        lateAfter: Duration,
        absences: [Absence] = []
    ) {
        self.misfire = misfire
        self.startDeadline = startDeadline
        self.catchUpWindow = catchUpWindow
        self.lateAfter = lateAfter
        self.absences = absences
    }

    package init(_ spec: JobSpec, lateAfter: Duration, absences: [Absence]) {
        self.init(JobPlan.Misfires(spec), lateAfter: lateAfter, absences: absences)
    }

    init(_ misfires: JobPlan.Misfires, lateAfter: Duration, absences: [Absence]) {
        self.init(
            misfire: misfires.policy,
            startDeadline: misfires.startDeadline,
            catchUpWindow: misfires.catchUpWindow,
            lateAfter: lateAfter,
            absences: misfires.storeLoss == .skip ? absences : []
        )
    }
}

/// How much one plan may hold.
package struct PlanLimits: Equatable, Sendable {
    /// Instants to decide, at least 1.
    package var instants: Int
    /// Runs to plan; 0 plans skips only.
    package var runs: Int
    /// Catch-up runs to plan.
    package var catchUps: Int
    /// Catch-up runs that earlier plans of the same catching-up have used of `all(limit)`.
    package var runsBefore: Int

    package init(instants: Int, runs: Int, catchUps: Int = .max, runsBefore: Int = 0) {
        self.instants = instants
        self.runs = runs
        self.catchUps = catchUps
        self.runsBefore = runsBefore
    }
}

/// A verdict for every instant in `(cursor, to]`.
///
/// The rules, for an instant `t` at `now`; `newest` is the newest instant outside of pauses and of
/// what the store's absence skips:
///
/// - in a pause: skipped, `paused`;
/// - in an absence of the store, under `store_loss: skip`, and older than `lateAfter`: skipped,
///   `store`;
/// - not older than the start deadline, and the newest or not older than `lateAfter`: runs;
/// - else it is missed. Missed by more than the catch-up window: skipped, `window`. Otherwise:
///   `latest` runs it if it is the newest, so an outage ends in one run, be it on time or caught
///   up; `skip` skips it; `all(limit)` runs the oldest up to the limit and skips the rest, `limit`.
package struct VerdictPlan: Equatable, Sendable {
    package struct Run: Hashable, Sendable {
        package let instant: Instant
        package let cause: Cause

        package init(_ instant: Instant, _ cause: Cause) {
            self.instant = instant
            self.cause = cause
        }
    }

    package enum End: Equatable, Sendable {
        /// Everything up to now is decided.
        case complete
        /// There are more instants than one plan may hold.
        case moreInstants
        /// The next instant is to run, and no more runs may be planned.
        case noSlot
        /// The next instant is to be caught up, and no more catch-up runs may be planned.
        case paced
    }

    package private(set) var runs: [Run] = []
    /// Disjoint, oldest first; none covers a run.
    package private(set) var skips: [SkipRange] = []
    /// The last instant decided, or the last era's end; the cursor itself if there is nothing.
    package private(set) var to: Instant
    package private(set) var end = End.complete
    /// How many instants were looked at.
    package private(set) var examined = 0
    /// Catch-up runs so far, those of earlier plans included.
    package private(set) var catchUpRuns: Int

    private enum Verdict {
        case run(Cause)
        case skip(SkipReason)
    }

    /// Decides the instants in `(cursor, now]`, oldest first, within `limits`.
    ///
    /// - Complexity: O(instants decided).
    package init(
        from cursor: Instant,
        at now: Instant,
        along timeline: Timeline,
        under rules: VerdictRules,
        within limits: PlanLimits
    ) {
        to = cursor
        catchUpRuns = limits.runsBefore
        let newest = timeline.newest(after: cursor, through: now) { instant in
            rules.absence(of: instant, at: now)?.from
        }
        for due in DueInstants(of: timeline, after: cursor, through: now) {
            guard examined < limits.instants else {
                end = .moreInstants
                return
            }
            examined += 1
            switch verdict(on: due, newest: newest, at: now, under: rules) {
            case .run(let cause):
                guard runs.count < limits.runs else {
                    end = .noSlot
                    return
                }
                if cause == .catchUp {
                    guard catchUpRuns - limits.runsBefore < limits.catchUps else {
                        end = .paced
                        return
                    }
                    catchUpRuns += 1
                }
                runs.append(Run(due.instant, cause))
            case .skip(let reason):
                skip(due.instant, because: reason)
            }
            to = due.instant
        }
        if let lastEraEnd = timeline.lastEraEnd, lastEraEnd <= now { to = max(to, lastEraEnd) }
    }

    private func verdict(
        on due: DueInstant,
        newest: Instant?,
        at now: Instant,
        under rules: VerdictRules
    ) -> Verdict {
        let instant = due.instant
        if due.isPaused { return .skip(.paused) }
        if rules.absence(of: instant, at: now) != nil { return .skip(.store) }
        let age = instant.duration(to: now)
        if age <= rules.startDeadline, instant == newest || age <= rules.lateAfter {
            return .run(.schedule)
        }
        guard age <= rules.catchUpWindow else { return .skip(.window) }
        switch rules.misfire {
        case .latest: return instant == newest ? .run(.catchUp) : .skip(.misfire)
        case .skip: return .skip(.misfire)
        case .all(let limit): return catchUpRuns < limit ? .run(.catchUp) : .skip(.limit)
        }
    }

    /// Counts `instant` into the range before it, if that has the same reason and no run between.
    private mutating func skip(_ instant: Instant, because reason: SkipReason) {
        if let last = skips.indices.last, skips[last].reason == reason, skips[last].through == to {
            skips[last].through = instant
            skips[last].count += 1
        } else {
            skips.append(SkipRange(from: to, through: instant, count: 1, reason: reason))
        }
    }
}

extension VerdictRules {
    /// The absence that skips `instant`, if it is late enough to suffer from one.
    fileprivate func absence(of instant: Instant, at now: Instant) -> Absence? {
        guard instant.duration(to: now) > lateAfter else { return nil }
        return absences.first { $0.from < instant && instant <= $0.through }
    }
}
