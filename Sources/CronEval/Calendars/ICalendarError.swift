// What is wrong with an iCalendar file, said so that its owner can mend it.

/// An iCalendar file that could not be understood.
package struct ICalendarError: Error, Equatable, Sendable {
    /// The kind of fault; the raw value is the word the API uses.
    package enum Code: String, CaseIterable, Hashable, Sendable {
        case tooLarge
        case lineTooLong
        case tooManyEvents
        case tooManyDays
        case tooManyMonths
        case tooDeep
        case notICalendar
        case unsupportedVersion
        case mismatchedEnd
        case unclosed
        case malformedProperty
        case duplicateProperty
        case contradiction
        case invalidDate
        case invalidDuration
        case endBeforeStart
        case invalidRule
    }

    package let code: Code
    /// The line of the file, from 1; the first one of a folded line.
    package let line: Int
    /// What is wrong, with the value, and what to write instead; without the place.
    package let message: String

    private init(_ code: Code, line: Int, _ message: String) {
        self.code = code
        self.line = line
        self.message = message
    }
}

extension ICalendarError: CustomStringConvertible {
    /// One line: where, what, and what to write instead.
    package var description: String { "line \(line): \(message)" }
}

// MARK: - Limits

extension ICalendarError {
    static func tooLarge(_ count: Int) -> Self {
        Self(
            .tooLarge,
            line: 1,
            """
            the file has \(count) bytes and may have \(ICalendar.Limits.bytes). Leave out \
            attachments and past years, or split it
            """
        )
    }

    static func lineTooLong(line: Int) -> Self {
        Self(
            .lineTooLong,
            line: line,
            """
            the line has more than \(ICalendar.Limits.lineBytes) bytes, its continuations \
            included. Leave out the attachment or text that it holds
            """
        )
    }

    static func tooManyEvents(line: Int) -> Self {
        Self(
            .tooManyEvents,
            line: line,
            "the file has more than \(ICalendar.Limits.events) events. Split it by years"
        )
    }

    static func tooManyDays(line: Int) -> Self {
        Self(
            .tooManyDays,
            line: line,
            """
            up to this event the file names more than \(ICalendar.Limits.days) days. Give its \
            rules an UNTIL or a COUNT; without one they go on to the end of 2199
            """
        )
    }

    static func tooManyMonths(line: Int) -> Self {
        Self(
            .tooManyMonths,
            line: line,
            """
            up to this event the rules look at more than \(ICalendar.Limits.months) months. Give \
            them an UNTIL, and remove those that match next to nothing
            """
        )
    }

    static func tooDeep(line: Int) -> Self {
        Self(
            .tooDeep,
            line: line,
            """
            more than \(ICalendar.Limits.depth) components are open here. Write an END for each \
            BEGIN
            """
        )
    }
}

// MARK: - Structure

extension ICalendarError {
    static func notICalendar(_ found: [UInt8], line: Int) -> Self {
        let problem =
            found.isEmpty
            ? "the file has nothing in it"
            : "found \(found.quoted) where BEGIN:VCALENDAR must be"
        return Self(
            .notICalendar,
            line: line,
            "\(problem). Give an iCalendar file (.ics) in UTF-8"
        )
    }

    static func unsupportedVersion(_ value: [UInt8], line: Int) -> Self {
        Self(
            .unsupportedVersion,
            line: line,
            """
            version \(value.quoted) is not iCalendar's 2.0. Export the calendar as iCalendar (.ics)
            """
        )
    }

    static func mismatchedEnd(_ name: [UInt8], open: String?, line: Int) -> Self {
        guard let open else {
            return Self(
                .mismatchedEnd,
                line: line,
                "END of \(name.quoted) where nothing is open. Remove it"
            )
        }
        return Self(
            .mismatchedEnd,
            line: line,
            "END of \(name.quoted) where \(open.utf8.quoted) is open. Write that one's END first"
        )
    }

    static func unclosed(_ name: String, line: Int) -> Self {
        Self(
            .unclosed,
            line: line,
            """
            the \(name.utf8.quoted) that begins here has no END: the file is cut off. Fetch it \
            again, or write the END
            """
        )
    }

    static func malformedProperty(_ name: String, line: Int) -> Self {
        Self(
            .malformedProperty,
            line: line,
            """
            \(name) has no colon with a value behind it, or a quote that does not end. Write it as \
            in DTSTART;VALUE=DATE:20260217
            """
        )
    }

    static func duplicateProperty(_ name: String, first: Int, line: Int) -> Self {
        Self(
            .duplicateProperty,
            line: line,
            "this event already has a \(name), on line \(first). Keep one of them"
        )
    }
}

// MARK: - Values

extension ICalendarError {
    static func lengthTwice(line: Int) -> Self {
        Self(
            .contradiction,
            line: line,
            "the event has a DURATION beside its DTEND. Keep one of them"
        )
    }

    static func invalidDate(_ value: [UInt8], of name: String, line: Int) -> Self {
        Self(
            .invalidDate,
            line: line,
            "\(name)'s \(value.quoted) is no date. Write year, month and day, as in 20260217"
        )
    }

    static func endWithTime(_ value: [UInt8], line: Int) -> Self {
        Self(
            .invalidDate,
            line: line,
            """
            DTEND's \(value.quoted) has a time although DTSTART has none. Write the day after the \
            last, as in DTEND;VALUE=DATE:20260218
            """
        )
    }

    static func invalidDuration(_ value: [UInt8], line: Int) -> Self {
        Self(
            .invalidDuration,
            line: line,
            "\(value.quoted) is no duration in whole days. Write days or weeks, as in P2D or P1W"
        )
    }

    static func endBeforeStart(_ value: [UInt8], line: Int) -> Self {
        Self(
            .endBeforeStart,
            line: line,
            "DTEND's \(value.quoted) is before DTSTART. Write the day after the last day"
        )
    }

    static func invalidRule(line: Int, _ problem: String) -> Self {
        Self(.invalidRule, line: line, problem)
    }
}

extension Collection<UInt8> {
    /// The text in quotes, cut where it would flood a message, control characters as `?`.
    var quoted: String {
        // 300 bytes have at least 75 characters: enough to see that there are too many.
        let scalars = String(decoding: prefix(300), as: UTF8.self).unicodeScalars
        var shown = String.UnicodeScalarView()
        for scalar in scalars.prefix(scalars.count > 40 ? 37 : 40) {
            shown.append(scalar.value < 0x20 || scalar.value == 0x7F ? "?" : scalar)
        }
        return scalars.count > 40 ? "\"\(String(shown))...\"" : "\"\(String(shown))\""
    }
}
