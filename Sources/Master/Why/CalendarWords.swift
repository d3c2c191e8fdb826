// What a job's calendars say of one instant, in words.

internal import CronEval
internal import Vocabulary

/// One sentence for each calendar that a job goes by.
enum CalendarWords {
    /// What the calendars in force in `span` make of `instant`, as due without them.
    static func lines(
        on instant: Instant,
        in span: JobTimeline.Span,
        zones: ZoneCatalog
    ) -> [String] {
        guard let use = span.stretch.rules.calendar else { return [] }
        let names = use.names.joined(separator: " or ")
        guard let calendars = span.calendars else {
            return ["there is no calendar \(names): nothing is due until there is"]
        }
        guard let bare = span.bare, let zone = zones.rules(named: bare.zoneName) else { return [] }
        // Calendars go by the day that the schedule names; jitter comes after them.
        let named = instant.advanced(by: .zero - bare.delay)
        let allowed = use.rule(calendars.map(\.calendar)).allowed
        return calendars.enumerated().map { index, entry in
            let isOnly = index == 0 && use.only != nil
            switch entry.calendar.finding(at: named, in: zone) {
            case .day(let date):
                let end = isOnly ? "allowed" : fate(date, use.shift, allowed)
                return "\(entry.name): \(words(date)) is one of its days: \(end)"
            case .outside(let date):
                let end = isOnly ? fate(date, use.shift, allowed) : "allowed"
                return "\(entry.name): \(words(date)) is none of its days: \(end)"
            case .period(let period):
                return "\(entry.name): it lies in \(period): left out"
            }
        }
    }

    private static func fate(
        _ date: CivilDate,
        _ shift: CalendarShift?,
        _ allowed: DaySet
    ) -> String {
        let other: CivilDate? =
            switch shift {
            case nil: nil
            case .next: allowed.first(onOrAfter: date)
            case .previous: allowed.last(onOrBefore: date)
            }
        return other.map { "moved to \(words($0))" } ?? "left out"
    }

    private static func words(_ date: CivilDate) -> String {
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][date.weekday]
        return "\(weekday) \(date)"
    }
}
