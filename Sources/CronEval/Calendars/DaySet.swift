// Any set of days, as one bit per day.

package import Vocabulary

/// A set of days from 1969-01-01 to 2199-12-31.
///
/// One mask per month, 11 kB in all, shared until it is changed: a question costs about a
/// nanosecond, however many days were put in.
package struct DaySet: Equatable, Sendable {
    /// From January 1969 on; days are bits 1 to 31.
    private var masks: [UInt32]

    private static let firstYear = 1969
    private static let monthCount = (YearSet.last - firstYear + 1) * 12
    /// 1969-01-01.
    private static var firstDay: Int64 { -365 }

    /// No day.
    package init() {
        masks = Array(repeating: 0, count: Self.monthCount)
    }

    /// All days.
    package static let all: Self = {
        var set = Self()
        set.insert(firstDay...DayBounds.last)
        return set
    }()

    /// The days that fall on one of `weekdays`: bits 0 for Sunday to 6 for Saturday.
    package init(weekdays: UInt8) {
        self.init()
        let weekdays = weekdays & DayPattern.allWeekdays
        let pattern = DayPattern(days: 0, weekdays: weekdays, needsBoth: false)
        for place in masks.indices { masks[place] = pattern.mask(in: Self.month(at: place)) }
    }

    package func contains(_ date: CivilDate) -> Bool {
        contains(date.daysSinceEpoch)
    }

    /// Days outside of 1969 to 2199 are passed over.
    package mutating func insert(_ dates: ClosedRange<CivilDate>) {
        insert(dates.lowerBound.daysSinceEpoch...dates.upperBound.daysSinceEpoch)
    }

    package mutating func remove(_ dates: ClosedRange<CivilDate>) {
        remove(dates.lowerBound.daysSinceEpoch...dates.upperBound.daysSinceEpoch)
    }

    package mutating func formUnion(_ other: Self) {
        for place in masks.indices { masks[place] |= other.masks[place] }
    }

    package mutating func subtract(_ other: Self) {
        for place in masks.indices { masks[place] &= ~other.masks[place] }
    }

    package var isEmpty: Bool { masks.allSatisfy { $0 == 0 } }

    /// The first day of the set that is not before `date`.
    package func first(onOrAfter date: CivilDate) -> CivilDate? {
        first(atOrAfter: date.daysSinceEpoch).map { CivilDate(daysSinceEpoch: $0) }
    }

    /// The last day of the set that is not after `date`.
    package func last(onOrBefore date: CivilDate) -> CivilDate? {
        last(atOrBefore: date.daysSinceEpoch).map { CivilDate(daysSinceEpoch: $0) }
    }
}

// MARK: - Days by number

extension DaySet {
    func contains(_ day: Int64) -> Bool {
        guard (Self.firstDay...DayBounds.last).contains(day) else { return false }
        let month = CivilMonth(containing: day)
        return mask(of: month) >> UInt32(day - month.firstDay + 1) & 1 == 1
    }

    /// The days of `month` that are in the set, one bit per day, at 1 to 31.
    func mask(of month: CivilMonth) -> UInt32 {
        masks[Self.place(of: month)]
    }

    mutating func insert(_ days: ClosedRange<Int64>) {
        forEachMonth(of: days) { $0 |= $1 }
    }

    mutating func remove(_ days: ClosedRange<Int64>) {
        forEachMonth(of: days) { $0 &= ~$1 }
    }

    /// The first day that is not before `day` and is not in the set, or `nil`.
    func firstMissing(atOrAfter day: Int64) -> Int64? {
        var day = max(day, Self.firstDay)
        while day <= DayBounds.last {
            let month = CivilMonth(containing: day)
            let free = ~mask(of: month) & month.days(from: day, through: DayBounds.last)
            if free != 0 { return month.firstDay + Int64(free.trailingZeroBitCount - 1) }
            day = month.firstDay + Int64(month.length)
        }
        return nil
    }

    private static func place(of month: CivilMonth) -> Int {
        (month.year - firstYear) * 12 + month.month - 1
    }

    private static func month(at place: Int) -> CivilMonth {
        CivilMonth(year: firstYear + place / 12, month: place % 12 + 1)
    }

    private mutating func forEachMonth(
        of days: ClosedRange<Int64>,
        _ change: (inout UInt32, UInt32) -> Void
    ) {
        var day = max(days.lowerBound, Self.firstDay)
        let last = min(days.upperBound, DayBounds.last)
        while day <= last {
            let month = CivilMonth(containing: day)
            change(&masks[Self.place(of: month)], month.days(from: day, through: last))
            day = month.firstDay + Int64(month.length)
        }
    }
}

extension DaySet: DateSource {
    /// - Complexity: O(months between) of a nanosecond each.
    func first(atOrAfter day: Int64) -> Int64? {
        guard day <= DayBounds.last else { return nil }
        let month = CivilMonth(containing: max(day, Self.firstDay))
        var place = Self.place(of: month)
        var mask = masks[place] & month.days(from: day, through: DayBounds.last)
        while mask == 0 {
            place += 1
            guard place < masks.count else { return nil }
            mask = masks[place]
        }
        return Self.month(at: place).firstDay + Int64(mask.trailingZeroBitCount - 1)
    }

    /// - Complexity: As of ``first(atOrAfter:)``.
    func last(atOrBefore day: Int64) -> Int64? {
        guard day >= Self.firstDay else { return nil }
        let month = CivilMonth(containing: min(day, DayBounds.last))
        var place = Self.place(of: month)
        var mask = masks[place] & month.days(from: Self.firstDay, through: day)
        while mask == 0 {
            place -= 1
            guard place >= 0 else { return nil }
            mask = masks[place]
        }
        return Self.month(at: place).firstDay + Int64(31 - mask.leadingZeroBitCount - 1)
    }

    func count(in days: Range<Int64>) -> Int {
        var count = 0
        var day = max(days.lowerBound, Self.firstDay)
        let end = min(days.upperBound, DayBounds.last + 1)
        while day < end {
            let month = CivilMonth(containing: day)
            count += (mask(of: month) & month.days(from: day, through: end - 1)).nonzeroBitCount
            day = month.firstDay + Int64(month.length)
        }
        return count
    }
}

extension CivilMonth {
    /// The days of this month from `first` to `last`, one bit per day, at 1 to 31.
    func days(from first: Int64, through last: Int64) -> UInt32 {
        let low = max(first - firstDay, 0) + 1
        let high = min(last - firstDay + 1, Int64(length))
        guard low <= high else { return 0 }
        return UInt32(truncatingIfNeeded: UInt64(2) << high - UInt64(1) << low)
    }
}
