// Random calendars whose days and periods lie where somebody will look.

internal import CronEval
internal import Vocabulary

extension ReferenceRule {
    /// A rule of any kind, with most of its entries around `day`.
    static func random(
        around day: Int,
        mayShift: Bool,
        using dice: inout SeededGenerator
    ) throws(CalendarError) -> ReferenceRule {
        var only: ReferenceCalendar?
        var except: [ReferenceCalendar] = []
        switch Int.random(in: 0..<10, using: &dice) {
        case 0...3:
            only = .workdays(around: day, using: &dice)
        case 4...5:
            only = .workdays(around: day, using: &dice)
            except = [.holidays(around: day, using: &dice)]
        case 6...7:
            for _ in 0..<Int.random(in: 1...3, using: &dice) {
                except.append(.holidays(around: day, using: &dice))
            }
        case 8:
            except = [.closure(around: day, using: &dice)]
        case _:
            only = .fewDays(around: day, using: &dice)
        }
        for place in except.indices where Bool.random(using: &dice) {
            except[place].addPeriods(around: day, using: &dice)
        }
        // Periods of the days to keep mean nothing.
        if Int.random(in: 0..<4, using: &dice) == 0 { only?.addPeriods(around: day, using: &dice) }
        let shifts: [CalendarShift?] = mayShift ? [nil, .next, .previous] : [nil]
        let shift = shifts[Int.random(in: 0..<shifts.count, using: &dice)]
        return try ReferenceRule(only: only, except: except, shift: shift)
    }
}

extension ReferenceCalendar {
    /// Some weekdays, without some days, with others in their place.
    fileprivate static func workdays(around day: Int, using dice: inout SeededGenerator) -> Self {
        var calendar = Self()
        calendar.weekdays =
            Bool.random(using: &dice)
            ? [1, 2, 3, 4, 5] : Set((0...6).filter { _ in Bool.random(using: &dice) })
        for _ in 0..<Int.random(in: 0...4, using: &dice) {
            calendar.excluded.append(.random(around: day, using: &dice))
        }
        for _ in 0..<Int.random(in: 0...3, using: &dice) {
            calendar.included.append(.random(around: day, using: &dice))
        }
        return calendar
    }

    /// Days to leave out.
    fileprivate static func holidays(around day: Int, using dice: inout SeededGenerator) -> Self {
        var calendar = Self()
        if Int.random(in: 0..<4, using: &dice) == 0 {
            calendar.weekdays = [Int.random(in: 0...6, using: &dice)]
        }
        for _ in 0..<Int.random(in: 1...5, using: &dice) {
            calendar.included.append(.random(around: day, using: &dice))
        }
        if Bool.random(using: &dice) {
            calendar.excluded.append(.random(around: day, using: &dice))
        }
        return calendar
    }

    /// One long stretch that ends or begins near `day`.
    fileprivate static func closure(around day: Int, using dice: inout SeededGenerator) -> Self {
        let edge = day + Int.random(in: -4...4, using: &dice)
        let length = Int.random(in: 1...90, using: &dice)
        let days = Bool.random(using: &dice) ? edge - length...edge : edge...edge + length
        var calendar = Self()
        calendar.included = [.once(days)]
        return calendar
    }

    /// A handful of single days, perhaps none.
    fileprivate static func fewDays(around day: Int, using dice: inout SeededGenerator) -> Self {
        var calendar = Self()
        for _ in 0..<Int.random(in: 0...6, using: &dice) {
            let only = day + Int.random(in: -20...20, using: &dice)
            calendar.included.append(.once(only...only))
        }
        return calendar
    }

    fileprivate mutating func addPeriods(around day: Int, using dice: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &dice) {
            let start = day * 86_400 + Int.random(in: -130_000...130_000, using: &dice)
            let lengths = [60, 3_600, 7_200, 86_400, 172_800]
            let longest = lengths[Int.random(in: 0..<lengths.count, using: &dice)]
            let end = start + Int.random(in: 1...longest, using: &dice)
            periods.append(.random(from: start, until: end, using: &dice))
        }
    }
}

extension ReferenceDays {
    /// Some days in a row, this year or every year.
    fileprivate static func random(around day: Int, using dice: inout SeededGenerator) -> Self {
        let first = day + Int.random(in: -25...25, using: &dice)
        let lengths = [0, 0, 1, 3, 9, 40]
        let length = lengths[Int.random(in: 0..<lengths.count, using: &dice)]
        switch Int.random(in: 0..<8, using: &dice) {
        case 0...3: return once(first...first + length)
        case 4...5: return Self(yearlyFrom: first.date, through: (first + length).date)
        case 6:
            // Any two days of any year, often over its end.
            let (from, through) = (anyDay(using: &dice), anyDay(using: &dice))
            return Self(yearlyFrom: from, through: through)
        case _:
            let leapDay = CivilDate(year: 2000, month: 2, day: 29) ?? 0.date
            let other = Bool.random(using: &dice) ? leapDay : anyDay(using: &dice)
            return Bool.random(using: &dice)
                ? Self(yearlyFrom: leapDay, through: other)
                : Self(yearlyFrom: other, through: leapDay)
        }
    }

    /// Days of a leap year.
    private static func anyDay(using dice: inout SeededGenerator) -> CivilDate {
        (10_957 + Int.random(in: 0...365, using: &dice)).date
    }

    /// As much of `days` as a calendar may name.
    fileprivate static func once(_ days: ClosedRange<Int>) -> Self {
        let named = days.clamped(to: 0...84_005)
        return Self(from: named.lowerBound.date, through: named.upperBound.date)
    }
}

extension ReferencePeriod {
    /// In one of the forms there are, with seconds or without.
    fileprivate static func random(
        from start: Int,
        until end: Int,
        using dice: inout SeededGenerator
    ) -> Self {
        var (from, until) = (start, end)
        if Bool.random(using: &dice) {
            (from, until) = (start.floored(by: 60) * 60, (end.floored(by: 60) + 1) * 60)
        }
        let (place, isWall) = ReferenceMoment.place(using: &dice)
        return Self(
            text: "\(ReferenceMoment.text(from, place))..\(ReferenceMoment.text(until, place))",
            from: from,
            until: until,
            isWall: isWall
        )
    }
}

/// How moments are written.
enum ReferenceMoment {
    /// Behind the time: nothing for the wall, else where that clock hangs.
    typealias Place = (suffix: String, offsetInSeconds: Int)

    static func place(using dice: inout SeededGenerator) -> (place: Place, isWall: Bool) {
        switch Int.random(in: 0..<4, using: &dice) {
        case 0...1: return (("", 0), true)
        case 2: return (("Z", 0), false)
        case _:
            let minutes = Int.random(in: -1_439...1_439, using: &dice)
            let clock = "\((abs(minutes) / 60).padded(to: 2)):\((abs(minutes) % 60).padded(to: 2))"
            return (("\(minutes < 0 ? "-" : "+")\(clock)", minutes * 60), false)
        }
    }

    /// The second `time`, counted on the wall or in UTC, as it is written at `place`.
    static func text(_ time: Int, _ place: Place) -> String {
        let shown = time + place.offsetInSeconds
        let day = shown.floored(by: 86_400)
        let second = shown - day * 86_400
        let clock = [second / 3_600, second / 60 % 60].map { $0.padded(to: 2) }
        let tail = second % 60 == 0 ? "" : ":\((second % 60).padded(to: 2))"
        return "\(day.date)T\(clock.joined(separator: ":"))\(tail)\(place.suffix)"
    }
}
