// What a calendar says of one instant, for people who ask why.

package import Vocabulary

/// Where an instant falls in a calendar.
package enum CalendarFinding: Equatable, Sendable {
    /// Its date is one of the calendar's days.
    case day(CivilDate)
    /// It lies in one of the calendar's periods.
    case period(CalendarPeriod)
    /// Its date, which is none of the calendar's.
    case outside(CivilDate)
}

extension DayCalendar {
    /// Where `instant` falls as seen in `zone`.
    package func finding(at instant: Instant, in zone: TimeZoneRules) -> CalendarFinding {
        let wall = instant.unixSeconds + Int64(zone.offsetInSeconds(at: instant))
        let date = CivilDate(daysSinceEpoch: wall.floorDivided(by: 86_400))
        if days.contains(date) { return .day(date) }
        let period = periods.first { $0.seconds(in: zone).contains(instant.unixSeconds) }
        return period.map { .period($0) } ?? .outside(date)
    }
}
