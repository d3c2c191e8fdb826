// What is wrong with an entry of a calendar.

/// A day or period that could not be understood.
package struct CalendarError: Error, Hashable, Sendable {
    /// What is wrong, with the text, and what to write instead.
    package let message: String

    private init(_ message: String) {
        self.message = message
    }

    static func noDays(_ text: String) -> Self {
        Self(
            """
            "\(text.quotable)" names no days from 1970 to 2199. Write 2026-02-17, \
            2026-02-15..2026-02-23, or for every year 12-25 or 12-24..01-02
            """
        )
    }

    static func backwardDays(_ text: String) -> Self {
        Self("\"\(text.quotable)\" runs backward. Write the earlier date first")
    }

    static func noPeriod(_ text: String) -> Self {
        Self(
            """
            "\(text.quotable)" is no period. Write 2026-12-20T18:00..2027-01-03T06:00, on the wall \
            of each job, or both times with Z or an offset such as +08:00
            """
        )
    }

    static func backwardPeriod(_ text: String) -> Self {
        Self("\"\(text.quotable)\" ends before it begins. Write the earlier time first")
    }
}

extension CalendarError: CustomStringConvertible {
    package var description: String { message }
}
