// The days of a calendar as people write them: a date, a range, or either of them every year.

package import Vocabulary

/// One entry of a calendar's list of days.
package enum CalendarDays: Hashable, Sendable {
    /// `2026-02-17` or `2026-02-15..2026-02-23`.
    case once(ClosedRange<CivilDate>)
    /// `12-25` or `12-24..01-02`, in every year; 29 February in leap years only.
    case yearly(from: MonthDay, through: MonthDay)

    /// Reads one of the four forms.
    ///
    /// - Throws: With the text, if it is none of them, names no date, or runs backward.
    package init(parsing text: String) throws(CalendarError) {
        let parts = text.split(separator: "..", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2 else { throw .noDays(text) }
        let last = parts[parts.count - 1]
        if let from = CivilDate(text: first), let through = CivilDate(text: last) {
            guard from <= through else { throw .backwardDays(text) }
            guard from.year >= 1970, through.year <= YearSet.last else { throw .noDays(text) }
            self = .once(from...through)
        } else if let from = MonthDay(text: first), let through = MonthDay(text: last) {
            self = .yearly(from: from, through: through)
        } else {
            throw .noDays(text)
        }
    }

    func insert(into set: inout DaySet) {
        forEachRange { set.insert($0) }
    }

    func remove(from set: inout DaySet) {
        forEachRange { set.remove($0) }
    }

    private func forEachRange(_ body: (ClosedRange<CivilDate>) -> Void) {
        switch self {
        case .once(let dates):
            body(dates)
        case .yearly(let from, let through):
            // One year earlier than any, for what reaches over New Year's Eve.
            for year in 1969...YearSet.last {
                guard let first = from.first(in: year),
                    let last = through.last(in: through < from ? year + 1 : year), first <= last
                else { continue }
                body(first...last)
            }
        }
    }
}

extension CalendarDays: CustomStringConvertible {
    /// As it is read.
    package var description: String {
        switch self {
        case .once(let dates):
            dates.lowerBound == dates.upperBound
                ? "\(dates.lowerBound)" : "\(dates.lowerBound)..\(dates.upperBound)"
        case .yearly(let from, let through): from == through ? "\(from)" : "\(from)..\(through)"
        }
    }
}

/// A day of every year.
package struct MonthDay: Hashable, Comparable, Sendable {
    package let month: Int
    package let day: Int

    /// A date of leap years, or `nil`.
    package init?(month: Int, day: Int) {
        guard CivilDate(year: 2000, month: month, day: day) != nil else { return nil }
        self.month = month
        self.day = day
    }

    fileprivate init?(text: Substring) {
        guard let date = CivilDate(text: "2000-" + text) else { return nil }
        self.init(month: date.month, day: date.day)
    }

    /// In `year`, or the day after if it is a 29 February that the year does not have.
    fileprivate func first(in year: Int) -> CivilDate? {
        CivilDate(year: year, month: month, day: day)
            ?? CivilDate(year: year, month: month + 1, day: 1)
    }

    /// In `year`, or the day before.
    fileprivate func last(in year: Int) -> CivilDate? {
        CivilDate(year: year, month: month, day: day)
            ?? CivilDate(year: year, month: month, day: day - 1)
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.month, lhs.day) < (rhs.month, rhs.day)
    }
}

extension MonthDay: CustomStringConvertible {
    package var description: String { "\(month.padded(to: 2))-\(day.padded(to: 2))" }
}

extension CivilDate {
    /// Reads `2026-02-17`, exactly so written.
    fileprivate init?(text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy(\.isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
