// What only few schedules ask of dates.

/// Years, days counted from a month's end, nearest weekdays, and weekdays of a certain week.
///
/// Held by reference, so that the many schedules without it are a quarter as large.
final class SpecialDates: Sendable {
    let years: YearSet
    /// Days whose nearest weekday is meant (`15W`), at 1 to 31.
    let nearest: UInt32
    /// Days counted from the last (`L`, `L-3`), placed as if the month had 31 days.
    let fromLast: UInt32
    /// Days counted from the last whose nearest weekday is meant (`LW`, `L-3W`), placed likewise.
    let nearestFromLast: UInt32
    /// Five lanes of seven bits: the weekdays selected in the first to fifth week of days.
    let weeks: UInt64
    /// The weekdays whose last occurrence is selected (`5L`).
    let lastWeek: UInt8

    /// All years, and nothing else.
    static let none = SpecialDates()

    /// The same seven bits in all five lanes, by multiplication.
    static var everyLane: UInt64 { 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28 }
    private static var allWeeks: UInt64 { 0x7F * everyLane }

    init(
        years: YearSet = .all,
        nearest: UInt32 = 0,
        fromLast: UInt32 = 0,
        nearestFromLast: UInt32 = 0,
        weeks: UInt64 = 0,
        lastWeek: UInt8 = 0
    ) {
        self.years = years
        self.nearest = nearest
        self.fromLast = fromLast
        self.nearestFromLast = nearestFromLast
        self.weeks = weeks
        self.lastWeek = lastWeek
    }

    /// The days of a month of `length` days that begins with weekday `first`, at 1 to 31.
    ///
    /// Bits below 1 and above the length are days that the month does not have.
    func dates(first: Int, length: Int) -> UInt32 {
        var mask = fromLast >> UInt32(31 - length)
        if nearest | nearestFromLast != 0 {
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

    /// The days of such a month that the day of week selects.
    func weekdays(first: Int, length: Int) -> UInt32 {
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

extension SpecialDates: Equatable {
    static func == (lhs: SpecialDates, rhs: SpecialDates) -> Bool {
        lhs === rhs
            || lhs.years == rhs.years && lhs.nearest == rhs.nearest
                && lhs.fromLast == rhs.fromLast && lhs.nearestFromLast == rhs.nearestFromLast
                && lhs.weeks == rhs.weeks && lhs.lastWeek == rhs.lastWeek
    }
}
