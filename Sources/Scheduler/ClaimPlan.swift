// What is to become of the instants of one job that have passed: pure arithmetic of policies.

package import Vocabulary

/// A verdict for every instant in `(from, to]`.
package struct ClaimPlan: Equatable, Sendable {
    /// An instant that is to run.
    package struct Start: Equatable, Sendable {
        package let instant: Instant
        package let cause: Cause
    }

    package let from: Instant
    package let to: Instant
    package let starts: [Start]
    package let skips: [SkipRange]
    /// More instants have passed than one claim decides.
    package let isPartial: Bool

    /// What bounds and colours a plan.
    package struct Limits: Equatable, Sendable {
        package var instants: Int
        package var starts: Int
        /// The store was away during `[from, through]`.
        package var outage: ClosedRange<Instant>?
        package var lateAfter: Duration

        package init(
            instants: Int,
            starts: Int,
            outage: ClosedRange<Instant>? = nil,
            lateAfter: Duration = .seconds(5)
        ) {
            self.instants = instants
            self.starts = starts
            self.outage = outage
            self.lateAfter = lateAfter
        }
    }

    private enum Verdict: Equatable {
        case start(Cause)
        case skip(SkipReason)
    }

    /// Decides about the instants of `timeline` in `(cursor, now]`.
    ///
    /// An instant is on time while it is no older than the job's start deadline and either the
    /// newest or no older than ``Limits/lateAfter``. What is not on time is missed and goes by the
    /// misfire policy: `latest` runs the newest missed one if nothing on time follows it, `all(n)`
    /// runs the newest `n`, oldest first. Beyond the catch-up window nothing is run.
    ///
    /// - Returns: `nil` if nothing has passed, or no start is allowed and nothing else can be decided.
    package static func make(
        cursor: Instant,
        now: Instant,
        timeline: JobTimeline,
        spec: JobSpec,
        limits: Limits
    ) -> ClaimPlan? {
        var passed: [JobTimeline.Due] = []
        var last = cursor
        while passed.count < limits.instants, let due = timeline.next(after: last),
            due.instant <= now
        {
            passed.append(due)
            last = due.instant
        }
        guard !passed.isEmpty else { return nil }
        let following = timeline.next(after: last).map { $0.instant <= now } ?? false
        let verdicts = verdicts(passed, now: now, spec: spec, limits, isPartial: following)
        return assemble(cursor, passed, verdicts, limits, isPartial: following)
    }

    private static func verdicts(
        _ passed: [JobTimeline.Due],
        now: Instant,
        spec: JobSpec,
        _ limits: Limits,
        isPartial: Bool
    ) -> [Verdict] {
        let newest = passed.lastIndex { !$0.isPaused }
        var missed: [Int] = []
        var verdicts = passed.indices.map { index -> Verdict in
            let due = passed[index]
            let age = due.instant.duration(to: now)
            if due.isPaused { return .skip(.paused) }
            if spec.storeLoss == .skip, limits.outage?.contains(due.instant) == true {
                return .skip(.store)
            }
            let isNewest = index == newest && !isPartial
            if age <= spec.startDeadline, isNewest || age <= limits.lateAfter {
                return .start(.schedule)
            }
            if age > spec.catchUpWindow { return .skip(.window) }
            missed.append(index)
            return .skip(.misfire)
        }
        switch spec.misfire {
        case .skip: break
        case .latest:
            guard let last = missed.last, last == newest, !isPartial else { break }
            verdicts[last] = .start(.catchUp)
        case .all(let limit):
            for index in missed.dropLast(max(0, limit)) { verdicts[index] = .skip(.limit) }
            for index in missed.suffix(max(0, limit)) { verdicts[index] = .start(.catchUp) }
        }
        return verdicts
    }

    /// Turns verdicts into starts and ranges, up to the last start that is allowed.
    private static func assemble(
        _ cursor: Instant,
        _ passed: [JobTimeline.Due],
        _ verdicts: [Verdict],
        _ limits: Limits,
        isPartial: Bool
    ) -> ClaimPlan? {
        var starts: [Start] = []
        var skips: [SkipRange] = []
        var last = cursor
        var isCut = false
        for (due, verdict) in zip(passed, verdicts) {
            switch verdict {
            case .start(let cause):
                guard starts.count < limits.starts else {
                    isCut = true
                    break
                }
                starts.append(Start(instant: due.instant, cause: cause))
            case .skip(let reason):
                if let open = skips.last, open.reason == reason, open.through == last {
                    skips[skips.count - 1].through = due.instant
                    skips[skips.count - 1].count += 1
                } else {
                    skips.append(
                        SkipRange(from: last, through: due.instant, count: 1, reason: reason)
                    )
                }
            }
            if isCut { break }
            last = due.instant
        }
        guard last > cursor else { return nil }
        return ClaimPlan(
            from: cursor,
            to: last,
            starts: starts,
            skips: skips,
            isPartial: isPartial || isCut
        )
    }
}
