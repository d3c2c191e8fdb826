// What an expression means, in words.

/// The words for one pattern.
struct PatternWords {
    let pattern: FieldPattern
    let phrases: Phrases

    var sentence: String {
        let clock = clockTimes
        var parts = [clock ?? timeOfDay]
        let days = dayWords
        if !days.isEmpty {
            parts.append(Phrases.fill(phrases.on, days))
        } else if clock != nil {
            parts.append(phrases.everyDay)
        }
        if !monthsAreNamed, !months.isEmpty { parts.append(Phrases.fill(phrases.within, months)) }
        if pattern.dates.years != .all { parts.append(Phrases.fill(phrases.within, years)) }
        return parts.joined(separator: " ")
    }

    private var seconds: [Int] { Self.places(pattern.times.seconds) }
    private var minutes: [Int] { Self.places(pattern.times.minutes) }
    private var hours: [Int] { Self.places(UInt64(pattern.times.hours)) }

    /// `at 03:00 and 15:00`, if the times are few.
    private var clockTimes: String? {
        guard seconds.count == 1, minutes.count * hours.count <= 4 else { return nil }
        let times = hours.flatMap { hour in
            minutes.map { WallText.time(hour: hour, minute: $0, second: seconds[0]) }
        }
        return Phrases.fill(phrases.at, phrases.list(times))
    }

    private var timeOfDay: String {
        if seconds == [0] { return minutesOfHours }
        var parts = [
            every(seconds, of: 60, phrases.second)
                ?? Phrases.fill(phrases.at, numbered(seconds, phrases.second))
        ]
        if minutes.count < 60 {
            parts.append(Phrases.fill(phrases.within, numbered(minutes, phrases.minute)))
        }
        if hours.count < 24 {
            parts.append(Phrases.fill(phrases.within, numbered(hours, phrases.hour)))
        }
        return parts.joined(separator: " ")
    }

    private var minutesOfHours: String {
        if minutes == [0], let words = every(hours, of: 24, phrases.hour) { return words }
        let some = hours.count == 24 ? nil : numbered(hours, phrases.hour)
        if let words = every(minutes, of: 60, phrases.minute) {
            return ([words] + [some].compactMap { $0.map { Phrases.fill(phrases.within, $0) } })
                .joined(separator: " ")
        }
        let minutes = numbered(minutes, phrases.minute)
        return Phrases.fill(phrases.minutesOfHours, minutes, some ?? phrases.everyHour)
    }

    /// `every 5 minutes`, if the values divide the whole evenly from 0 on.
    private func every(_ values: [Int], of size: Int, _ unit: Phrases.Unit) -> String? {
        guard size % values.count == 0, values.count > 1 else { return nil }
        let step = size / values.count
        guard values == Array(stride(from: 0, to: size, by: step)) else { return nil }
        return Phrases.fill(phrases.every, step == 1 ? unit.one : phrases.count(Int64(step), unit))
    }

    private var days: DayPattern { pattern.dates.days }
    private var special: SpecialDates { pattern.dates.special ?? .none }

    /// Empty for every day.
    private var dayWords: String {
        if days.isEveryDay { return "" }
        if days.needsBoth {
            if days.selectsEveryDate { return weekdays }
            if days.selectsEveryWeekday { return dates }
            return Phrases.fill(phrases.bothDays, dates, weekdays)
        }
        return Phrases.fill(phrases.eitherDay, dates, weekdays)
    }

    /// Whether the day's words end with the month.
    private var monthsAreNamed: Bool {
        days.needsBoth && days.selectsEveryWeekday && !days.selectsEveryDate && !months.isEmpty
    }

    /// `day 1 of the month`, `the last day of February`.
    private var dates: String {
        var parts: [String] = []
        let plain = Self.places(UInt64(days.days))
        if !plain.isEmpty { parts.append(numbered(plain, phrases.day)) }
        parts += Self.places(UInt64(special.nearest)).map {
            Phrases.fill(phrases.nearestWeekday, numbered([$0], phrases.day))
        }
        parts += Self.places(UInt64(special.fromLast)).reversed().map { fromLast(31 - $0) }
        parts += Self.places(UInt64(special.nearestFromLast)).reversed().map {
            Phrases.fill(phrases.nearestWeekday, fromLast(31 - $0))
        }
        let months = monthsAreNamed ? months : phrases.theMonth
        return Phrases.fill(phrases.ofMonths, phrases.list(parts), months)
    }

    private func fromLast(_ days: Int) -> String {
        switch days {
        case 0: phrases.lastDay
        case 1: phrases.dayBeforeLast
        case _: Phrases.fill(phrases.daysBeforeLast, phrases.count(Int64(days), phrases.day))
        }
    }

    /// `Monday to Friday`, `the first Monday and the last Friday of the month`.
    private var weekdays: String {
        var parts: [String] = []
        let always = UInt64(days.weekdays)
        let lanes = (0..<5).map { special.weeks >> UInt64(7 * $0) & 0x7F }
        parts += runs(Self.places(always).map { ($0, phrases.weekdays[$0]) })
        let isPlain = special.weeks == 0 && special.lastWeek == 0
        for (lane, ordinal) in zip(lanes, phrases.ordinals) {
            parts += Self.places(lane).map {
                Phrases.fill(phrases.ordinalWeekday, ordinal, phrases.weekdays[$0])
            }
        }
        parts += Self.places(UInt64(special.lastWeek)).map {
            Phrases.fill(phrases.lastWeekday, phrases.weekdays[$0])
        }
        let words = phrases.list(parts)
        return isPlain ? words : Phrases.fill(phrases.ofMonths, words, phrases.theMonth)
    }

    /// Empty for every month.
    private var months: String {
        let places = Self.places(UInt64(pattern.dates.months))
        guard places.count < 12 else { return "" }
        return phrases.list(runs(places.map { ($0, phrases.months[$0 - 1]) }))
    }

    private var years: String {
        let all = (1970...YearSet.last).filter { pattern.dates.years.contains($0) }
        return phrases.list(runs(all.map { ($0, "\($0)") }))
    }

    private static func places(_ mask: UInt64) -> [Int] {
        (0..<64).filter { mask >> UInt64($0) & 1 == 1 }
    }

    /// `minute 5`, `minutes 0 to 9 and 30`.
    private func numbered(_ values: [Int], _ unit: Phrases.Unit) -> String {
        let list = phrases.list(runs(values.map { ($0, "\($0)") }))
        return Phrases.fill(phrases.numbered, values.count == 1 ? unit.one : unit.many, list)
    }

    /// Three and more consecutive values as `first to last`.
    private func runs(_ values: [(value: Int, name: String)]) -> [String] {
        var parts: [String] = []
        var start = 0
        while start < values.count {
            var end = start
            while end + 1 < values.count, values[end + 1].value == values[end].value + 1 {
                end += 1
            }
            if end - start >= 2 {
                parts.append(Phrases.fill(phrases.through, values[start].name, values[end].name))
            } else {
                parts += values[start...end].map(\.name)
            }
            start = end + 1
        }
        return parts
    }
}
