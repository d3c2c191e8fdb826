// Which days of a month a schedule selects, as one mask per month.

/// The day-of-month and day-of-week fields together.
struct DayPattern: Equatable, Sendable {
    /// One bit per day of the month, at 1 to 31.
    let days: UInt32
    /// One bit per weekday, at 0 for Sunday to 6.
    let weekdays: UInt8
    /// Whether a day must satisfy both fields rather than either.
    let needsBoth: Bool

    static var allDays: UInt32 { 0xFFFF_FFFE }
    static var allWeekdays: UInt8 { 0x7F }

    /// Whether every day of every month is selected.
    var isEveryDay: Bool {
        needsBoth
            ? selectsEveryDate && selectsEveryWeekday : selectsEveryDate || selectsEveryWeekday
    }

    var selectsEveryDate: Bool { days == Self.allDays }
    var selectsEveryWeekday: Bool { weekdays == Self.allWeekdays }

    /// The days of `month` that the fields and `special` select, one bit per day, at 1 to 31.
    func mask(in month: CivilMonth, with special: SpecialDates? = nil) -> UInt32 {
        let first = month.firstWeekday
        let existing = UInt32(truncatingIfNeeded: 2 << UInt64(month.length)) &- 2
        var byDate = days
        // Turned so that bit 0 is the weekday on which the month begins.
        let turned = (UInt64(weekdays) << 7 | UInt64(weekdays)) >> UInt64(first) & 0x7F
        var byWeekday = UInt32(truncatingIfNeeded: turned * SpecialDates.everyLane << 1)
        if let special {
            byDate |= special.dates(first: first, length: month.length)
            byWeekday |= special.weekdays(first: first, length: month.length)
        }
        return (needsBoth ? byDate & byWeekday : byDate | byWeekday) & existing
    }
}
