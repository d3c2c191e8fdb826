// Which days of a month a schedule selects, as one mask per month.

/// The day-of-month and day-of-week fields together.
struct DayPattern: Equatable, Sendable {
    /// One bit per day of the month, at 1 to 31.
    var days: UInt32 = 0
    /// Days whose nearest weekday is meant (`15W`), at 1 to 31.
    var nearest: UInt32 = 0
    /// Days counted from the last (`L`, `L-3`), placed as if the month had 31 days.
    var fromLast: UInt32 = 0
    /// Days counted from the last whose nearest weekday is meant (`LW`, `L-3W`), placed likewise.
    var nearestFromLast: UInt32 = 0
    /// Five lanes of seven bits: the weekdays selected in the first to fifth week of days.
    var weeks: UInt64 = 0
    /// The weekdays whose last occurrence is selected (`5L`).
    var lastWeek: UInt8 = 0
    /// Whether a day must satisfy both fields rather than either.
    var needsBoth = true

    /// The same seven bits in all five lanes, by multiplication.
    static let everyLane: UInt64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28
    private static let allDays: UInt32 = 0xFFFF_FFFE
    private static let allWeeks: UInt64 = 0x7F * everyLane

    /// Whether every day of every month is selected.
    var isEveryDay: Bool {
        let (byDate, byWeekday) = (days == Self.allDays, weeks == Self.allWeeks)
        return needsBoth ? byDate && byWeekday : byDate || byWeekday
    }

    /// Whether one of the fields alone is enough to find a day in any month; `false` if in doubt.
    var selectsSomeDayOfEveryMonth: Bool {
        let byDate = days & 0x1FFF_FFFE != 0 && (!needsBoth || selectsEveryWeekday)
        let byWeekday = weeks & 0xFFF_FFFF != 0 && (!needsBoth || selectsEveryDate)
        return byDate || byWeekday
    }

    var selectsEveryDate: Bool { days == Self.allDays }
    var selectsEveryWeekday: Bool { weeks == Self.allWeeks }

    /// The selected days of `month`, one bit per day, at 1 to 31.
    func mask(in month: CivilMonth) -> UInt32 {
        let (first, length) = (month.firstWeekday, month.length)
        let existing = UInt32(truncatingIfNeeded: 2 << UInt64(length)) &- 2
        let byDate = dates(first: first, length: length)
        let byWeekday = weekdays(first: first, length: length)
        return (needsBoth ? byDate & byWeekday : byDate | byWeekday) & existing
    }

    private func dates(first: Int, length: Int) -> UInt32 {
        var mask = days | fromLast >> UInt32(31 - length)
        if nearest | nearestFromLast != 0 {
            // Bits below 1 and above the length are days that the month does not have.
            let wanted = nearest | nearestFromLast >> UInt32(31 - length)
            for day in 1...length where wanted >> UInt32(day) & 1 == 1 {
                mask |= 1 << UInt32(Self.nearestWeekday(to: day, first: first, length: length))
            }
        }
        return mask
    }

    /// The day of the same month from Monday to Friday that is nearest to `day`.
    private static func nearestWeekday(to day: Int, first: Int, length: Int) -> Int {
        switch (first + day - 1) % 7 {
        case 6: day == 1 ? 3 : day - 1
        case 0: day == length ? day - 2 : day + 1
        case _: day
        }
    }

    private func weekdays(first: Int, length: Int) -> UInt32 {
        // Each lane is turned so that its bit 0 is the weekday on which the month begins.
        let turn = UInt64(first)
        let low = (1 << (7 - turn) - 1) * Self.everyLane
        let high = Self.allWeeks ^ low
        let turned = weeks >> turn & low | weeks << (7 - turn) & high
        var mask = UInt32(truncatingIfNeeded: turned << 1)
        if lastWeek != 0 {
            for day in length - 6...length where lastWeek >> ((first + day - 1) % 7) & 1 == 1 {
                mask |= 1 << UInt32(day)
            }
        }
        return mask
    }
}
