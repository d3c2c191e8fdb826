// The kinds of schedule, each with its own search.

internal import Vocabulary

/// What a schedule's text says, before any rule is applied to it.
enum Timing: Equatable, Sendable {
    case fields(FieldPattern)
    case every(Grid)
    case at(Instant)
}

/// Its fires. Instants may be any; before the epoch and after the end of 2199 there are none.
extension Timing {
    func next(after instant: Instant, by clock: WallClock) -> Instant? {
        switch self {
        case .fields(let pattern): pattern.walls.next(after: instant, by: clock)
        case .every(let grid): grid.first(after: instant)
        case .at(let only): only > instant ? only : nil
        }
    }

    func previous(before instant: Instant, by clock: WallClock) -> Instant? {
        switch self {
        case .fields(let pattern): pattern.walls.previous(before: instant, by: clock)
        case .every(let grid): grid.last(before: instant)
        case .at(let only): only < instant ? only : nil
        }
    }

    func count(in instants: Range<Instant>, by clock: WallClock) -> Int {
        switch self {
        case .fields(let pattern): pattern.walls.count(in: instants, by: clock)
        case .every(let grid): grid.count(in: instants)
        case .at(let only): instants.contains(only) ? 1 : 0
        }
    }
}

/// Its fires on the days that a calendar allows.
extension Timing {
    func next(
        after instant: Instant,
        by clock: WallClock,
        under calendar: CalendarRule
    ) -> Instant? {
        switch self {
        case .fields(let pattern):
            calendar.walls(of: pattern).next(after: instant, by: clock)
        case .every(let grid):
            RuledGrid(grid: grid, allowed: calendar.allowed, zone: clock.zone).first(after: instant)
        case .at(let only):
            calendar.place(of: only, in: clock.zone).flatMap { $0 > instant ? $0 : nil }
        }
    }

    func previous(
        before instant: Instant,
        by clock: WallClock,
        under calendar: CalendarRule
    ) -> Instant? {
        switch self {
        case .fields(let pattern):
            calendar.walls(of: pattern).previous(before: instant, by: clock)
        case .every(let grid):
            RuledGrid(grid: grid, allowed: calendar.allowed, zone: clock.zone)
                .last(before: instant)
        case .at(let only):
            calendar.place(of: only, in: clock.zone).flatMap { $0 < instant ? $0 : nil }
        }
    }

    func count(
        in instants: Range<Instant>,
        by clock: WallClock,
        under calendar: CalendarRule
    ) -> Int {
        switch self {
        case .fields(let pattern):
            calendar.walls(of: pattern).count(in: instants, by: clock)
        case .every(let grid):
            RuledGrid(grid: grid, allowed: calendar.allowed, zone: clock.zone).count(in: instants)
        case .at(let only):
            calendar.place(of: only, in: clock.zone).map(instants.contains) == true ? 1 : 0
        }
    }

    /// Whether `calendar` leaves no day to fire on.
    func isClosed(by clock: WallClock, under calendar: CalendarRule) -> Bool {
        switch self {
        case .fields(let pattern):
            calendar.walls(of: pattern).dates.first(atOrAfter: DayBounds.first) == nil
        case .every, .at:
            next(after: Instant(unixSeconds: -1), by: clock, under: calendar) == nil
        }
    }
}

extension CalendarRule {
    func walls(of pattern: FieldPattern) -> WallTimes<RuledDates> {
        let dates = RuledDates(pattern: pattern.dates, allowed: allowed, shift: shift)
        return WallTimes(times: pattern.times, dates: dates)
    }

    /// Where a single fire goes: there, at the same time on another day, or nowhere.
    fileprivate func place(of instant: Instant, in zone: TimeZoneRules) -> Instant? {
        let wall = instant.unixSeconds + Int64(zone.offsetInSeconds(at: instant))
        let day = wall.floorDivided(by: 86_400)
        if allowed.contains(day) { return instant }
        let other: Int64? =
            switch shift {
            case .next: allowed.first(atOrAfter: day)
            case .previous: allowed.last(atOrBefore: day)
            case nil: nil
            }
        return other.map { Instant(unixSeconds: zone.second(ofWall: wall + ($0 - day) * 86_400)) }
    }
}

/// From instants to whole seconds, and back.
extension WallTimes {
    fileprivate func next(after instant: Instant, by clock: WallClock) -> Instant? {
        let second = min(max(instant.unixSeconds, -1), Self.lastSecond) + 1
        return firstFire(atOrAfter: second, by: clock).map { Instant(unixSeconds: $0) }
    }

    fileprivate func previous(before instant: Instant, by clock: WallClock) -> Instant? {
        let bounded = min(max(instant, .epoch), Instant(unixSeconds: Self.lastSecond))
        // The last whole second before the instant, be it whole itself or not.
        let second = (bounded.unixMilliseconds - 1).floorDivided(by: 1_000)
        return lastFire(atOrBefore: second, by: clock).map { Instant(unixSeconds: $0) }
    }

    fileprivate func count(in instants: Range<Instant>, by clock: WallClock) -> Int {
        let bounds = instants.clamped(to: .epoch..<Instant(unixSeconds: Self.lastSecond + 1))
        let seconds = bounds.lowerBound.secondsRoundedUp..<bounds.upperBound.secondsRoundedUp
        return fireCount(in: seconds, by: clock)
    }

    /// 2200-01-03T00:00:00Z: later than the end of 2199 on any wall.
    private static var lastSecond: Int64 { (DayBounds.last + 3) * 86_400 }
}

extension Instant {
    /// Whole seconds since the epoch, rounded towards the future.
    var secondsRoundedUp: Int64 {
        -(-unixMilliseconds).floorDivided(by: 1_000)
    }
}
