// Which days a schedule's date fields select, and the search among them.

/// The day, month and year fields.
struct DatePattern: Equatable, Sendable {
    /// What only few schedules ask for.
    let special: SpecialDates?
    /// One bit per month, at 1 to 12.
    let months: UInt32
    let days: DayPattern
    /// Whether the date does not matter.
    let isEveryDay: Bool

    static var allMonths: UInt32 { 0x1FFE }

    /// - Precondition: `months` and the years of `special` select something.
    @inline(__always)
    init(months: UInt32, days: DayPattern, special: SpecialDates? = nil) {
        self.special = special
        self.months = months
        self.days = days
        let isEveryYear = special.map { $0.years == .all } ?? true
        isEveryDay = months == Self.allMonths && days.isEveryDay && isEveryYear
    }

    var years: YearSet { special?.years ?? .all }

    /// Whether no date at all is selected.
    ///
    /// Without a year field 41 years decide it: every date meets every weekday in them.
    var isEmpty: Bool {
        let years = years
        var year = years == .all ? 1999 : 1969
        while let next = years.first(after: year), years != .all || next <= 2040 {
            for month in 1...12 where mask(of: CivilMonth(year: next, month: month)) != 0 {
                return false
            }
            year = next
        }
        return true
    }

    /// Whether one of the day fields alone is enough to name a day that every month has; `false` if
    /// in doubt.
    @inline(__always)
    var selectsSomeDayOfEveryMonth: Bool {
        let byDate = days.days & 0x1FFF_FFFE != 0 && (!days.needsBoth || days.selectsEveryWeekday)
        let weekdays = UInt64(days.weekdays) | (special?.weeks ?? 0) & 0xFFF_FFFF
        let byWeekday = weekdays != 0 && (!days.needsBoth || days.selectsEveryDate)
        return byDate || byWeekday
    }

    /// Whether some selected month is too short for every selected date.
    var skipsMonths: Bool {
        let special = special ?? .none
        guard days.needsBoth, special.fromLast | special.nearestFromLast == 0 else { return false }
        let first = (days.days | special.nearest).trailingZeroBitCount
        return first > 28
            && (1...12).contains { month in
                months >> UInt32(month) & 1 == 1 && first > CivilMonth.shortestLength(of: month)
            }
    }

    /// The selected days of `month`, one bit per day, at 1 to 31.
    func mask(of month: CivilMonth) -> UInt32 {
        guard months >> UInt32(month.month) & 1 == 1, contains(month.year) else { return 0 }
        return days.mask(in: month, with: special)
    }

    private func contains(_ year: Int) -> Bool {
        guard let special else { return (YearSet.first...YearSet.last).contains(year) }
        return special.years.contains(year)
    }

    func month(after month: CivilMonth) -> CivilMonth? {
        let later = months & (.max << UInt32(month.month + 1))
        if later != 0, contains(month.year) {
            return CivilMonth(year: month.year, month: later.trailingZeroBitCount)
        }
        guard let year = years.first(after: month.year) else { return nil }
        return CivilMonth(year: year, month: months.trailingZeroBitCount)
    }

    func month(before month: CivilMonth) -> CivilMonth? {
        let earlier = months & (1 << UInt32(month.month) - 1)
        if earlier != 0, contains(month.year) {
            return CivilMonth(year: month.year, month: 31 - earlier.leadingZeroBitCount)
        }
        guard let year = years.last(before: month.year) else { return nil }
        return CivilMonth(year: year, month: 31 - months.leadingZeroBitCount)
    }
}

extension DatePattern: DateSource {
    /// - Complexity: O(1) for most; at worst one step per selected month of the years between.
    func first(atOrAfter day: Int64) -> Int64? {
        guard day <= DayBounds.last else { return nil }
        if isEveryDay { return max(day, DayBounds.first) }
        var month = CivilMonth(containing: max(day, DayBounds.first))
        let today = UInt32(max(day, DayBounds.first) - month.firstDay + 1)
        var mask = mask(of: month) & (.max << today)
        while mask == 0 {
            guard let next = self.month(after: month) else { return nil }
            month = next
            mask = days.mask(in: month, with: special)
        }
        return month.firstDay + Int64(mask.trailingZeroBitCount - 1)
    }

    /// - Complexity: As of ``first(atOrAfter:)``.
    func last(atOrBefore day: Int64) -> Int64? {
        guard day >= DayBounds.first else { return nil }
        if isEveryDay { return min(day, DayBounds.last) }
        var month = CivilMonth(containing: min(day, DayBounds.last))
        let today = UInt32(min(day, DayBounds.last) - month.firstDay + 1)
        var mask = mask(of: month) & (.max >> (31 - today))
        while mask == 0 {
            guard let previous = self.month(before: month) else { return nil }
            month = previous
            mask = days.mask(in: month, with: special)
        }
        return month.firstDay + Int64(31 - mask.leadingZeroBitCount - 1)
    }

    /// - Complexity: O(selected months of `days`).
    func count(in days: Range<Int64>) -> Int {
        let days = days.clamped(to: DayBounds.first..<DayBounds.last + 1)
        guard !isEveryDay else { return days.count }
        var count = 0
        var start = days.lowerBound
        while let first = first(atOrAfter: start), first < days.upperBound {
            let month = CivilMonth(containing: first)
            let wanted = month.days(from: start, through: days.upperBound - 1)
            count += (mask(of: month) & wanted).nonzeroBitCount
            start = month.firstDay + Int64(month.length)
        }
        return count
    }
}
