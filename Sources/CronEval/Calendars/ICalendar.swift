// iCalendar files, such as lists of public holidays: which days they name.

package import Vocabulary

/// An event that lasts whole days, with all the days on which it recurs.
package struct AllDayEvent: Equatable, Sendable {
    /// What the file says of its days in a form that programs can read.
    package enum Mark: String, Hashable, Sendable {
        /// A day off (`X-APPLE-SPECIAL-DAY:WORK-HOLIDAY`).
        case holiday
        /// A day of the weekend that is worked (`X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY`).
        case workday
    }

    /// The line of the file on which it begins, from 1.
    package let line: Int
    /// Its title, escapes resolved; empty if it has none.
    package let summary: String
    package let categories: [String]
    package let mark: Mark?
    /// Its days from 1970 to 2199, in order and apart: what meets or overlaps is joined.
    package let days: [ClosedRange<CivilDate>]

    package init(
        line: Int,
        summary: String,
        categories: [String] = [],
        mark: Mark? = nil,
        days: [ClosedRange<CivilDate>]
    ) {
        self.line = line
        self.summary = summary
        self.categories = categories
        self.mark = mark
        self.days = days
    }
}

/// The all-day events of an iCalendar file, and what of the file was passed over.
///
/// What is decided where the standard is silent or files differ from it is in `docs/icalendar.md`.
///
/// - SeeAlso: RFC 5545.
package struct ICalendar: Equatable, Sendable {
    /// What is believed of a file before it is refused.
    package enum Limits {
        /// Bytes of a file.
        package static let bytes = 4 << 20
        /// Bytes of a line after unfolding.
        package static let lineBytes = 64 << 10
        package static let events = 20_000
        /// Days of all events together, each counted as often as it is named.
        package static let days = 100_000
        /// Months that the recurrence rules together may look at; those that BYMONTH leaves out
        /// do not count.
        package static let months = 500_000
        /// Components inside of each other.
        package static let depth = 16
        /// Notes that are kept; further ones are only counted.
        package static let notes = 1_000
    }

    /// What the file calls itself, or `nil`.
    package let name: String?
    /// The all-day events that have days, in the order of the file.
    package let events: [AllDayEvent]
    /// How many events have a time of day and so were passed over.
    package let timedEventCount: Int
    /// What was passed over, in the order of lines.
    package let notes: [ICalendarNote]
    /// How many notes there were beyond the first thousand.
    package let furtherNoteCount: Int

    /// Reads a file: one or more calendars.
    ///
    /// What is valid but means nothing here becomes a note. What is invalid and could change which
    /// days an event has is an error, so that no calendar is believed that was half read.
    ///
    /// - Parameter bytes: The whole file; may be anything.
    /// - Throws: The first fault: those of structure before those of dates and rules.
    /// - Complexity: O(bytes + days), and at most half a million months of rules that match
    ///   nothing: less than a second whatever comes.
    package init(parsing bytes: [UInt8]) throws(ICalendarError) {
        guard bytes.count <= Limits.bytes else { throw .tooLarge(bytes.count) }
        var reader = ICalendarReader(bytes: bytes)
        try reader.read()
        var expansion = ICalendarExpansion(notes: reader.notes)
        events = try expansion.events(of: reader.entries)
        timedEventCount = expansion.timedEventCount
        name = reader.name
        notes = expansion.notes.sorted
        furtherNoteCount = expansion.notes.furtherCount
    }
}

/// What was spent of the limits that hold for all events together.
struct ICalendarBudget {
    private var days = 0
    private var months = 0

    mutating func spend(days count: Int64, line: Int) throws(ICalendarError) {
        days += Int(count)
        guard days <= ICalendar.Limits.days else { throw .tooManyDays(line: line) }
    }

    mutating func spendMonth(line: Int) throws(ICalendarError) {
        months += 1
        guard months <= ICalendar.Limits.months else { throw .tooManyMonths(line: line) }
    }
}
