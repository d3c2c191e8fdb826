// What of an iCalendar file was passed over, said so that nothing is lost in silence.

/// Something in a file that is right but has no part in its all-day events.
package struct ICalendarNote: Equatable, Sendable {
    package enum Kind: String, CaseIterable, Hashable, Sendable {
        /// An event with a time of day.
        case timedEvent
        case cancelledEvent
        case eventWithoutStart
        /// All of its days are excluded, moved, or not in 1970 to 2199.
        case eventWithoutDays
        /// An event whose recurrence is beyond this reader.
        case unsupportedRecurrence
        /// A change of an occurrence and all later ones.
        case unsupportedOverride
        /// A part of a rule that means nothing for whole days.
        case ignoredPart
        /// A time where a date is meant.
        case ignoredTime
        /// A component that is no event.
        case ignoredComponent
        /// A line that is no property, or belongs to no calendar.
        case ignoredLine
        /// Text that is not UTF-8.
        case damagedText
    }

    package let kind: Kind
    /// The line of the file, from 1.
    package let line: Int
    package let message: String
}

extension ICalendarNote: CustomStringConvertible {
    package var description: String { "line \(line): \(message)" }
}

/// The notes on one file.
struct ICalendarNotes {
    private var kept: [ICalendarNote] = []
    private(set) var furtherCount = 0

    /// By line; those on one line in the order in which they were made.
    var sorted: [ICalendarNote] {
        kept.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
            .map(\.element)
    }

    mutating func add(_ kind: ICalendarNote.Kind, line: Int, _ message: @autoclosure () -> String) {
        guard kept.count < ICalendar.Limits.notes else {
            furtherCount += 1
            return
        }
        kept.append(ICalendarNote(kind: kind, line: line, message: message()))
    }
}
