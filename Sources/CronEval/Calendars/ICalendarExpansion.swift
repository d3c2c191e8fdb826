// From what the lines of iCalendar events say to their days.

internal import Vocabulary

/// Makes all-day events of the events of a file, one after the other.
struct ICalendarExpansion {
    private(set) var notes: ICalendarNotes
    private(set) var timedEventCount = 0
    private var budget = ICalendarBudget()
    /// For the uid of a series, the days on which its occurrences are replaced by others.
    private var replaced: [[UInt8]: Set<Int64>] = [:]

    /// 1970-01-01 to 2199-12-31.
    static var bounds: ClosedRange<Int64> { 0...DayBounds.last }

    init(notes: ICalendarNotes) {
        self.notes = notes
    }

    mutating func events(
        of entries: [ICalendarEntry]
    ) throws(ICalendarError) -> [AllDayEvent] {
        var candidates: [(entry: ICalendarEntry, start: Int64)] = []
        var overrides: [ICalendarEntry] = []
        for entry in entries {
            if entry[.recurrenceID] != nil {
                guard try isSupportedOverride(entry) else { continue }
                overrides.append(entry)
            }
            if let start = try allDayStart(of: entry) { candidates.append((entry, start)) }
        }
        try replaceOccurrences(of: candidates.map(\.entry), by: overrides)

        var events: [AllDayEvent] = []
        for (entry, start) in candidates {
            if let event = try event(entry, on: start) { events.append(event) }
        }
        return events
    }

    // MARK: - Which events count

    private mutating func isSupportedOverride(
        _ entry: ICalendarEntry
    ) throws(ICalendarError) -> Bool {
        guard try entry[.recurrenceID]?.parameter("RANGE") != nil else { return true }
        note(.unsupportedOverride, entry, "changes all later occurrences, which is not supported")
        return false
    }

    /// The first day of an event that lasts whole days and is not cancelled.
    private mutating func allDayStart(of entry: ICalendarEntry) throws(ICalendarError) -> Int64? {
        guard !entry.isCancelled else {
            // One that replaces an occurrence has its effect: the occurrence is taken away.
            if entry[.recurrenceID] == nil { note(.cancelledEvent, entry, "is cancelled") }
            return nil
        }
        guard let property = entry[.start] else {
            note(.eventWithoutStart, entry, "has no DTSTART")
            return nil
        }
        let value = try property.plainValue()
        guard let date = ICalendarDate(value) else {
            throw .invalidDate(value, of: property.name, line: property.line)
        }
        if date.hasTime {
            if try property.parameter("VALUE") == "DATE" {
                noteTime(of: property, value)
            } else if try !isWholeDays(entry, from: date) {
                timedEventCount += 1
                note(.timedEvent, entry, "has a time of day")
                return nil
            }
        }
        guard let day = date.day else {
            throw .invalidDate(value, of: property.name, line: property.line)
        }
        return day
    }

    /// Whether the times of `entry` are Outlook's way to write whole days.
    private func isWholeDays(
        _ entry: ICalendarEntry,
        from start: ICalendarDate
    ) throws(ICalendarError) -> Bool {
        guard entry.isMarkedAllDay, start.isLocalMidnight else { return false }
        if let end = entry[.end] {
            return ICalendarDate(try end.plainValue())?.isLocalMidnight == true
        }
        guard let duration = entry[.duration] else { return true }
        return ICalendarDuration.days(try duration.plainValue()) != nil
    }

    /// Notes which occurrences of all-day series have events of their own, all-day or not.
    private mutating func replaceOccurrences(
        of entries: [ICalendarEntry],
        by overrides: [ICalendarEntry]
    ) throws(ICalendarError) {
        let series = Set(entries.filter { $0[.recurrenceID] == nil }.compactMap(\.uid))
        for entry in overrides {
            guard let uid = entry.uid, series.contains(uid), let property = entry[.recurrenceID]
            else { continue }
            let day = try day(property.plainValue(), of: property)
            replaced[uid, default: []].insert(day)
        }
    }

    // MARK: - Days of one event

    private mutating func event(
        _ entry: ICalendarEntry,
        on start: Int64
    ) throws(ICalendarError) -> AllDayEvent? {
        let length = try length(of: entry, from: start)
        guard var starts = try starts(of: entry, from: start, length: length) else { return nil }
        for property in entry.exceptDates {
            for day in try days(property) { starts.remove(day) }
        }
        if entry[.recurrenceID] == nil, let uid = entry.uid, let days = replaced[uid] {
            starts = starts.filter { !days.contains($0) }
        }
        let days = Self.joined(starts, length: length)
        guard !days.isEmpty else {
            note(.eventWithoutDays, entry, "has no day from 1970 to 2199 that is not taken away")
            return nil
        }
        return AllDayEvent(
            line: entry.line,
            summary: entry.summary,
            categories: entry.categories,
            mark: entry.mark,
            days: days
        )
    }

