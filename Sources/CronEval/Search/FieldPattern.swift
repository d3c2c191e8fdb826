// Wall times that a cron expression selects, and the search among them.

/// The fields of a cron expression as bit masks; knows nothing of time zones.
///
/// A wall time is counted in seconds from 1970-01-01T00:00:00 on the same wall.
struct FieldPattern: Equatable, Sendable {
    let seconds: UInt64
    let minutes: UInt64
    let hours: UInt32
    /// One bit per month, at 1 to 12.
    let months: UInt32
    let years: YearSet
    let days: DayPattern
    /// Whether the date does not matter.
    private let isEveryDay: Bool
    /// Whether it follows the clock through changes of the offset, rather than firing once.
    let isInterval: Bool
    private let firstTime: Int64
    private let lastTime: Int64

    /// 1969-12-30: earlier than the epoch on any wall.
    private static let lowest: Int64 = -2 * 86_400
    /// 2199-12-31T23:59:59.
    private static let highest = CivilMonth(year: YearSet.last + 1, month: 1).firstDay * 86_400 - 1

    /// - Precondition: Each of the masks selects something.
    init(
        seconds: UInt64,
        minutes: UInt64,
        hours: UInt32,
        months: UInt32,
        years: YearSet,
        days: DayPattern,
        isInterval: Bool
    ) {
        self.seconds = seconds
        self.minutes = minutes
        self.hours = hours
        self.months = months
        self.years = years
        self.days = days
        self.isInterval = isInterval
        isEveryDay = days.isEveryDay && months == 0x1FFE && years == .all
        firstTime = Self.time(
            hours.trailingZeroBitCount,
            minutes.trailingZeroBitCount,
            seconds.trailingZeroBitCount
        )
        lastTime = Self.time(
            31 - hours.leadingZeroBitCount,
            63 - minutes.leadingZeroBitCount,
            63 - seconds.leadingZeroBitCount
        )
    }

    private static func time(_ hour: Int, _ minute: Int, _ second: Int) -> Int64 {
        Int64(hour * 3_600 + minute * 60 + second)
    }

    /// Whether no date at all is selected.
    ///
    /// Without a year field 41 years decide it: every date meets every weekday in them.
    var neverFires: Bool {
        if isEveryDay { return false }
        var year = years == .all ? 1999 : 1969
        while let next = years.first(after: year), years != .all || next <= 2040 {
            for month in 1...12 where mask(of: CivilMonth(year: next, month: month)) != 0 {
                return false
            }
            year = next
        }
        return true
    }

    /// The first selected wall time that is not before `wall`.
    ///
    /// - Returns: `nil` if there is none until the end of 2199.
    /// - Complexity: O(1) for most; at worst one step per selected month of the years between.
    func firstMatch(atOrAfter wall: Int64) -> Int64? {
        let wall = max(wall, Self.lowest)
        guard wall <= Self.highest else { return nil }
        let shifted = UInt64(truncatingIfNeeded: wall - Self.lowest)
        let day = Int64(shifted / 86_400) - 2
        let second = Int(shifted % 86_400)
        if isEveryDay {
            if let time = time(atOrAfter: second) { return day * 86_400 + time }
            let next = (day + 1) * 86_400 + firstTime
            return next <= Self.highest ? next : nil
        }
        var month = CivilMonth(containing: day)
        let today = UInt32(day - month.firstDay + 1)
        var mask = mask(of: month) & (.max << today)
        if mask >> today & 1 == 1 {
            if let time = time(atOrAfter: second) { return day * 86_400 + time }
            mask &= mask - 1
        }
        while mask == 0 {
            guard let next = self.month(after: month) else { return nil }
            month = next
            mask = days.mask(in: month)
        }
        let found = month.firstDay + Int64(mask.trailingZeroBitCount - 1)
        return found * 86_400 + firstTime
    }

    /// The last selected wall time that is not after `wall`.
    ///
    /// - Returns: `nil` if there is none since the end of 1969.
    func lastMatch(atOrBefore wall: Int64) -> Int64? {
        let wall = min(wall, Self.highest)
        guard wall >= Self.lowest else { return nil }
        let shifted = UInt64(truncatingIfNeeded: wall - Self.lowest)
        let day = Int64(shifted / 86_400) - 2
        let second = Int(shifted % 86_400)
        if isEveryDay {
            if let time = time(atOrBefore: second) { return day * 86_400 + time }
            return (day - 1) * 86_400 + lastTime
        }
        var month = CivilMonth(containing: day)
        let today = UInt32(day - month.firstDay + 1)
        var mask = mask(of: month) & (.max >> (31 - today))
        if mask >> today & 1 == 1 {
            if let time = time(atOrBefore: second) { return day * 86_400 + time }
            mask ^= 1 << today
        }
        while mask == 0 {
            guard let previous = self.month(before: month) else { return nil }
            month = previous
            mask = days.mask(in: month)
        }
        let found = month.firstDay + Int64(31 - mask.leadingZeroBitCount - 1)
        return found * 86_400 + lastTime
    }

    private func mask(of month: CivilMonth) -> UInt32 {
        guard months >> UInt32(month.month) & 1 == 1, years.contains(month.year) else { return 0 }
        return days.mask(in: month)
    }

    private func month(after month: CivilMonth) -> CivilMonth? {
        let later = months & (.max << UInt32(month.month + 1))
        if later != 0, years.contains(month.year) {
            return CivilMonth(year: month.year, month: later.trailingZeroBitCount)
        }
        guard let year = years.first(after: month.year) else { return nil }
        return CivilMonth(year: year, month: months.trailingZeroBitCount)
    }

    private func month(before month: CivilMonth) -> CivilMonth? {
        let earlier = months & (1 << UInt32(month.month) - 1)
        if earlier != 0, years.contains(month.year) {
            return CivilMonth(year: month.year, month: 31 - earlier.leadingZeroBitCount)
        }
        guard let year = years.last(before: month.year) else { return nil }
        return CivilMonth(year: year, month: 31 - months.leadingZeroBitCount)
    }

    private func time(atOrAfter second: Int) -> Int64? {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60)
        if hours >> UInt32(hour) & 1 == 1 {
            let inMinute = seconds & (.max << UInt64(second))
            if minutes >> UInt64(minute) & 1 == 1, inMinute != 0 {
                return Self.time(hour, minute, inMinute.trailingZeroBitCount)
            }
            let later = minutes & (.max << UInt64(minute + 1))
            if later != 0 {
                let first = seconds.trailingZeroBitCount
                return Self.time(hour, later.trailingZeroBitCount, first)
            }
        }
        let later = hours & (.max << UInt32(hour + 1))
        guard later != 0 else { return nil }
        return Int64(later.trailingZeroBitCount * 3_600) + firstTime % 3_600
    }

    private func time(atOrBefore second: Int) -> Int64? {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60)
        if hours >> UInt32(hour) & 1 == 1 {
            let inMinute = seconds & (.max >> UInt64(63 - second))
            if minutes >> UInt64(minute) & 1 == 1, inMinute != 0 {
                return Self.time(hour, minute, 63 - inMinute.leadingZeroBitCount)
            }
            let earlier = minutes & (1 << UInt64(minute) - 1)
            if earlier != 0 {
                let last = 63 - seconds.leadingZeroBitCount
                return Self.time(hour, 63 - earlier.leadingZeroBitCount, last)
            }
        }
        let earlier = hours & (1 << UInt32(hour) - 1)
        guard earlier != 0 else { return nil }
        return Int64((31 - earlier.leadingZeroBitCount) * 3_600) + lastTime % 3_600
    }
}
