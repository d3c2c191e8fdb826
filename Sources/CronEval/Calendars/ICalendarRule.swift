// Recurrence rules of iCalendar files: RFC 5545, section 3.3.10, as far as it is about days.

internal import Vocabulary

/// A set of places in a row, counted from its beginning or, below zero, from its end.
struct ICalendarPlaces: Equatable, Sendable {
    /// One bit per place: from the beginning in the first half, from the end in the second.
    private var bits: [UInt64] = []

    /// As many as a year has days; no list of RFC 5545 goes further.
    static let last = 366
    private static let half = 384

    var isEmpty: Bool { bits.isEmpty }

    /// - Precondition: `place` is from -366 to 366.
    mutating func insert(_ place: Int) {
        if bits.isEmpty { bits = Array(repeating: 0, count: 2 * Self.half / 64) }
        let bit = place >= 0 ? place : Self.half - place
        bits[bit / 64] |= 1 << UInt64(bit % 64)
    }

    /// Whether the place is in that is `place` from the beginning and `fromEnd` from the end.
    func contains(_ place: Int, fromEnd: Int) -> Bool {
        guard !bits.isEmpty else { return false }
        return hasBit(place) || hasBit(Self.half + fromEnd)
    }

    private func hasBit(_ bit: Int) -> Bool { bits[bit / 64] >> UInt64(bit % 64) & 1 == 1 }
}

/// On which days an event recurs, without the event's own first day.
struct ICalendarRule: Equatable, Sendable {
    enum Frequency: String, CaseIterable, Sendable {
        case daily = "DAILY"
        case weekly = "WEEKLY"
        case monthly = "MONTHLY"
        case yearly = "YEARLY"
    }

    var frequency: Frequency
    /// Every so many days, weeks, months or years.
    var interval: Int64 = 1
    /// How many occurrences there are, the event's first one included.
    var count: Int?
    /// The last day on which it may recur, since 1970-01-01.
    var until: Int64?
    /// 0 for Sunday: where weeks begin.
    var weekStart = 1

    /// One bit per month, at 1 to 12; 0 if any will do.
    var months: UInt32 = 0
    /// Of a month.
    var monthDays = ICalendarPlaces()
    /// Of a year.
    var yearDays = ICalendarPlaces()
    /// Of a year, as in ISO 8601 but for where weeks begin.
    var weekNumbers = ICalendarPlaces()
    /// Bits 0 for Sunday to 6 for Saturday.
    var weekdays: UInt8 = 0
    /// For each weekday which ones of the month or year, as in `2MO`; empty if none has such.
    var numberedWeekdays: [ICalendarPlaces] = []
    /// Which of the days that are found in one day, week, month or year.
    var positions = ICalendarPlaces()

    var namesWeekdays: Bool { weekdays != 0 || !numberedWeekdays.isEmpty }
    var namesDays: Bool { namesWeekdays || !monthDays.isEmpty || !yearDays.isEmpty }

    /// With what it leaves out taken from the event's first day: RFC 5545, section 3.3.10.
    ///
    /// Yearly in January, from a 7th on, means 7 January; weekly, from a Tuesday on, Tuesdays.
    func completed(by start: CivilDate) -> Self {
        guard !namesDays else { return self }
        var rule = self
        switch frequency {
        case .daily: break
        case .weekly: rule.weekdays = 1 << UInt8(start.weekday)
        case .monthly: rule.monthDays.insert(start.day)
        case .yearly where !weekNumbers.isEmpty: rule.weekdays = 1 << UInt8(start.weekday)
        case .yearly:
            rule.monthDays.insert(start.day)
            if months == 0 { rule.months = 1 << UInt32(start.month) }
        }
        return rule
    }
}
