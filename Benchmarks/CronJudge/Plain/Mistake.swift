// Evaluators that are wrong on purpose, to see whether the judges notice.

/// One thing that an evaluator could get wrong.
package enum Mistake: String, CaseIterable, Sendable {
    case swapsAndWithOr
    case takesTheLastFridayAWeekEarly
    case takesTheFirstFridayAWeekLate
    case movesSaturdaysToMonday
    case takesTheSecondPass
    case takesBothPasses
    case losesSkippedTimes
    case makesUpAMinuteLate
    case treatsIntervalsAsFixed
    case stepsOneValueFurtherAfterAWrap

    var habits: Habits {
        var habits = Habits()
        switch self {
        case .swapsAndWithOr: habits.isDayRuleSwapped = true
        case .takesTheLastFridayAWeekEarly: habits.isLastWeekdayEarly = true
        case .takesTheFirstFridayAWeekLate: habits.isOccurrenceLate = true
        case .movesSaturdaysToMonday: habits.doesSaturdayMoveOn = true
        case .takesTheSecondPass: habits.repeated = .last
        case .takesBothPasses: habits.repeated = .both
        case .losesSkippedTimes: habits.skipped = .never
        case .makesUpAMinuteLate: habits.isMadeUpLate = true
        case .treatsIntervalsAsFixed: habits.isEverythingFixed = true
        case .stepsOneValueFurtherAfterAWrap: habits.isWrapLate = true
        }
        return habits
    }
}
