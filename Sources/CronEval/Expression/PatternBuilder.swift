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
    private var excessiveSteps: UInt8 = 0

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
            excessiveSteps |= 1 << UInt8(place)
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
                years: years,
                days: days
            ),
            isInterval: isInterval
        )
    }

    private var days: DayPattern {
        var days = DayPattern()
        days.days = UInt32(truncatingIfNeeded: dates.values)
        days.nearest = dates.nearest
        days.fromLast = dates.fromLast
        days.nearestFromLast = dates.nearestFromLast
        days.weeks = weekdays.weeks | weekdays.values * DayPattern.everyLane
        days.lastWeek = weekdays.lastWeek
        days.needsBoth = dates.isStarred || weekdays.isStarred || weekdays.hasPlus
        return days
    }

    func warnings(of pattern: FieldPattern) -> WarningSet {
        var warnings = WarningSet(of: pattern.dates)
        warnings.excessiveSteps = excessiveSteps
        warnings.hasStarStepDay =
            !dates.isPlain && !weekdays.isPlain && !weekdays.hasPlus
            && (dates.isStarred || weekdays.isStarred)
        return warnings
    }
}
