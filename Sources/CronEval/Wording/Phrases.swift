// Everything that is said about schedules, in one place and one language.

/// The words for schedules; `{0}` and `{1}` stand for what is filled in.
///
/// Another language is another value of this type.
struct Phrases: Sendable {
    static let english = Self()

    let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
    let ordinals = ["first", "second", "third", "fourth", "fifth"]

    // MARK: Counting

    let day = Unit(one: "day", many: "days")
    let hour = Unit(one: "hour", many: "hours")
    let minute = Unit(one: "minute", many: "minutes")
    let second = Unit(one: "second", many: "seconds")
    let millisecond = Unit(one: "millisecond", many: "milliseconds")
    /// A day by the clock may have 23 hours or 25; this one has 24.
    let elapsedDay = "24 hours"
    let every = "every {0}"
    let numbered = "{0} {1}"
    let through = "{0} to {1}"
    let separator = ", "
    let last = "{0} and {1}"

    // MARK: Times of day

    let at = "at {0}"
    let minutesOfHours = "at {0} of {1}"
    let everyHour = "every hour"
    let within = "in {0}"

    // MARK: Days

    let everyDay = "every day"
    let on = "on {0}"
    let bothDays = "{0} if it is {1}"
    let eitherDay = "{0} and on {1}"
    let ofMonths = "{0} of {1}"
    let theMonth = "the month"
    let nearestWeekday = "the weekday nearest to {0}"
    let lastDay = "the last day"
    let dayBeforeLast = "the day before the last"
    let daysBeforeLast = "the day {0} before the last"
    let ordinalWeekday = "the {0} {1}"
    let lastWeekday = "the last {0}"

    // MARK: Whole schedules

    let never = "never: {0}"
    let once = "once at {0}"
    let inZone = "{0}, {1}"
    let allowedDays = "{0}, on days that its calendar allows"
    let movedToNext = "{0}, moved to the next day that its calendar allows"
    let movedToPrevious = "{0}, moved to the last day before that its calendar allows"
    let delayed = "{0}, and {1} later, since its jitter says so"

    // MARK: Clock changes

    let forward = "On {0}, clocks of {1} go forward from {2} to {3}"
    let back = "On {0}, clocks of {1} go back from {2} to {3}"
    let skippedAndMade = "{0}: {1} is skipped, so it runs at {2}"
    let skipped = "{0}: {1} is skipped, and so is its run"
    let repeatedFirst = "{0}: {1} comes twice, and it runs the first time"
    let repeatedLast = "{0}: {1} comes twice, and it runs the second time"
    let repeatedBoth = "{0}: {1} comes twice, and it runs both times"
    let andMore = "{0} and {1} more"

    /// Something that can be counted.
    struct Unit: Sendable {
        let one: String
        let many: String
    }

    /// `{0} more times`, and so on.
    static func fill(_ template: String, _ parts: String...) -> String {
        var text = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            let digit = rest.index(after: open)
            if let place = rest[digit].wholeNumberValue, place < parts.count {
                text += parts[place]
            }
            rest = rest[rest.index(digit, offsetBy: 2)...]
        }
        return text + rest
    }

    /// `minute`, `5 minutes`.
    func count(_ count: Int64, _ unit: Unit) -> String {
        Self.fill(numbered, "\(count)", count == 1 ? unit.one : unit.many)
    }

    /// `a`, `a and b`, `a, b and c`.
    func list(_ parts: [String]) -> String {
        guard let end = parts.last, parts.count > 1 else { return parts.first ?? "" }
        return Self.fill(last, parts.dropLast().joined(separator: separator), end)
    }

    /// A length of time in its units, `1 hour 30 minutes`.
    func duration(milliseconds: Int64) -> String {
        if milliseconds == 86_400_000 { return elapsedDay }
        let units: [(unit: Unit, milliseconds: Int64)] = [
            (day, 86_400_000), (hour, 3_600_000), (minute, 60_000), (second, 1_000),
            (millisecond, 1),
        ]
        var rest = milliseconds
        var parts: [String] = []
        for (unit, milliseconds) in units where rest >= milliseconds {
            parts.append(count(rest / milliseconds, unit))
            rest %= milliseconds
        }
        return parts.joined(separator: " ")
    }

    /// `every hour`, `every 90 seconds`.
    func every(milliseconds: Int64) -> String {
        let single = [
            (hour, 3_600_000), (minute, 60_000), (second, 1_000), (millisecond, Int64(1)),
        ].first { $0.1 == milliseconds }
        return Self.fill(every, single?.0.one ?? duration(milliseconds: milliseconds))
    }
}
