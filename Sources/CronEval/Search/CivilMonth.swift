// Months as the search sees them: how long, and on which weekday they begin.

/// One month of the years 1969 to 2200.
struct CivilMonth: Equatable {
    let year: Int
    let month: Int
    /// Days from 1970-01-01 to its first day.
    let firstDay: Int64
    let length: Int

    /// The weekday of its first day, 0 for Sunday.
    var firstWeekday: Int {
        // 1970-01-01 was a Thursday; 714 is a multiple of 7 that keeps 1969 positive.
        Int((firstDay + 714 + 4) % 7)
    }

    init(year: Int, month: Int) {
        self.year = year
        self.month = month
        let shiftedYear = month > 2 ? year : year - 1
        let marchMonth = month > 2 ? month - 3 : month + 9
        let century = shiftedYear / 100
        firstDay = Int64(
            365 * shiftedYear + shiftedYear / 4 - century + century / 4
                + (153 * marchMonth + 2) / 5 - 719_468
        )
        length = Self.length(of: month, in: year)
    }

    /// The month that `day`, in days since 1970-01-01, lies in.
    ///
    /// - SeeAlso: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    init(containing day: Int64) {
        let shifted = UInt32(truncatingIfNeeded: day + 719_468)
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        firstDay = day - Int64(dayOfYear - (153 * marchMonth + 2) / 5)
        length = Self.length(of: month, in: year)
    }

    /// How long `month` is at least; 28 for February.
    static func shortestLength(of month: Int) -> Int {
        length(of: month, in: 1970)
    }

    private static func length(of month: Int, in year: Int) -> Int {
        guard month == 2 else { return 30 | (month ^ month >> 3) & 1 }
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    }
}
