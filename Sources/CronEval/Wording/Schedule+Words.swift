// A schedule in plain words, for tables and previews.

internal import Vocabulary

extension Schedule {
    /// When it fires, in words: `every 5 minutes`, `at 03:00 every day`.
    ///
    /// Made from what the text means, not from how it is written; the zone is not mentioned.
    package var words: String {
        switch timing {
        case .fields(let pattern):
            let words = PatternWords(pattern: pattern).sentence
            return neverFires ? "never: \(words)" : words
        case .every(let grid): return "every \(Self.duration(grid.period))"
        case .at(let instant): return "once at \(instant)"
        }
    }

    private static func duration(_ milliseconds: Int64) -> String {
        // A day by the clock may have 23 hours or 25; this one has 24.
        if milliseconds == 86_400_000 { return "24 hours" }
        let units: [(name: String, milliseconds: Int64)] = [
            ("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000),
            ("millisecond", 1),
        ]
        if let unit = units.first(where: { $0.milliseconds == milliseconds }) { return unit.name }
        var rest = milliseconds
        var parts: [String] = []
        for unit in units where rest >= unit.milliseconds {
            let count = rest / unit.milliseconds
            parts.append("\(count) \(unit.name)\(count == 1 ? "" : "s")")
            rest %= unit.milliseconds
        }
        return parts.joined(separator: " ")
    }
}

/// The words for one pattern.
private struct PatternWords {
    let pattern: FieldPattern

    private static let monthNames = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let dayNames = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    private static let ordinals = ["first", "second", "third", "fourth", "fifth"]

    var sentence: String {
        let clock = clockTimes
        var words = clock ?? timeOfDay
        let days = dayWords
        if !days.isEmpty {
            words += " on \(days)"
        } else if clock != nil {
            words += " every day"
        }
        if !monthsAreNamed, !months.isEmpty { words += " in \(months)" }
        if pattern.dates.years != .all { words += " in \(years)" }
        return words
    }

    private var seconds: [Int] { Self.places(pattern.times.seconds) }
    private var minutes: [Int] { Self.places(pattern.times.minutes) }
    private var hours: [Int] { Self.places(UInt64(pattern.times.hours)) }

    /// `at 03:00 and 15:00`, if the times are few.
    private var clockTimes: String? {
        guard seconds.count == 1, minutes.count * hours.count <= 4 else { return nil }
        let tail = seconds == [0] ? "" : ":\(seconds[0].padded(to: 2))"
        let times = hours.flatMap { hour in
            minutes.map { "\(hour.padded(to: 2)):\($0.padded(to: 2))\(tail)" }
        }
        return "at \(Self.list(times))"
    }

    private var timeOfDay: String {
        if seconds == [0] { return minutesOfHours }
        var parts = [
            Self.every(seconds, of: 60, unit: "second") ?? "at \(Self.numbered(seconds, "second"))"
        ]
        if minutes.count < 60 { parts.append("in \(Self.numbered(minutes, "minute"))") }
        if hours.count < 24 { parts.append("in \(Self.numbered(hours, "hour"))") }
        return parts.joined(separator: " ")
    }

    private var minutesOfHours: String {
        if minutes == [0], let words = Self.every(hours, of: 24, unit: "hour") { return words }
        let isEveryHour = hours.count == 24
        if let words = Self.every(minutes, of: 60, unit: "minute") {
            return isEveryHour ? words : "\(words) in \(Self.numbered(hours, "hour"))"
        }
        let hours = isEveryHour ? "every hour" : Self.numbered(hours, "hour")
        return "at \(Self.numbered(minutes, "minute")) of \(hours)"
    }

    /// `every 5 minutes`, if the values divide the whole evenly from 0 on.
    private static func every(_ values: [Int], of size: Int, unit: String) -> String? {
        guard size % values.count == 0, values.count > 1 else { return nil }
        let step = size / values.count
        guard values == Array(stride(from: 0, to: size, by: step)) else { return nil }
        return step == 1 ? "every \(unit)" : "every \(step) \(unit)s"
    }

