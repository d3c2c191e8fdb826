// Reads recurrence rules such as FREQ=MONTHLY;BYDAY=-1FR.

internal import Vocabulary

extension ICalendarRule {
    enum Reading {
        /// A rule, and what is to be noted of its line.
        case rule(ICalendarRule, remarks: [(kind: ICalendarNote.Kind, text: String)])
        /// What of a valid rule is beyond us, with its value.
        case unsupported(String)
    }

    /// Reads the value of an RRULE, in letters of any case, parts in any order.
    static func read(_ property: ICalendarProperty) throws(ICalendarError) -> Reading {
        var reader = ICalendarRuleReader(line: property.line)
        return try reader.read(String(decoding: try property.plainValue(), as: UTF8.self))
    }
}

private struct ICalendarRuleReader {
    let line: Int
    private var parts: [(name: String, value: String)] = []
    private var remarks: [(kind: ICalendarNote.Kind, text: String)] = []

    private static let weekdays = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]
    private static let subDaily: Set = ["SECONDLY", "MINUTELY", "HOURLY"]
    private static let subDailyParts: Set = ["BYSECOND", "BYMINUTE", "BYHOUR"]
    /// The parts that say which days are meant, and so are worth a position.
    private static let dayParts: Set = [
        "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY",
    ]
    private static let known = dayParts.union(subDailyParts).union([
        "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYSETPOS", "RSCALE", "SKIP",
    ])

    init(line: Int) {
        self.line = line
    }

    mutating func read(_ text: String) throws(ICalendarError) -> ICalendarRule.Reading {
        try split(text)
        guard let name = value("FREQ") else {
            throw invalid("the rule has no FREQ. Write it first, as in FREQ=YEARLY")
        }
        if Self.subDaily.contains(name) { return .unsupported("FREQ=\(name)".utf8.quoted) }
        guard let frequency = ICalendarRule.Frequency(rawValue: name) else {
            throw invalid("FREQ", name, "Write DAILY, WEEKLY, MONTHLY or YEARLY")
        }
        for (name, value) in parts {
            let isUnknown = !Self.known.contains(name)
            let isForeign = name == "RSCALE" && value != "GREGORIAN"
            let isShifting = name == "SKIP" && value != "OMIT"
            // RFC 7529 has leap months, as in 5L.
            let isLeapMonth = name == "BYMONTH" && value.contains("L")
            if isUnknown || isForeign || isShifting || isLeapMonth {
                return .unsupported("\(name)=\(value)".utf8.quoted)
            }
        }
        var rule = ICalendarRule(frequency: frequency)
        for (name, value) in parts { try read(name, value, into: &rule) }
        try check(rule)
        return .rule(rule, remarks: remarks)
    }

    /// Cuts the text at semicolons; some programs write one too many.
    private mutating func split(_ text: String) throws(ICalendarError) {
        for part in text.utf8.split(separator: UInt8(ascii: ";")) {
            let bytes = part.trimmed
            guard !bytes.isEmpty else { continue }
            let words = bytes.split(separator: UInt8(ascii: "="), maxSplits: 1)
                .map { String(decoding: $0.trimmed, as: UTF8.self).uppercased() }
            guard words.count == 2 else {
                throw invalid("\(bytes.quoted) is no part of a rule. Write it as in INTERVAL=2")
            }
            guard value(words[0]) == nil else {
                throw invalid("the rule has \(words[0].utf8.quoted) twice. Keep one")
            }
            parts.append((words[0], words[1]))
        }
    }

    private func value(_ name: String) -> String? {
        parts.first { $0.name == name }?.value
    }

    // MARK: - Parts

    private mutating func read(
        _ name: String,
        _ value: String,
        into rule: inout ICalendarRule
    ) throws(ICalendarError) {
        switch name {
        case "INTERVAL": rule.interval = Int64(try count(name, value))
        case "COUNT": rule.count = try count(name, value)
        case "UNTIL": rule.until = try until(value)
        case "WKST":
            guard let day = Self.weekdays.firstIndex(of: value) else {
                throw invalid(name, value, "Write SU, MO, TU, WE, TH, FR or SA")
            }
            rule.weekStart = day
        case "BYMONTH":
            for month in try numbers(name, value, upTo: 12, fromEnd: false) {
                rule.months |= 1 << UInt32(month)
            }
        case "BYMONTHDAY":
            for day in try numbers(name, value, upTo: 31) { rule.monthDays.insert(day) }
        case "BYYEARDAY":
            for day in try numbers(name, value, upTo: 366) { rule.yearDays.insert(day) }
        case "BYWEEKNO":
            for week in try numbers(name, value, upTo: 53) { rule.weekNumbers.insert(week) }
        case "BYSETPOS":
            for place in try numbers(name, value, upTo: 366) { rule.positions.insert(place) }
        case "BYDAY":
            for word in elements(value) { try readWeekday(word, into: &rule) }
        case "BYHOUR", "BYMINUTE", "BYSECOND":
            // RFC 5545, section 3.3.10, wants them to be ignored for dates.
            let part = "\(name)=\(value)".utf8.quoted
            remarks.append((.ignoredPart, "\(part) means nothing for whole days: ignored"))
        case _: break
        }
    }

    private func elements(_ value: String) -> [Substring.UTF8View] {
        value[...].utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    }

    private func count(_ name: String, _ value: String) throws(ICalendarError) -> Int {
        guard value.utf8.count <= 9, let number = Int(value), number > 0 else {
            throw invalid(name, value, "Write a number from 1 to 999999999")
        }
        return number
    }

    private func numbers(
        _ name: String,
        _ value: String,
        upTo last: Int,
        fromEnd: Bool = true
    ) throws(ICalendarError) -> [Int] {
        var numbers: [Int] = []
        for word in elements(value) {
            let text = String(decoding: word.trimmed, as: UTF8.self)
            guard let number = Int(text), (fromEnd ? -last...last : 1...last).contains(number),
                number != 0
            else {
                let remedy =
                    fromEnd
                    ? "Write 1 to \(last), or -1 to -\(last) to count from the end"
                    : "Write 1 to \(last)"
                throw invalid(name, text, remedy)
            }
            numbers.append(number)
        }
        return numbers
    }

    private func readWeekday(
        _ word: Substring.UTF8View,
        into rule: inout ICalendarRule
    ) throws(ICalendarError) {
        let bytes = word.trimmed
        let text = String(decoding: bytes, as: UTF8.self)
        let name = String(decoding: bytes.suffix(2), as: UTF8.self)
        guard let day = Self.weekdays.firstIndex(of: name) else {
            throw invalid("BYDAY", text, "Write MO, or 2MO and -1MO to count")
        }
        if bytes.count == 2 {
            rule.weekdays |= 1 << UInt8(day)
            return
        }
        let number = Int(String(decoding: bytes.dropLast(2), as: UTF8.self))
        guard let number, (-53...53).contains(number), number != 0 else {
            throw invalid("BYDAY", text, "Write 1\(name) to 53\(name), or below 0 from the end")
        }
        if rule.numberedWeekdays.isEmpty {
            rule.numberedWeekdays = Array(repeating: ICalendarPlaces(), count: 7)
        }
        rule.numberedWeekdays[day].insert(number)
    }

    /// Of a time, the date is the last day, even if it is given in UTC.
    private mutating func until(_ value: String) throws(ICalendarError) -> Int64 {
        guard let date = ICalendarDate(value.utf8), let day = date.day else {
            throw invalid("UNTIL", value, "Write the last day, as in 20261231")
        }
        if date.hasTime, !date.isLocalMidnight {
            let words = "UNTIL's \(value.utf8.quoted) has a time where a date is meant"
            remarks.append((.ignoredTime, "\(words): its date counts"))
        }
        return day
    }

    // MARK: - What may stand together

    private func check(_ rule: ICalendarRule) throws(ICalendarError) {
        if rule.count != nil, rule.until != nil {
            throw invalid("the rule has both COUNT and UNTIL. Keep one of them")
        }
        let isCounted = !rule.numberedWeekdays.isEmpty
        let (days, weeks) = (rule.frequency == .daily, rule.frequency == .weekly)
        if isCounted, days || weeks || !rule.weekNumbers.isEmpty {
            throw invalid(
                """
                a numbered weekday in BYDAY needs FREQ=MONTHLY, or YEARLY without BYWEEKNO. Write \
                weekdays without numbers, as in BYDAY=MO
                """
            )
        }
        if weeks, !rule.monthDays.isEmpty {
            throw misplaced("BYMONTHDAY", "DAILY, MONTHLY or YEARLY")
        }
        if rule.frequency != .yearly {
            if !rule.yearDays.isEmpty { throw misplaced("BYYEARDAY", "YEARLY") }
            if !rule.weekNumbers.isEmpty { throw misplaced("BYWEEKNO", "YEARLY") }
        }
        if !rule.positions.isEmpty, !parts.contains(where: { Self.dayParts.contains($0.name) }) {
            throw invalid(
                "BYSETPOS has nothing to choose from. Write BYDAY or another BY beside it"
            )
        }
    }

    private func misplaced(_ name: String, _ frequency: String) -> ICalendarError {
        invalid("\(name) does not go with the rule's FREQ. Write it with FREQ=\(frequency)")
    }

    private func invalid(_ name: String, _ value: String, _ remedy: String) -> ICalendarError {
        invalid("\(name)'s \(value.utf8.quoted) cannot be read. \(remedy)")
    }

    private func invalid(_ problem: String) -> ICalendarError {
        .invalidRule(line: line, problem)
    }
}
