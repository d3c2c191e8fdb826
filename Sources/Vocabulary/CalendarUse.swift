// How a job uses calendars.

/// Which calendars say on which days a job may be due, by name.
package struct CalendarUse: Hashable, Sendable {
    package static let exceptLimit = 8

    /// The calendar whose days are kept; `nil` for every day.
    package var only: String?
    /// Calendars whose days and periods are left out.
    package var except: [String]
    /// What becomes of instants on other days; `nil`: they are left out.
    package var shift: CalendarShift?

    package init(only: String? = nil, except: [String] = [], shift: CalendarShift? = nil) {
        self.only = only
        self.except = except
        self.shift = shift
    }

    /// All calendars it goes by, `only` first.
    package var names: [String] { (only.map { [$0] } ?? []) + except }
}

/// Where an instant goes whose day is not allowed: to the next or previous day that is.
package enum CalendarShift: String, CaseIterable, Hashable, Sendable {
    case next, previous
}
