// A whole expression, read by the words of docs/schedules.md and nothing else.

internal import Vocabulary

/// An expression that can be asked about every date and time of day.
struct PlainReading {
    let second: PlainField
    let minute: PlainField
    let hour: PlainField
    let date: PlainField
    let month: PlainField
    let weekday: PlainField
    let year: PlainField
    /// 5, 6 or 7.
    let fieldCount: Int
    private let habits: Habits
    /// Whether no day satisfies both day fields, as far as that matters to these habits.
    private var isUnmeetable = false

    private static let macros = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    ]

    /// Reads fields or a macro that stands for fields; `nil` if `text` is neither.
    init?(_ text: String, habits: Habits = Habits()) {
        self.habits = habits
        let body = PlainPrefix(text).body.split(separator: " ").joined(separator: " ")
        var words = (Self.macros[body] ?? body).split(separator: " ").map(String.init)
        fieldCount = words.count
        if words.count == 5 { words.insert("0", at: 0) }
        if words.count == 6 { words.append("*") }
        guard words.count == 7 else { return nil }
        var fields: [PlainField] = []
        for (kind, word) in zip(PlainFieldKind.allCases, words) {
            guard let field = PlainField(word, kind: kind, habits: habits) else { return nil }
            fields.append(field)
        }
        (second, minute, hour) = (fields[0], fields[1], fields[2])
        (date, month, weekday, year) = (fields[3], fields[4], fields[5], fields[6])
        if habits.doSpecialsPrevail, hasNth || hasNearest, !needsBoth { isUnmeetable = !meets() }
    }

    var isInterval: Bool {
        if habits.isEverythingFixed { return false }
        if habits.areSecondsInterval, fieldCount > 5 { return true }
        return minute.isStarred || hour.isStarred || fieldCount > 5 && second.isStarred
    }

    func selectsMonth(_ number: Int) -> Bool { month.values.contains(number) }

    func selects(_ day: CivilDate) -> Bool {
        guard selectsMonth(day.month), year.isPlain || year.values.contains(day.year)
        else { return false }
        let byDate = selectsDate(day)
        let byWeekday = selectsWeekday(day)
        if habits.doSpecialsPrevail, hasNearest || hasNth, !needsBoth {
            // What neither would ever select together stops the search of the other, too.
            if isUnmeetable { return false }
            return (byDate || !hasNearest) && (byWeekday || !hasNth)
        }
        let isBoth = needsBoth != habits.isDayRuleSwapped
        return isBoth ? byDate && byWeekday : byDate || byWeekday
    }

    private func selectsDate(_ day: CivilDate) -> Bool {
        date.values.contains(day.day) || date.items.contains { selects(day, $0) }
    }

    private func selectsWeekday(_ day: CivilDate) -> Bool {
        let isOverlooked = habits.doSpecialsPrevail && hasNth
        return !isOverlooked && weekday.values.contains(day.weekday)
            || weekday.items.contains { selects(day, $0) }
    }

    private var needsBoth: Bool {
        hasPlus || isFree(date, beside: weekday) || isFree(weekday, beside: date)
    }

    private var hasPlus: Bool { weekday.text.hasPrefix("+") && !habits.isPlusOverlooked }

    private func isFree(_ field: PlainField, beside other: PlainField) -> Bool {
        switch habits.star {
        case .leading: field.isStarred
        case .anywhere:
            field.isStarred || field.text.split(separator: ",").contains("*")
                || field.isPlainWhole && other.text.contains("*")
        case .bare:
            field.text.split(separator: ",").contains { word in
                ["*", "?"].contains(word) || word.hasPrefix("*/") && Int(word.dropFirst(2)) == 1
            }
        }
    }

    /// Whether some day of forty years satisfies both day fields.
    private func meets() -> Bool {
        (10_957..<25_567).contains { (number: Int64) in
            let day = CivilDate(daysSinceEpoch: number)
            return selectsMonth(day.month) && selectsDate(day) && selectsWeekday(day)
        }
    }

    private var hasNearest: Bool {
        date.items.contains { if case .nearest = $0 { true } else { false } }
    }

    private var hasNth: Bool {
        weekday.items.contains {
            switch $0 {
            case .nth, .last: true
            case .values, .beforeLast, .nearest, .nearestBeforeLast: false
            }
        }
    }

    /// Whether an item that is no set of values selects `day`.
    private func selects(_ day: CivilDate, _ item: PlainField.Item) -> Bool {
        let length = CivilDate.length(ofMonth: day.month, year: day.year)
        switch item {
        case .values: return false
        case .beforeLast(let back): return day.day == length - back
        case .nearest(let wanted):
            return isNearest(day, to: habits.doesNearestClamp ? min(wanted, length) : wanted)
        case .nearestBeforeLast(let back): return isNearest(day, to: length - back)
        case .nth(let weekday, let count):
            let number = (day.day + 6) / 7 - (habits.isOccurrenceLate ? 1 : 0)
            return day.weekday == weekday && number == count
        case .last(let weekday):
            let end = length - (habits.isLastWeekdayEarly ? 7 : 0)
            return day.weekday == weekday && day.day + 7 > end && day.day <= end
        }
    }

    /// Whether `day` is the working day of its month with the least distance to `wanted`.
    private func isNearest(_ day: CivilDate, to wanted: Int) -> Bool {
        let length = CivilDate.length(ofMonth: day.month, year: day.year)
        guard (1...length).contains(wanted) else {
            guard habits.doesNearestLookBeyond else { return false }
            return wanted == length + 1 && day.day == length && day.weekday == 5
                || wanted == 0 && day.day == 1 && day.weekday == 1
        }
        let first = day.weekday - (day.day - 1)
        let working = (1...length).filter { ![0, 6].contains(((first + $0 - 1) % 7 + 7) % 7) }
        let isSaturday = ((first + wanted - 1) % 7 + 7) % 7 == 6
        if habits.doesSaturdayMoveOn, isSaturday { return day.day == wanted + 2 }
        return working.min { abs($0 - wanted) < abs($1 - wanted) } == day.day
    }
}

/// The zone that a text may begin with.
struct PlainPrefix {
    /// As in `CRON_TZ=Europe/Berlin 0 3 * * *`.
    let zone: String?
    let body: String

    init(_ text: String) {
        let mark = ["CRON_TZ=", "TZ="].first { text.hasPrefix($0) }
        guard let mark else {
            (zone, body) = (nil, text)
            return
        }
        let rest = text.dropFirst(mark.count)
        zone = String(rest.prefix { $0 != " " })
        body = String(rest.drop { $0 != " " })
    }
}
