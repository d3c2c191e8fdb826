// What the quick reader found.

/// Five fields, read.
///
/// Whole words, because they go through memory: what is stored and loaded in the same pieces need
/// not wait.
struct PlainFields {
    private struct Traits: OptionSet {
        let rawValue: UInt64

        static var isInterval: Self { Self(rawValue: 1) }
        static var needsBothDays: Self { Self(rawValue: 2) }
        static var hasStarStepDay: Self { Self(rawValue: 4) }
    }

    private let minutes: UInt64
    private let hours: UInt64
    private let dates: UInt64
    private let months: UInt64
    private let weekdays: UInt64
    private let traits: Traits

    @inline(__always)
    init(
        _ minute: PlainReader.Field,
        _ hour: PlainReader.Field,
        _ date: PlainReader.Field,
        _ month: PlainReader.Field,
        _ weekday: PlainReader.Field
    ) {
        minutes = minute.values
        hours = hour.values
        dates = date.values
        months = month.values
        weekdays = weekday.values
        var traits: Traits = []
        if minute.isStarred || hour.isStarred { traits.insert(.isInterval) }
        if date.isStarred || weekday.isStarred {
            traits.insert(.needsBothDays)
            if !date.isPlain && !weekday.isPlain { traits.insert(.hasStarStepDay) }
        }
        self.traits = traits
    }

    @inline(__always)
    var isInterval: Bool { traits.contains(.isInterval) }

    @inline(__always)
    var pattern: FieldPattern {
        FieldPattern(
            times: TimePattern(
                seconds: 1,
                minutes: minutes,
                hours: UInt32(truncatingIfNeeded: hours)
            ),
            dates: Self.datePattern(dates, months, weekdays, traits),
            isInterval: isInterval
        )
    }

    @inline(__always)
    var warnings: WarningSet {
        let pattern = Self.datePattern(dates, months, weekdays, traits)
        let warnings: WarningSet =
            pattern.selectsSomeDayOfEveryMonth
            ? [] : Self.warnings(dates, months, weekdays, traits)
        return traits.contains(.hasStarStepDay) ? warnings.union(.starStepDay) : warnings
    }

    @inline(never)
    private static func warnings(
        _ dates: UInt64,
        _ months: UInt64,
        _ weekdays: UInt64,
        _ traits: Traits
    ) -> WarningSet {
        WarningSet(of: datePattern(dates, months, weekdays, traits))
    }

    @inline(__always)
    private static func datePattern(
        _ dates: UInt64,
        _ months: UInt64,
        _ weekdays: UInt64,
        _ traits: Traits
    ) -> DatePattern {
        DatePattern(
            months: UInt32(truncatingIfNeeded: months),
            days: DayPattern(
                days: UInt32(truncatingIfNeeded: dates),
                weekdays: UInt8(truncatingIfNeeded: weekdays),
                needsBoth: traits.contains(.needsBothDays)
            )
        )
    }
}
