// What is accepted but may surprise its author.

/// Something about a valid schedule that its author may not have meant.
package enum ScheduleWarning: Hashable, Sendable {
    /// The step is larger than the field, so that only the low end is selected: `*/90 * * * *`.
    case stepExceedsField(ScheduleField)
    /// Both day fields are set and one begins with `*`: a day must satisfy both, not either.
    case starStepDay
    /// No date satisfies it: `0 0 30 2 *`.
    case neverFires
    /// Some of its months lack every day it names: `0 0 31 * *`.
    case skipsMonths

    /// The kind of warning as the API spells it.
    package var code: String {
        switch self {
        case .stepExceedsField: "stepExceedsField"
        case .starStepDay: "starStepDay"
        case .neverFires: "neverFires"
        case .skipsMonths: "skipsMonths"
        }
    }
}

extension ScheduleWarning: CustomStringConvertible {
    /// One sentence for people: what happens, and what to write for the other meaning.
    package var description: String {
        switch self {
        case .stepExceedsField(let field):
            """
            the step in the \(field.words) field is larger than the field, so only its first \
            value is selected. Write that value alone, or @every for longer intervals
            """
        case .starStepDay:
            """
            both day fields are set and one begins with "*", so a day must satisfy both. Write \
            1-31/2 instead of */2 if either should do
            """
        case .neverFires:
            "no date satisfies this schedule, so it never fires. Check the day against the month"
        case .skipsMonths:
            """
            some months do not have the days it names and are skipped. Write L in the day of \
            month field for the last day of every month
            """
        }
    }
}

/// The warnings of one schedule in two bytes, in the order in which they are told.
struct WarningSet: OptionSet, Sendable {
    let rawValue: UInt16

    static let starStepDay = Self(rawValue: 1 << 7)
    static let neverFires = Self(rawValue: 1 << 8)
    static let skipsMonths = Self(rawValue: 1 << 9)

    /// The lowest seven bits, in the order of `ScheduleField.allCases`.
    static func stepExceedsField(at place: Int) -> Self { Self(rawValue: 1 << UInt16(place)) }

    init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// What follows from the days alone.
    init(of dates: DatePattern) {
        // Nearly always some day can be named that every selected month has.
        if dates.selectsSomeDayOfEveryMonth {
            self = []
        } else if dates.isEmpty {
            self = .neverFires
        } else {
            self = dates.skipsMonths ? .skipsMonths : []
        }
    }

    var all: [ScheduleWarning] {
        var warnings: [ScheduleWarning] = []
        for (place, field) in ScheduleField.allCases.enumerated()
        where contains(.stepExceedsField(at: place)) {
            warnings.append(.stepExceedsField(field))
        }
        if contains(.starStepDay) { warnings.append(.starStepDay) }
        if contains(.neverFires) { warnings.append(.neverFires) }
        if contains(.skipsMonths) { warnings.append(.skipsMonths) }
        return warnings
    }
}