    private var days: DayPattern { pattern.dates.days }

    /// Empty for every day.
    private var dayWords: String {
        if days.isEveryDay { return "" }
        if days.needsBoth {
            if days.selectsEveryDate { return weekdays }
            if days.selectsEveryWeekday { return dates }
            return "\(dates) if it is \(weekdays)"
        }
        return "\(dates) and on \(weekdays)"
    }

    /// Whether the day's words end with the month.
    private var monthsAreNamed: Bool {
        days.needsBoth && days.selectsEveryWeekday && !days.selectsEveryDate && !months.isEmpty
    }

    /// `day 1 of the month`, `the last day of February`.
    private var dates: String {
        var parts: [String] = []
        let plain = Self.places(UInt64(days.days))
        if !plain.isEmpty { parts.append(Self.numbered(plain, "day")) }
        parts += Self.places(UInt64(days.nearest)).map { "the weekday nearest to day \($0)" }
        parts += Self.places(UInt64(days.fromLast)).reversed().map { Self.last(31 - $0) }
        parts += Self.places(UInt64(days.nearestFromLast)).reversed().map {
            "the weekday nearest to \(Self.last(31 - $0))"
        }
        return "\(Self.list(parts)) of \(monthsAreNamed ? months : "the month")"
    }

    private static func last(_ days: Int) -> String {
        switch days {
        case 0: "the last day"
        case 1: "the day before the last"
        case _: "the day \(days) days before the last"
        }
    }

    /// `Monday to Friday`, `the first Monday and the last Friday of the month`.
    private var weekdays: String {
        var parts: [String] = []
        let lanes = (0..<5).map { days.weeks >> UInt64(7 * $0) & 0x7F }
        let always = lanes.reduce(0x7F, &)
        parts += Self.runs(Self.places(always).map { ($0, Self.dayNames[$0]) })
        let isPlain = always == lanes[0] && lanes.allSatisfy { $0 == always } && days.lastWeek == 0
        for (lane, ordinal) in zip(lanes, Self.ordinals) {
            parts += Self.places(lane & ~always).map { "the \(ordinal) \(Self.dayNames[$0])" }
        }
        parts += Self.places(UInt64(days.lastWeek)).map { "the last \(Self.dayNames[$0])" }
        return Self.list(parts) + (isPlain ? "" : " of the month")
    }

    /// Empty for every month.
    private var months: String {
        let places = Self.places(UInt64(pattern.dates.months))
        guard places.count < 12 else { return "" }
        return Self.list(Self.runs(places.map { ($0, Self.monthNames[$0 - 1]) }))
    }

    private var years: String {
        let all = (1970...YearSet.last).filter { pattern.dates.years.contains($0) }
        return Self.list(Self.runs(all.map { ($0, "\($0)") }))
    }

    private static func places(_ mask: UInt64) -> [Int] {
        (0..<64).filter { mask >> UInt64($0) & 1 == 1 }
    }

    /// `minute 5`, `minutes 0 to 9 and 30`.
    private static func numbered(_ values: [Int], _ unit: String) -> String {
        "\(unit)\(values.count == 1 ? "" : "s") \(list(runs(values.map { ($0, "\($0)") })))"
    }

    /// Three and more consecutive values as `first to last`.
    private static func runs(_ values: [(value: Int, name: String)]) -> [String] {
        var parts: [String] = []
        var start = 0
        while start < values.count {
            var end = start
            while end + 1 < values.count, values[end + 1].value == values[end].value + 1 {
                end += 1
            }
            if end - start >= 2 {
                parts.append("\(values[start].name) to \(values[end].name)")
            } else {
                parts += values[start...end].map(\.name)
            }
            start = end + 1
        }
        return parts
    }

    private static func list(_ parts: [String]) -> String {
        guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
        return "\(parts.dropLast().joined(separator: ", ")) and \(last)"
    }
}
