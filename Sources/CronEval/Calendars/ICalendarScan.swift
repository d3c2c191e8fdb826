// Finds the days of a recurrence rule, month by month.

internal import Vocabulary

/// One search for the days on which one event recurs by one rule.
struct ICalendarScan {
    private let rule: ICalendarRule
    /// Of the event, and the day on which it is.
    private let line: Int
    private let start: CivilDate
    private let startDay: Int64
    /// Days of each occurrence.
    private let length: Int64
    /// The last day that may be found.
    private let lastDay: Int64

    /// How many occurrences may still be found, if the rule counts them.
    private var remaining: Int?
    private var found: [Int64] = []
    private var isDone = false
    /// The days of the current week, month or year, if some of them are chosen by position.
    private var candidates: [Int64] = []
    private var period: Int64 = .min

    /// - Parameters:
    ///   - rule: As it was read.
    ///   - startDay: Of the event, in days since 1970-01-01.
    ///   - length: In days, at least 1.
    ///   - line: Of the event.
    init(_ rule: ICalendarRule, from startDay: Int64, length: Int64, line: Int) {
        start = CivilDate(daysSinceEpoch: startDay)
        self.rule = rule.completed(by: start)
        self.startDay = startDay
        self.length = length
        self.line = line
        lastDay = min(rule.until ?? .max, ICalendarExpansion.bounds.upperBound)
        // The event's own first day is the first occurrence, whether the rule finds it or not.
        remaining = rule.count.map { $0 - 1 }
    }

    /// The first days of all occurrences after the event's own that touch 1970 to 2199, in order.
    ///
    /// - Complexity: 40 to 300 ns per month, from 1970 or, if the rule counts, from the event's
    ///   start on.
    mutating func days(spending budget: inout ICalendarBudget) throws(ICalendarError) -> [Int64] {
        guard remaining != 0 else { return [] }
        var month = firstMonth
        // Positions are counted in whole periods, so the last one is looked at to its end.
        let end = rule.positions.isEmpty ? lastDay : lastDay + 366
        while !isDone, month.firstDay <= end {
            if let later = firstInStep(from: month) {
                try budget.spendMonth(line: line)
                month = later
                continue
            }
            // Months that are not named cost next to nothing, and there is one that is named.
            if rule.months == 0 || rule.months >> UInt32(month.month) & 1 == 1 {
                try budget.spendMonth(line: line)
                try search(month, spending: &budget)
            }
            month.advance()
        }
        try choose(spending: &budget)
        return found
    }

    /// The month where the first period begins in which something may be found.
    private var firstMonth: Month {
        // Who counts must begin at the beginning; others at the first day that matters.
        let earliest =
            rule.count == nil
            ? max(startDay, ICalendarExpansion.bounds.lowerBound - length) : startDay
        let day = rule.frequency == .weekly ? earliest - 6 : earliest
        let date = CivilDate(daysSinceEpoch: day)
        return Month(
            year: Int64(date.year),
            month: rule.frequency == .yearly ? 1 : date.month,
            hasWeekNumbers: !rule.weekNumbers.isEmpty ? rule.weekStart : nil
        )
    }

    /// The next month that the interval leaves in, or `nil` if `month` is in.
    private func firstInStep(from month: Month) -> Month? {
        switch rule.frequency {
        case .daily, .weekly: return nil
        case .monthly:
            let index = month.year * 12 + Int64(month.month)
            let late = (index - Int64(start.year * 12 + start.month)) % rule.interval
            guard late != 0 else { return nil }
            let next = index + rule.interval - late - 1
            return Month(year: next / 12, month: Int(next % 12) + 1, like: month)
        case .yearly:
            let late = (month.year - Int64(start.year)) % rule.interval
            guard late != 0 else { return nil }
            return Month(year: month.year + rule.interval - late, month: 1, like: month)
        }
    }

    // MARK: - Days

    private mutating func search(
        _ month: Month,
        spending budget: inout ICalendarBudget
    ) throws(ICalendarError) {
        for number in 1...month.length where selects(number, of: month) {
            let day = month.firstDay + Int64(number - 1)
            guard let period = period(of: day, in: month) else { continue }
            if rule.positions.isEmpty {
                try take(day, spending: &budget)
            } else {
                if period != self.period { try choose(spending: &budget) }
                self.period = period
                candidates.append(day)
            }
            if isDone { return }
        }
    }

    /// Which day, week, month or year `day` is in, or `nil` if the interval leaves it out.
    private func period(of day: Int64, in month: Month) -> Int64? {
        switch rule.frequency {
        case .daily: return (day - startDay) % rule.interval == 0 ? day : nil
        case .weekly:
            // 1969-12-28 was a Sunday.
            let week = (day + 4 - Int64(rule.weekStart)).floorDivided(by: 7)
            let first = (startDay + 4 - Int64(rule.weekStart)).floorDivided(by: 7)
            return (week - first) % rule.interval == 0 ? week : nil
        case .monthly: return month.year * 12 + Int64(month.month)
        case .yearly: return month.year
        }
    }

