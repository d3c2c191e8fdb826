// Finds the events of an iCalendar file among its components.

/// What an event's lines say, before any of it is believed.
struct ICalendarEntry {
    /// The properties that decide on which days it is; each may be there once.
    enum Single: String, CaseIterable {
        case start = "DTSTART"
        case end = "DTEND"
        case duration = "DURATION"
        case recurrenceID = "RECURRENCE-ID"
    }

    let line: Int
    var uid: [UInt8]?
    var summary = ""
    var categories: [String] = []
    var mark: AllDayEvent.Mark?
    var isCancelled = false
    /// Whether Outlook says that its times, which are midnights, mean whole days.
    var isMarkedAllDay = false
    var rules: [ICalendarProperty] = []
    var moreDates: [ICalendarProperty] = []
    var exceptDates: [ICalendarProperty] = []
    /// `EXRULE`, which RFC 5545 has dropped.
    var exceptRule: ICalendarProperty?
    private var singles: [Single: ICalendarProperty] = [:]

    init(line: Int) {
        self.line = line
    }

    subscript(single: Single) -> ICalendarProperty? { singles[single] }

    mutating func set(_ single: Single, _ property: ICalendarProperty) throws(ICalendarError) {
        if let first = singles[single] {
            throw .duplicateProperty(property.name, first: first.line, line: property.line)
        }
        singles[single] = property
    }
}

/// Goes through the lines and keeps the events.
struct ICalendarReader {
    private var lines: ICalendarLines
    /// The components that are open, outermost first.
    private var open: [(name: String, line: Int)] = []
    private var hasCalendar = false
    private var hasSummary = false
    /// The event that is open, if one is.
    private var entry: ICalendarEntry?

    private(set) var entries: [ICalendarEntry] = []
    private(set) var notes = ICalendarNotes()
    private(set) var name: String?

    private static let calendar = "VCALENDAR"
    private static let event = "VEVENT"
    /// Components that say nothing of days and are no loss.
    private static let silent: Set = ["VTIMEZONE", "VALARM"]

    init(bytes: [UInt8]) {
        lines = ICalendarLines(bytes: bytes)
    }

    mutating func read() throws(ICalendarError) {
        while let line = try lines.next() {
            // Blank lines, as after the last one, are no offence.
            guard !line.bytes.trimmed.isEmpty else { continue }
            guard let property = ICalendarProperty(line) else {
                guard hasCalendar else { throw .notICalendar(line.bytes, line: line.number) }
                passOver(line)
                continue
            }
            switch property.name {
            case "BEGIN": try begin(property, in: line)
            case "END": try end(property, in: line)
            case _ where open.isEmpty:
                guard hasCalendar else { throw .notICalendar(line.bytes, line: line.number) }
                passOver(line)
            case _: try read(property)
            }
        }
        if let (name, line) = open.last { throw .unclosed(name, line: line) }
        guard hasCalendar else { throw .notICalendar([], line: 1) }
    }

    private mutating func passOver(_ line: ICalendarLines.Line) {
        let reason = open.isEmpty ? "is outside of any calendar" : "has no name and value"
        notes.add(.ignoredLine, line: line.number, "\(line.bytes.quoted) \(reason): ignored")
    }

    // MARK: - Components

    private mutating func begin(
        _ property: ICalendarProperty,
        in line: ICalendarLines.Line
    ) throws(ICalendarError) {
        let name = String(decoding: try property.value().trimmed, as: UTF8.self).uppercased()
        if open.isEmpty, name == Self.calendar {
            hasCalendar = true
        } else if open.isEmpty, !hasCalendar {
            throw .notICalendar(line.bytes, line: line.number)
        } else if open.count == 1, open[0].name == Self.calendar, name == Self.event {
            guard entries.count < ICalendar.Limits.events else {
                throw .tooManyEvents(line: line.number)
            }
            entry = ICalendarEntry(line: line.number)
            hasSummary = false
        } else if open.count <= (entry == nil ? 1 : 2), !Self.silent.contains(name) {
            notes.add(
                .ignoredComponent,
                line: line.number,
                "\(name.utf8.quoted) is no event of a calendar: ignored"
            )
        }
        guard open.count < ICalendar.Limits.depth else { throw .tooDeep(line: line.number) }
        open.append((name, line.number))
    }

    private mutating func end(
        _ property: ICalendarProperty,
        in line: ICalendarLines.Line
    ) throws(ICalendarError) {
        guard hasCalendar else { throw .notICalendar(line.bytes, line: line.number) }
        let value = try property.value().trimmed
        guard let last = open.last, String(decoding: value, as: UTF8.self).uppercased() == last.name
        else { throw .mismatchedEnd(value, open: open.last?.name, line: property.line) }
        open.removeLast()
        if open.count == 1, let entry {
            entries.append(entry)
            self.entry = nil
        }
    }

    // MARK: - Properties

    private mutating func read(_ property: ICalendarProperty) throws(ICalendarError) {
        if open.count == 1, open[0].name == Self.calendar {
            try readOfCalendar(property)
        } else if open.count == 2, entry != nil {
            try readOfEvent(property)
        }
    }

    private mutating func readOfCalendar(_ property: ICalendarProperty) throws(ICalendarError) {
        switch property.name {
        case "VERSION":
            let value = try property.plainValue()
            guard value.first != UInt8(ascii: "1") else {
                throw .unsupportedVersion(value, line: property.line)
            }
        case "NAME", "X-WR-CALNAME":
            if name == nil { name = text(try property.text(), of: property) }
        case _: break
        }
    }

    private mutating func readOfEvent(_ property: ICalendarProperty) throws(ICalendarError) {
        if let single = ICalendarEntry.Single(rawValue: property.name) {
            try entry?.set(single, property)
            return
        }
        switch property.name {
        case "RRULE": entry?.rules.append(property)
        case "EXRULE": entry?.exceptRule = property
        case "RDATE": entry?.moreDates.append(property)
        case "EXDATE": entry?.exceptDates.append(property)
        case "UID":
            let uid = try property.value().trimmed
            entry?.uid = uid
        case "SUMMARY":
            // Further ones are the same in other languages.
            guard !hasSummary else { return }
            let summary = text(try property.text(), of: property)
            entry?.summary = summary
            hasSummary = true
        case "CATEGORIES":
            for bytes in try property.textList() {
                let category = text(bytes, of: property)
                entry?.categories.append(category)
            }
        case "STATUS":
            let status = try word(of: property)
            entry?.isCancelled = status == "CANCELLED"
        case "X-APPLE-SPECIAL-DAY":
            switch try word(of: property) {
            case "WORK-HOLIDAY": entry?.mark = .holiday
            case "ALTERNATE-WORKDAY": entry?.mark = .workday
            case _: break
            }
        case "X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-MSNCALENDAR-ALLDAYEVENT":
            if try word(of: property) == "TRUE" { entry?.isMarkedAllDay = true }
        case _: break
        }
    }

    private func word(of property: ICalendarProperty) throws(ICalendarError) -> String {
        String(decoding: try property.plainValue(), as: UTF8.self).uppercased()
    }

    private mutating func text(_ bytes: [UInt8], of property: ICalendarProperty) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        notes.add(
            .damagedText,
            line: property.line,
            "\(property.name)'s \(bytes.quoted) is not UTF-8: some characters are lost"
        )
        return String(decoding: bytes, as: UTF8.self)
    }
}
