// What may stand between a schedule's text and its fires.

internal import Vocabulary

/// A calendar, its blackouts and jitter, in this order; most schedules have none.
final class Restriction: Sendable {
    let calendar: CalendarRule?
    let closures: Closures
    /// Added to every fire.
    let delay: Duration

    private init(calendar: CalendarRule?, closures: Closures, delay: Duration) {
        self.calendar = calendar
        self.closures = closures
        self.delay = delay
    }

    /// What a calendar and a delay make necessary.
    ///
    /// - Throws: If the calendar moves fires that have no day of their own to be moved from.
    convenience init(
        of timing: Timing,
        in zone: TimeZoneRules,
        calendar: CalendarRule?,
        delay: Duration
    ) throws(ScheduleError) {
        if case .every = timing, calendar?.shift != nil { throw .shiftedGrid }
        let closures = calendar.map { Closures($0.blackouts, in: zone) } ?? Closures()
        self.init(calendar: calendar, closures: closures, delay: delay)
    }

    /// The same, or nothing, with a delay.
    convenience init(like other: Restriction?, delay: Duration) {
        self.init(
            calendar: other?.calendar,
            closures: other?.closures ?? Closures(),
            delay: delay
        )
    }

    func next(after instant: Instant, of timing: Timing, by clock: WallClock) -> Instant? {
        var start = earlier(instant)
        while let fire = ruledNext(after: start, of: timing, by: clock) {
            guard let period = closures.period(at: fire.unixSeconds) else { return later(fire) }
            start = Instant(unixMilliseconds: period.upperBound * 1_000 - 1)
        }
        return nil
    }

    func previous(before instant: Instant, of timing: Timing, by clock: WallClock) -> Instant? {
        var start = earlier(instant)
        while let fire = ruledPrevious(before: start, of: timing, by: clock) {
            guard let period = closures.period(at: fire.unixSeconds) else { return later(fire) }
            start = Instant(unixSeconds: period.lowerBound)
        }
        return nil
    }

    func count(in instants: Range<Instant>, of timing: Timing, by clock: WallClock) -> Int {
        let range = earlier(instants.lowerBound)..<earlier(instants.upperBound)
        let seconds = range.lowerBound.unixSeconds..<range.upperBound.secondsRoundedUp
        return closures.parts(in: seconds).reduce(ruledCount(in: range, of: timing, by: clock)) {
            sum,
            part in
            let closed =
                Instant(unixSeconds: part.lowerBound)..<Instant(unixSeconds: part.upperBound)
            return sum - ruledCount(in: closed.clamped(to: range), of: timing, by: clock)
        }
    }

    private func ruledNext(
        after instant: Instant,
        of timing: Timing,
        by clock: WallClock
    ) -> Instant? {
        guard let calendar else { return timing.next(after: instant, by: clock) }
        return timing.next(after: instant, by: clock, under: calendar)
    }

    private func ruledPrevious(
        before instant: Instant,
        of timing: Timing,
        by clock: WallClock
    ) -> Instant? {
        guard let calendar else { return timing.previous(before: instant, by: clock) }
        return timing.previous(before: instant, by: clock, under: calendar)
    }

    private func ruledCount(in range: Range<Instant>, of timing: Timing, by clock: WallClock) -> Int
    {
        guard let calendar else { return timing.count(in: range, by: clock) }
        return timing.count(in: range, by: clock, under: calendar)
    }

    private func later(_ fire: Instant) -> Instant { fire.advanced(by: delay) }

    /// `instant` before jitter; bounded, so that no arithmetic overflows.
    private func earlier(_ instant: Instant) -> Instant {
        let bounds: ClosedRange<Int64> = -1_000_000...Grid.last * 2
        let bounded = min(max(instant.unixMilliseconds, bounds.lowerBound), bounds.upperBound)
        return Instant(unixMilliseconds: bounded - delay.milliseconds)
    }
}

extension Restriction: Equatable {
    static func == (lhs: Restriction, rhs: Restriction) -> Bool {
        lhs === rhs
            || lhs.calendar == rhs.calendar && lhs.closures == rhs.closures
                && lhs.delay == rhs.delay
    }
}
