// The sentences about a schedule's text as a whole, its macros and its zone.

extension ScheduleError {
    static func tooLong(_ count: Int) -> Self {
        Self(
            .tooLong,
            at: ScheduleReader.maximumLength..<count,
            """
            the schedule has \(count) bytes and may have \(ScheduleReader.maximumLength). Use \
            ranges and steps, or split it over several jobs
            """
        )
    }

    static func empty(at place: Int) -> Self {
        Self(
            .empty,
            at: place..<place,
            """
            there is no schedule. Write five fields, as in "0 3 * * *" for 03:00 every day, or a \
            macro such as @daily
            """
        )
    }

    /// A control character or one beyond ASCII, wherever it stands.
    static func strangeCharacter(in text: String, at place: Int) -> Self {
        let index = text.utf8.index(text.startIndex, offsetBy: place)
        let scalar = text.unicodeScalars[index]
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return Self(
            .invalidCharacter,
            at: place..<place + scalar.utf8.count,
            "\(code) does not belong in a schedule. Write ASCII, separated by spaces or tabs"
        )
    }

    static func fieldCount(_ count: Int, at range: Range<Int>) -> Self {
        Self(
            .fieldCount,
            at: range,
            """
            found \(count) field\(count == 1 ? "" : "s") and need 5, 6 or 7. Write minute, hour, \
            day of month, month and day of week, as in "0 3 * * *"; seconds may go before them, \
            and then a year behind them
            """
        )
    }

    static func unknownTimeZone(_ name: String, at range: Range<Int>?) -> Self {
        let example = "Write its name in the tz database, such as Europe/Berlin or UTC"
        let problem = name.isEmpty ? "no time zone is named" : "no time zone is called \"\(name)\""
        return Self(.unknownTimeZone, at: range ?? 0..<0, "\(problem). \(example)")
    }

    static func unknownMacro(_ name: String, at range: Range<Int>) -> Self {
        let lower = name.lowercased()
        let isKnown = ["@every", "@at"].contains(lower) || FieldPattern.isNamed(lower)
        let remedy =
            isKnown
            ? "Macros are lower case: write \(lower)"
            : "Write @hourly, @daily, @weekly, @monthly, @yearly, @every 5m or @at with a time"
        return Self(.unknownMacro, at: range, "\"\(name.quotable)\" is no macro. \(remedy)")
    }

    static func noBoot(at range: Range<Int>) -> Self {
        Self(
            .unsupportedMacro,
            at: range,
            """
            @reboot has no meaning in a cluster, which never boots as a whole. Start it from each \
            host's own init, or write an interval such as @every 5m
            """
        )
    }

    static func behindMacro(_ name: String, at range: Range<Int>) -> Self {
        Self(
            .fieldCount,
            at: range,
            "\(name) stands alone. Remove what follows it, or write five fields instead"
        )
    }

    static func missingDuration(at place: Int) -> Self {
        Self(.invalidDuration, at: place..<place, "@every needs a duration, as in @every 90s")
    }

    static func invalidDuration(_ text: String, at range: Range<Int>) -> Self {
        Self(
            .invalidDuration,
            at: range,
            """
            "\(text.quotable)" is no duration. Write whole numbers with d, h, m, s or ms, in this \
            order, as in @every 1h30m
            """
        )
    }

    static func durationOutOfBounds(_ text: String, at range: Range<Int>) -> Self {
        Self(
            .invalidDuration,
            at: range,
            "\"\(text.quotable)\" is not from 100ms to 366d. Write a duration in between"
        )
    }

    static func behindDuration(at range: Range<Int>) -> Self {
        Self(
            .invalidDuration,
            at: range,
            "nothing may follow the duration. Write it without blanks, as in @every 1h30m"
        )
    }

    private static let momentExample =
        "@at 2030-01-31T09:00:00Z, the same without Z for the schedule's zone, or @at 1893456000"

    static func missingInstant(at place: Int) -> Self {
        Self(.invalidInstant, at: place..<place, "@at needs a time. Write \(momentExample)")
    }

    static func invalidInstant(_ text: String, at range: Range<Int>) -> Self {
        Self(
            .invalidInstant,
            at: range,
            "\"\(text.quotable)\" is no date and time. Write \(momentExample)"
        )
    }

    static func instantOutOfBounds(_ text: String, at range: Range<Int>) -> Self {
        Self(
            .invalidInstant,
            at: range,
            """
            "\(text.quotable)" is not in the years 1970 to 2199. Write seconds, not milliseconds, \
            or a date in these years
            """
        )
    }

    static var jitterSeedRequired: Self {
        Self(
            .hashSeedRequired,
            at: 0..<0,
            "jitter spreads by the job, and there is none. Give a seed, or leave the jitter out"
        )
    }

    static var shiftedGrid: Self {
        Self(
            .unsupportedHere,
            at: 0..<0,
            """
            @every has no day to shift from. Write the fields of a cron expression, or leave the \
            days out instead of shifting
            """
        )
    }

    static func behindInstant(at range: Range<Int>) -> Self {
        Self(.invalidInstant, at: range, "nothing may follow the time. Write \(momentExample)")
    }
}

extension FieldPattern {
    static func isNamed(_ name: String) -> Bool {
        let pattern = try? named(name, at: 0..<0)
        return pattern != nil
    }
}

extension String {
    /// The text, cut where it would flood a message.
    var quotable: String {
        utf8.count <= 40 ? self : prefix(37) + "..."
    }
}
