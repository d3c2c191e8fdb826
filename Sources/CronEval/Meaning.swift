// What a schedule's text says, before any rule is applied to it.

internal import Vocabulary

/// A text, understood.
enum Meaning: Equatable, Sendable {
    case fields(FieldPattern)
    case every(Grid)
    case at(Instant)

    /// How it fires under a calendar's rule and a policy for clock changes.
    ///
    /// - Throws: If the rule moves fires and they have no day of their own to be moved from.
    func timing(
        under calendar: CalendarRule?,
        _ policy: ClockChangePolicy,
        in zone: TimeZoneRules
    ) throws(ScheduleError) -> Timing {
        switch self {
        case .fields(let pattern):
            let rule = ClockRule(policy, isInterval: pattern.isInterval)
            guard let calendar else { return .fields(pattern.walls, rule) }
            let dates = RuledDates(
                pattern: pattern.dates,
                allowed: calendar.allowed,
                shift: calendar.shift
            )
            return .ruledFields(WallTimes(times: pattern.times, dates: dates), rule)
        case .every(let grid):
            guard let calendar else { return .every(grid) }
            guard calendar.shift == nil else { throw .shiftedGrid }
            return .ruledEvery(RuledGrid(grid: grid, allowed: calendar.allowed, zone: zone))
        case .at(let instant):
            guard let calendar else { return .at(instant) }
            return .at(calendar.place(of: instant, in: zone))
        }
    }
}

extension CalendarRule {
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
