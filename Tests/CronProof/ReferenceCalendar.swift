// Random calendars that can be asked about every date.

internal import CronEval
internal import Vocabulary

/// One entry of a calendar, as text and as a question about a date.
struct ReferenceDays {
    var text: String
    var contains: (CivilDate) -> Bool

    init(from first: CivilDate, through last: CivilDate) {
        text = first == last ? "\(first)" : "\(first)..\(last)"
        contains = { $0 >= first && $0 <= last }
    }

    init(yearlyFrom first: CivilDate, through last: CivilDate) {
        func text(_ date: CivilDate) -> String {
            "\(date.month.padded(to: 2))-\(date.day.padded(to: 2))"
        }
        func isOrdered(_ a: CivilDate, _ b: CivilDate) -> Bool {
            (a.month, a.day) <= (b.month, b.day)
        }
        self.text = text(first) == text(last) ? text(first) : "\(text(first))..\(text(last))"
        contains = { date in
            isOrdered(first, last)
                ? isOrdered(first, date) && isOrdered(date, last)
                : isOrdered(first, date) || isOrdered(date, last)
        }
    }
}

/// A stretch of time, as text and in seconds: UTC, or what a wall shows.
struct ReferencePeriod {
    var text: String
    var from: Int
    var until: Int
    var isWall: Bool

    func seconds(by moments: WallMoments) -> Range<Int> {
        guard isWall else { return from..<until }
        let start = moments.second(showing: from)
        return start..<max(start, moments.second(showing: until))
    }
}

/// A calendar, as its owner would describe it.
struct ReferenceCalendar {
    var weekdays: Set<Int> = []
    var included: [ReferenceDays] = []
    var excluded: [ReferenceDays] = []
    var periods: [ReferencePeriod] = []

    func contains(_ date: CivilDate) -> Bool {
        if included.contains(where: { $0.contains(date) }) { return true }
        if excluded.contains(where: { $0.contains(date) }) { return false }
        return weekdays.contains(date.weekday)
    }

    func made() throws(CalendarError) -> DayCalendar {
        var calendar = DayCalendar(weekdays: weekdays.reduce(0) { $0 | 1 << UInt8($1) })
        for days in included { calendar.included.append(try CalendarDays(parsing: days.text)) }
        for days in excluded { calendar.excluded.append(try CalendarDays(parsing: days.text)) }
        for period in periods {
            calendar.periods.append(try CalendarPeriod(parsing: period.text))
        }
        return calendar
    }

    var text: String {
        var parts = ["weekdays \(weekdays.sorted())"]
        if !included.isEmpty { parts.append("in \(included.map(\.text).joined(separator: " "))") }
        if !excluded.isEmpty { parts.append("out \(excluded.map(\.text).joined(separator: " "))") }
        if !periods.isEmpty {
            parts.append("periods \(periods.map(\.text).joined(separator: " "))")
        }
        return "{\(parts.joined(separator: "; "))}"
    }
}

/// A rule of calendars, which remembers what it was asked.
final class ReferenceRule {
    let only: ReferenceCalendar?
    let except: [ReferenceCalendar]
    let shift: CalendarShift?
    let made: CalendarRule
    /// For every day that fires may fall on: 1 if it is allowed, 2 if not, 0 if nobody asked.
    private var known = [UInt8](repeating: 0, count: ReferenceRule.days.count)

    /// 1969-12-30 to 2199-12-31.
    static let days = -2...84_005

    init(
        only: ReferenceCalendar?,
        except: [ReferenceCalendar],
        shift: CalendarShift?
    ) throws(CalendarError) {
        self.only = only
        self.except = except
        self.shift = shift
        var left: [DayCalendar] = []
        for calendar in except { left.append(try calendar.made()) }
        var kept: DayCalendar?
        if let only { kept = try only.made() }
        made = CalendarRule(only: kept, except: left, shift: shift)
    }

    var periods: [ReferencePeriod] { except.flatMap(\.periods) }

    var text: String {
        var parts = except.map { "except \($0.text)" }
        if let only { parts.insert("only \(only.text)", at: 0) }
        if let shift { parts.append("shift \(shift)") }
        return parts.joined(separator: " ")
    }

    func allows(_ day: Int) -> Bool {
        guard Self.days.contains(day) else { return false }
        let place = day - Self.days.lowerBound
        if known[place] == 0 {
            let date = day.date
            let isAllowed =
                (only?.contains(date) ?? true) && !except.contains { $0.contains(date) }
            known[place] = isAllowed ? 1 : 2
        }
        return known[place] == 1
    }

    /// Where something goes that is due on `day`; day by day.
    func place(of day: Int) -> Int? {
        var day = day
        while !allows(day) {
            switch shift {
            case nil: return nil
            case .next: day += 1
            case .previous: day -= 1
            }
            guard Self.days.contains(day) else { return nil }
        }
        return day
    }

    /// Whether something fires on `day`, if `selects` says on which days it is due.
    ///
    /// What is due on other days comes here over days that are not allowed, and only over those.
    func fires(on day: Int, _ selects: (Int) -> Bool) -> Bool {
        guard allows(day) else { return false }
        if selects(day) { return true }
        guard let shift else { return false }
        let step = shift == .next ? -1 : 1
        var other = day + step
        while Self.days.contains(other), !allows(other) {
            if selects(other) { return true }
            other += step
        }
        return false
    }
}
