// Which instant somebody asks about.

internal import Vocabulary

/// The instant that a question is about, found along a job's timeline.
struct WhyQuestion: Equatable, Sendable {
    /// A time is given in seconds, and an instant may lie behind one.
    private static let second = Duration.milliseconds(999)

    let at: Instant
    let calling: WhyFacts.Calling
    /// The nearest instants around it that were or are due.
    let before: Instant?
    let after: Instant?

    /// Without `asked`, the newest instant so far; the first one to come if there was none.
    ///
    /// `others` are instants of runs and triggers that no schedule names.
    init(
        _ asked: Instant?,
        at now: Instant,
        along timeline: JobTimeline,
        besides others: [Instant] = []
    ) {
        let (at, calling) =
            asked.map { Self.given($0, timeline, others) } ?? Self.newest(now, timeline)
        self.at = at
        self.calling = calling
        before = timeline.instant(atOrBefore: at.advanced(by: .milliseconds(-1)))
        after = timeline.instant(after: at)
    }

    /// What `asked` may stand for.
    static func reach(of asked: Instant) -> ClosedRange<Instant> {
        guard asked.unixMilliseconds % 1_000 == 0 else { return asked...asked }
        return asked...asked.advanced(by: second)
    }

    private static func given(
        _ asked: Instant,
        _ timeline: JobTimeline,
        _ others: [Instant]
    ) -> (Instant, WhyFacts.Calling) {
        let reach = reach(of: asked)
        let hasSchedule = timeline.span(at: asked)?.stretch.schedule != nil
        if let due = timeline.instant(atOrBefore: reach.upperBound), reach.contains(due) {
            return (due, .due)
        }
        if let bare = timeline.bareInstant(atOrBefore: reach.upperBound), reach.contains(bare) {
            return (bare, .takenOut)
        }
        if let unborn = timeline.unborn(in: reach) { return (unborn, .due) }
        let other = others.filter(reach.contains).min()
        return (other ?? asked, hasSchedule ? .notDue : .noSchedule)
    }

    private static func newest(
        _ now: Instant,
        _ timeline: JobTimeline
    ) -> (Instant, WhyFacts.Calling) {
        let due = timeline.instant(atOrBefore: now)
        // Later than anything due: a calendar took it out, or moved it away.
        if let bare = timeline.bareInstant(atOrBefore: now), due.map({ $0 < bare }) ?? true {
            return (bare, .takenOut)
        }
        if let due = due ?? timeline.instant(after: now) { return (due, .due) }
        let hasSchedule = timeline.span(at: now)?.stretch.schedule != nil
        return (now, hasSchedule ? .notDue : .noSchedule)
    }
}