    /// How many days each occurrence has; at least 1.
    private func length(
        of entry: ICalendarEntry,
        from start: Int64
    ) throws(ICalendarError) -> Int64 {
        if let end = entry[.end] {
            guard entry[.duration] == nil else { throw .lengthTwice(line: end.line) }
            let value = try end.plainValue()
            guard let date = ICalendarDate(value), let day = date.day else {
                throw .invalidDate(value, of: end.name, line: end.line)
            }
            let isDeclared = try end.parameter("VALUE") == "DATE"
            guard !date.hasTime || isDeclared || date.isLocalMidnight && entry.isMarkedAllDay
            else { throw .endWithTime(value, line: end.line) }
            guard day >= start else { throw .endBeforeStart(value, line: end.line) }
            return max(day - start, 1)
        }
        guard let duration = entry[.duration] else { return 1 }
        let value = try duration.plainValue()
        guard let days = ICalendarDuration.days(value) else {
            throw .invalidDuration(value, line: duration.line)
        }
        return max(days, 1)
    }

    /// The first days of all occurrences, exceptions included, or `nil` if they are beyond us.
    private mutating func starts(
        of entry: ICalendarEntry,
        from start: Int64,
        length: Int64
    ) throws(ICalendarError) -> Set<Int64>? {
        if let property = entry.exceptRule {
            let words = "has an EXRULE (line \(property.line)), which iCalendar has dropped"
            note(.unsupportedRecurrence, entry, words)
            return nil
        }
        var starts: Set<Int64> = []
        var endsBeforeStart = !entry.rules.isEmpty
        for property in entry.rules {
            switch try ICalendarRule.read(property) {
            case .unsupported(let part):
                let words = "recurs by \(part) (line \(property.line)), which is not supported"
                note(.unsupportedRecurrence, entry, words)
                return nil
            case .rule(let rule, let remarks):
                for (kind, remark) in remarks { notes.add(kind, line: property.line, remark) }
                if rule.until.map({ $0 >= start }) ?? true { endsBeforeStart = false }
                var scan = ICalendarScan(rule, from: start, length: length, line: entry.line)
                starts.formUnion(try scan.days(spending: &budget))
            }
        }
        if !endsBeforeStart { try insert(start, into: &starts, length: length, of: entry) }
        for property in entry.moreDates {
            for day in try days(property) {
                try insert(day, into: &starts, length: length, of: entry)
            }
        }
        return starts
    }

    private mutating func insert(
        _ day: Int64,
        into starts: inout Set<Int64>,
        length: Int64,
        of entry: ICalendarEntry
    ) throws(ICalendarError) {
        try budget.spend(days: Self.count(from: day, length: length), line: entry.line)
        starts.insert(day)
    }

    /// How many of `length` days from `day` on are within the bounds.
    static func count(from day: Int64, length: Int64) -> Int64 {
        max(min(day + length - 1, bounds.upperBound) - max(day, bounds.lowerBound) + 1, 0)
    }

    private static func joined(_ starts: Set<Int64>, length: Int64) -> [ClosedRange<CivilDate>] {
        var ranges: [ClosedRange<Int64>] = []
        for start in starts.sorted() where count(from: start, length: length) > 0 {
            let range = (start...start + length - 1).clamped(to: bounds)
            if let last = ranges.last, range.lowerBound <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges.map {
            CivilDate(daysSinceEpoch: $0.lowerBound)...CivilDate(daysSinceEpoch: $0.upperBound)
        }
    }
}

// MARK: - Lists of dates

extension ICalendarExpansion {
    /// The dates of RDATE or EXDATE; some programs write the name without any.
    private mutating func days(_ property: ICalendarProperty) throws(ICalendarError) -> [Int64] {
        let value = try property.plainValue()
        guard !value.isEmpty else { return [] }
        var days: [Int64] = []
        let words = value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        for word in words { days.append(try day(word.trimmed, of: property)) }
        return days
    }

    private mutating func day(
        _ value: [UInt8],
        of property: ICalendarProperty
    ) throws(ICalendarError) -> Int64 {
        guard let date = ICalendarDate(value), let day = date.day else {
            throw .invalidDate(value, of: property.name, line: property.line)
        }
        if date.hasTime, !date.isLocalMidnight { noteTime(of: property, value) }
        return day
    }

    private mutating func noteTime(of property: ICalendarProperty, _ value: [UInt8]) {
        let words = "\(property.name)'s \(value.quoted) has a time where a date is meant"
        notes.add(.ignoredTime, line: property.line, "\(words): its date counts")
    }

    private mutating func note(
        _ kind: ICalendarNote.Kind,
        _ entry: ICalendarEntry,
        _ words: String
    ) {
        notes.add(kind, line: entry.line, "\(entry.summary.utf8.quoted) \(words): passed over")
    }
}