    /// Ends a period: takes the chosen ones of its days.
    private mutating func choose(
        spending budget: inout ICalendarBudget
    ) throws(ICalendarError) {
        let count = candidates.count
        for (place, day) in candidates.enumerated()
        where rule.positions.contains(place + 1, fromEnd: count - place) {
            try take(day, spending: &budget)
        }
        candidates.removeAll(keepingCapacity: true)
    }

    private mutating func take(
        _ day: Int64,
        spending budget: inout ICalendarBudget
    ) throws(ICalendarError) {
        guard day > startDay, !isDone else { return }
        guard day <= lastDay else {
            isDone = true
            return
        }
        let count = ICalendarExpansion.count(from: day, length: length)
        try budget.spend(days: count, line: line)
        if count > 0 { found.append(day) }
        if let left = remaining {
            remaining = left - 1
            isDone = left == 1
        }
    }

    private func selects(_ number: Int, of month: Month) -> Bool {
        if !rule.monthDays.isEmpty,
            !rule.monthDays.contains(number, fromEnd: month.length - number + 1)
        {
            return false
        }
        let place = month.firstPlace + number - 1
        if !rule.yearDays.isEmpty,
            !rule.yearDays.contains(place, fromEnd: month.yearLength - place + 1)
        {
            return false
        }
        let weekday = (month.firstWeekday + number - 1) % 7
        if rule.namesWeekdays, rule.weekdays >> UInt8(weekday) & 1 == 0,
            !hasNumbered(weekday, number, place, of: month)
        {
            return false
        }
        guard !rule.weekNumbers.isEmpty else { return true }
        let (week, fromEnd) = month.week(of: month.firstDay + Int64(number - 1))
        return rule.weekNumbers.contains(week, fromEnd: fromEnd)
    }

    /// Whether the weekday is named with its number, as in `2MO`: in the month or the year.
    private func hasNumbered(
        _ weekday: Int,
        _ number: Int,
        _ place: Int,
        of month: Month
    ) -> Bool {
        guard !rule.numberedWeekdays.isEmpty else { return false }
        let isOfYear = rule.frequency == .yearly && rule.months == 0
        let (place, length) = isOfYear ? (place, month.yearLength) : (number, month.length)
        return rule.numberedWeekdays[weekday]
            .contains((place - 1) / 7 + 1, fromEnd: (length - place) / 7 + 1)
    }
}

extension ICalendarScan {
    /// One month, with what a search asks of it and of its year.
    private struct Month {
        private(set) var year: Int64
        private(set) var month: Int
        private(set) var firstDay: Int64
        /// Its first day's place in the year, from 1.
        private(set) var firstPlace: Int
        private(set) var length = 0
        /// 0 for Sunday.
        private(set) var firstWeekday = 0
        private(set) var yearLength = 0
        /// Where weeks begin, if they are numbered, and the first days of those numbered 1 in the
        /// years around.
        private let weekStart: Int?
        private var firstWeeks: [Int64] = []

        /// - Precondition: `month` is from 1 to 12.
        init(year: Int64, month: Int, hasWeekNumbers weekStart: Int?) {
            self.year = year
            self.month = month
            self.weekStart = weekStart
            firstDay = Self.newYear(year)
            firstPlace = 1
            for earlier in 1..<month {
                firstPlace += CivilDate.length(ofMonth: earlier, year: Int(year))
            }
            firstDay += Int64(firstPlace - 1)
            measureYear()
            measure()
        }

        init(year: Int64, month: Int, like other: Self) {
            self.init(year: year, month: month, hasWeekNumbers: other.weekStart)
        }

        /// Goes on to the next month.
        mutating func advance() {
            firstDay += Int64(length)
            firstPlace += length
            month += 1
            if month > 12 {
                (year, month, firstPlace) = (year + 1, 1, 1)
                measureYear()
            }
            measure()
        }

        private mutating func measure() {
            length = CivilDate.length(ofMonth: month, year: Int(year))
            firstWeekday = Int((firstDay + 4).floorRemainder(dividingBy: 7))
        }

        private mutating func measureYear() {
            yearLength = CivilDate.isLeap(Int(year)) ? 366 : 365
            guard let weekStart else { return }
            firstWeeks = (year - 1...year + 2).map { year in
                // Week 1 is the first that has at least four days in the year.
                let fourth = Self.newYear(year) + 3
                return fourth - (fourth + 4 - Int64(weekStart)).floorRemainder(dividingBy: 7)
            }
        }

        private static func newYear(_ year: Int64) -> Int64 {
            let last = year - 1
            return 365 * (year - 1970) + last.floorDivided(by: 4) - last.floorDivided(by: 100)
                + last.floorDivided(by: 400) - 477
        }

        /// The number of the week that `day` of this month is in, and its number from the end.
        ///
        /// - SeeAlso: RFC 5545, section 3.3.10, BYWEEKNO.
        func week(of day: Int64) -> (number: Int, fromEnd: Int) {
            var place = 1
            if day < firstWeeks[1] { place = 0 }
            if day >= firstWeeks[2] { place = 2 }
            let week = (day - firstWeeks[place]) / 7
            let weeks = (firstWeeks[place + 1] - firstWeeks[place]) / 7
            return (Int(week + 1), Int(weeks - week))
        }
    }
}
