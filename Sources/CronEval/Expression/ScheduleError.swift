// What is wrong with a schedule's text, said so that its author can mend it.

/// A schedule that could not be understood: the first fault, reading from the left.
package struct ScheduleError: Error, Equatable, Sendable {
    /// The kind of fault; the raw value is the word the API uses.
    package enum Code: String, CaseIterable, Hashable, Sendable {
        case empty
        case tooLong
        case invalidCharacter
        case fieldCount
        case emptyElement
        case outOfRange
        case invalidRange
        case invalidStep
        case unknownName
        /// `?` outside a day field or combined with something, `H` in the year.
        case unsupportedHere
        case hashSeedRequired
        case unknownMacro
        case unsupportedMacro
        case invalidDuration
        case invalidInstant
        case unknownTimeZone
    }

    package let code: Code
    /// The field at fault, or `nil` when the text as a whole is.
    package let field: ScheduleField?
    /// Where the fault starts, counted in bytes from 1; 1 if it is not in the text.
    package let column: Int
    /// How many bytes are at fault; 0 if something is missing at ``column``.
    package let length: Int
    /// What is wrong, with the value, and what to write instead; without the place.
    package let message: String

    init(
        _ code: Code,
        in field: ScheduleField? = nil,
        at range: Range<Int>,
        _ message: String
    ) {
        self.code = code
        self.field = field
        column = range.lowerBound + 1
        length = range.count
        self.message = message
    }
}

extension ScheduleError: CustomStringConvertible {
    /// One line: where, what, and what to write instead.
    package var description: String {
        let place = field.map { "\($0.words) field, column \(column)" } ?? "column \(column)"
        return "\(place): \(message)"
    }
}
