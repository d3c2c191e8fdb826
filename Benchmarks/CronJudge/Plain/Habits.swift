// In which ways an evaluator can read a schedule otherwise than we do.

/// The decisions that differ from evaluator to evaluator; as made here, they are ours.
package struct Habits: Hashable, Sendable {
    /// What makes a day field leave the choice to the other one.
    enum Star: Sendable {
        /// Its text is `?` or begins with `*`.
        case leading
        /// One of its items is a star or `?` without a step above 1.
        case bare
        /// It begins with `*`, one of its items is a star, or it selects all and the other field's
        /// text has a star somewhere.
        case anywhere
    }

    /// What becomes of a time that a forward change skips.
    enum Skipped: Sendable {
        /// Made up for at the gap's end, unless the schedule is an interval.
        case unlessInterval
        /// Made up for at the gap's end, unless the hours are all selected.
        case unlessEveryHour
        /// Lost.
        case never
    }

    /// Which passes of a repeated time count.
    enum Repeated: Sendable {
        /// The first; both for an interval.
        case firstUnlessInterval
        case both
        case last
    }

    /// Which schedules forget in which pass of a repeated time they start.
    enum StartOnWall: Sendable {
        case nobody
        case allButIntervals
        case everybody
    }

    // Fields.
    var star = Star.leading
    /// The last day of week that `a/n` reaches.
    var lastWeekday = 6
    /// `a-a` is the whole field.
    var isEqualRangeWhole = false
    /// `a-a/n` is `a/n`.
    var isEqualRangeOpen = false
    /// A step behind a name is overlooked.
    var isStepOfNamesOverlooked = false
    /// `+` before days of week is overlooked.
    var isPlusOverlooked = false
    /// A range that wraps with a step begins one value later after the wrap.
    var isWrapLate = false
    /// `nW` in a month without day n means its last day.
    var doesNearestClamp = false
    /// Of a Saturday behind the month's end the Friday before is meant, of a Sunday before its
    /// beginning the Monday after.
    var doesNearestLookBeyond = false
    /// Beside `nW` a restricted day of week is overlooked, beside `d#k` a restricted date.
    var doSpecialsPrevail = false

    // Clock changes.
    var skipped = Skipped.unlessInterval
    var repeated = Repeated.firstUnlessInterval
    /// Changes of more than three hours are like all others.
    var hasNoCorrections = false
    /// Of a gap's skipped times only the first is made up for, whatever their seconds.
    var isMadeUpOnce = false
    /// Whose start is taken as what the wall shows, its pass forgotten.
    var startOnWall = StartOnWall.nobody
    /// Texts with seconds are intervals.
    var areSecondsInterval = false

    /// `@every` counts from the start.
    var isEveryFromStart = false

    // The end.
    /// It gives up if the next fire's year is more than so many later.
    var patienceInYears: Int?
    /// It knows no year after this one.
    var lastYear: Int?

    // Mistakes that nobody makes, to prove that they would be noticed.
    /// AND where OR is meant, and OR where AND is.
    var isDayRuleSwapped = false
    /// The last Friday is the one before it.
    var isLastWeekdayEarly = false
    /// The first Friday is the second.
    var isOccurrenceLate = false
    /// Beside a Saturday the Monday after it is meant.
    var doesSaturdayMoveOn = false
    /// Intervals fire once in a repeated hour.
    var isEverythingFixed = false
    /// Skipped times are made up for a minute late.
    var isMadeUpLate = false

    package init() {}
}
