// Days that a schedule selects and a calendar allows, or moves.

internal import Vocabulary

/// The days of a pattern under a calendar's rule.
struct RuledDates: Equatable, Sendable {
    let pattern: DatePattern
    let allowed: DaySet
    /// Where days that are not allowed go; `nil`: they are left out.
    let shift: CalendarShift?
}

// A day selected by the pattern belongs to the run of days that ends (or begins, for a shift to
// the previous) with the allowed day it moves to. So a search needs two or three others.
extension RuledDates: DateSource {
    func first(atOrAfter day: Int64) -> Int64? {
        switch shift {
        case nil:
            return firstCommon(atOrAfter: day)
        case .next:
            guard let open = allowed.first(atOrAfter: day) else { return nil }
            let run = allowed.last(atOrBefore: open - 1).map { $0 + 1 } ?? DayBounds.first
            return pattern.first(atOrAfter: run).flatMap { selected in
                allowed.first(atOrAfter: max(selected, open))
            }
        case .previous:
            guard let open = allowed.first(atOrAfter: day) else { return nil }
            return pattern.first(atOrAfter: open).flatMap { allowed.last(atOrBefore: $0) }
        }
    }

    func last(atOrBefore day: Int64) -> Int64? {
        switch shift {
        case nil:
            return lastCommon(atOrBefore: day)
        case .next:
            guard let open = allowed.last(atOrBefore: day) else { return nil }
            // Days before all others may come along with their month; none is moved from there.
            return pattern.last(atOrBefore: open).flatMap { selected in
                selected < DayBounds.first ? nil : allowed.first(atOrAfter: selected)
            }
        case .previous:
            guard let open = allowed.last(atOrBefore: day) else { return nil }
            let run = allowed.first(atOrAfter: open + 1).map { $0 - 1 } ?? DayBounds.last
            return pattern.last(atOrBefore: run).flatMap { selected in
                allowed.last(atOrBefore: min(selected, open))
            }
        }
    }

    func count(in days: Range<Int64>) -> Int {
        var count = 0
        var start = days.lowerBound
        while let day = first(atOrAfter: start), day < days.upperBound {
            count += 1
            start = day + 1
        }
        return count
    }

    private func firstCommon(atOrAfter day: Int64) -> Int64? {
        guard let start = pattern.first(atOrAfter: day) else { return nil }
        var month = CivilMonth(containing: start)
        var mask = common(month) & month.days(from: start, through: DayBounds.last)
        while mask == 0 {
            guard let next = pattern.month(after: month) else { return nil }
            month = next
            mask = common(month)
        }
        return month.firstDay + Int64(mask.trailingZeroBitCount - 1)
    }

    private func lastCommon(atOrBefore day: Int64) -> Int64? {
        guard let start = pattern.last(atOrBefore: day) else { return nil }
        var month = CivilMonth(containing: start)
        var mask = common(month) & month.days(from: DayBounds.first, through: start)
        while mask == 0 {
            guard let previous = pattern.month(before: month) else { return nil }
            month = previous
            mask = common(month)
        }
        return month.firstDay + Int64(31 - mask.leadingZeroBitCount - 1)
    }

    private func common(_ month: CivilMonth) -> UInt32 {
        pattern.mask(of: month) & allowed.mask(of: month)
    }
}
