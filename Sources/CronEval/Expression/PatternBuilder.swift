// Puts the fields of an expression together.

/// What one field selects, as its text says it.
struct FieldSelection {
    /// One bit per value; for the year, see ``years``.
    var values: UInt64 = 0
    var years = YearSet()
    /// `nW`, `L-n` and `L-nW` of the day of month, placed as in ``DayPattern``.
    var nearest: UInt32 = 0
    var fromLast: UInt32 = 0
    var nearestFromLast: UInt32 = 0
    /// `d#k` and `dL` of the day of week, placed as in ``DayPattern``.
    var weeks: UInt64 = 0
    var lastWeek: UInt8 = 0
    /// The whole text is `*` or `?`.
    var isPlain = false
    /// The text is `?` or begins with `*`.
    var isStarred = false
    /// The text begins with `+`.
    var hasPlus = false
    var hasExcessiveStep = false
    /// What its `H`s take a hash modulo.
    var moduli: [UInt64] = []
}

/// Collects the fields of an expression, from left to right.
struct PatternBuilder {
    private var seconds: UInt64 = 1
    private var minutes: UInt64 = 0
    private var hours: UInt64 = 0
    private var months: UInt64 = 0
    private var years = YearSet.all
    private var dates = FieldSelection()
    private var weekdays = FieldSelection()
    private var isInterval = false
    private var excessiveSteps: WarningSet = []

    mutating func add(_ selection: FieldSelection, to field: ScheduleField) {
        switch field {
        case .second:
            seconds = selection.values
            isInterval = isInterval || selection.isStarred
        case .minute:
            minutes = selection.values
            isInterval = isInterval || selection.isStarred
        case .hour:
            hours = selection.values
            isInterval = isInterval || selection.isStarred
        case .dayOfMonth: dates = selection
        case .month: months = selection.values
        case .dayOfWeek: weekdays = selection
        case .year: years = selection.isPlain ? .all : selection.years
        }
        if selection.hasExcessiveStep, let place = ScheduleField.allCases.firstIndex(of: field) {
            excessiveSteps.insert(.stepExceedsField(at: place))
        }
    }

    var pattern: FieldPattern {
        FieldPattern(
            times: TimePattern(
                seconds: seconds,
                minutes: minutes,
                hours: UInt32(truncatingIfNeeded: hours)
            ),
            dates: DatePattern(
                months: UInt32(truncatingIfNeeded: months),
                days: DayPattern(
                    days: UInt32(truncatingIfNeeded: dates.values),
                    weekdays: everyWeek,
                    needsBoth: dates.isStarred || weekdays.isStarred || weekdays.hasPlus
                ),
                special: special
            ),
            isInterval: isInterval
        )
    }

    /// All weekdays, in the lanes of ``SpecialDates``.
    private var weeks: UInt64 { weekdays.weeks | weekdays.values * SpecialDates.everyLane }

    /// The weekdays that are selected in every week.
    private var everyWeek: UInt8 {
        (0..<5).reduce(0x7F) { $0 & UInt8(truncatingIfNeeded: weeks >> UInt64(7 * $1)) }
    }

    private var special: SpecialDates? {
        let weeks = weeks & ~(UInt64(everyWeek) * SpecialDates.everyLane)
        let counted = dates.nearest | dates.fromLast | dates.nearestFromLast
        guard years != .all || counted != 0 || weeks != 0 || weekdays.lastWeek != 0 else {
            return nil
        }
        return SpecialDates(
            years: years,
            nearest: dates.nearest,
            fromLast: dates.fromLast,
            nearestFromLast: dates.nearestFromLast,
            weeks: weeks,
            lastWeek: weekdays.lastWeek
        )
    }

    func warnings(of pattern: FieldPattern) -> WarningSet {
        let warnings = WarningSet(of: pattern.dates).union(excessiveSteps)
        let hasStarStepDay =
            !dates.isPlain && !weekdays.isPlain && !weekdays.hasPlus
            && (dates.isStarred || weekdays.isStarred)
        return hasStarStepDay ? warnings.union(.starStepDay) : warnings
    }
}
