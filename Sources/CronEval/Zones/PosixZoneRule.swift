// The rule at the end of a time zone file that says what happens ever after.

/// A POSIX TZ string such as `EST5EDT,M3.2.0,M11.1.0`.
///
/// - SeeAlso: POSIX.1-2024, base definitions 8.3; RFC 9636, section 3.3.1, for hours to ±167.
struct PosixZoneRule: Equatable, Sendable {
    /// When in a year clocks change.
    private struct Turn: Equatable {
        enum Day: Equatable {
            /// 1 to 365; 29 February is never counted.
            case julian(Int)
            /// 0 to 365; 29 February is counted.
            case ordinal(Int)
            /// The `week`-th `weekday` of `month`; week 5 is the last.
            case weekday(month: Int, week: Int, weekday: Int)
        }

        var day: Day
        /// Seconds since midnight on the wall before the change.
        var time: Int64

        /// The wall time of the change, in seconds since 1970.
        func wall(in year: Int) -> Int64 {
            days(in: year) * 86_400 + time
        }

        private func days(in year: Int) -> Int64 {
            let january = CivilMonth(year: year, month: 1).firstDay
            switch day {
            case .ordinal(let days):
                return january + Int64(days)
            case .julian(let number):
                let isPastFebruary = CivilMonth(year: year, month: 2).length == 29 && number > 59
                return january + Int64(number - 1 + (isPastFebruary ? 1 : 0))
            case .weekday(let month, let week, let weekday):
                let month = CivilMonth(year: year, month: month)
                var day = (weekday - month.firstWeekday + 7) % 7 + 7 * (week - 1)
                if day >= month.length { day -= 7 }
                return month.firstDay + Int64(day)
            }
        }
    }

    /// Seconds east of Greenwich.
    let standardOffset: Int64
    private let summerOffset: Int64
    private let turns: (toSummer: Turn, toStandard: Turn)?

    static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.standardOffset == rhs.standardOffset && lhs.summerOffset == rhs.summerOffset
            && lhs.turns?.toSummer == rhs.turns?.toSummer
            && lhs.turns?.toStandard == rhs.turns?.toStandard
    }

    /// Reads `text`, or returns `nil` if it is anything else, a bare `EST5EDT` included.
    init?(_ text: ArraySlice<UInt8>) {
        var scanner = Scanner(rest: text)
        guard scanner.skipName(), let west = scanner.time(hours: 24) else { return nil }
        standardOffset = -west
        if scanner.rest.isEmpty {
            (summerOffset, turns) = (standardOffset, nil)
            return
        }
        guard scanner.skipName() else { return nil }
        if scanner.rest.first == UInt8(ascii: ",") {
            summerOffset = standardOffset + 3_600
        } else {
            guard let west = scanner.time(hours: 24) else { return nil }
            summerOffset = -west
        }
        guard let toSummer = scanner.turn(), let toStandard = scanner.turn(),
            scanner.rest.isEmpty
        else { return nil }
        turns = (toSummer, toStandard)
    }

    /// The changes after the UTC second `time`, from 1970 at the earliest, to the end of 2200.
    func changes(after time: Int64) -> [(time: Int64, offset: Int64)] {
        guard let turns else {
            // Files repeat the last explicit offset here; a file without records has no other.
            return []
        }
        var changes: [(time: Int64, offset: Int64)] = []
        for year in 1970...2200 {
            let summer = (turns.toSummer.wall(in: year) - standardOffset, summerOffset)
            let winter = (turns.toStandard.wall(in: year) - summerOffset, standardOffset)
            let ordered = summer.0 < winter.0 ? [summer, winter] : [winter, summer]
            for change in ordered where change.0 > time {
                if let last = changes.last, change.0 <= last.time {
                    // Summer time all year round ends and begins in the same second.
                    changes.removeLast()
                    guard change.0 > changes.last?.time ?? time else { continue }
                }
                changes.append(change)
            }
        }
        return changes
    }

    /// Reads the parts of a TZ string.
    private struct Scanner {
        var rest: ArraySlice<UInt8>

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        /// Skips `EST` or `<-03>`.
        mutating func skipName() -> Bool {
            if take("<") {
                guard let close = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
                rest = rest[(close + 1)...]
                return true
            }
            let letters = rest.prefix { (0x41...0x5A).contains($0 & 0xDF) }
            rest = rest[letters.endIndex...]
            return letters.count >= 3
        }

        mutating func number(upTo limit: Int) -> Int? {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard (1...3).contains(digits.count) else { return nil }
            rest = rest[digits.endIndex...]
            let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            return value <= limit ? value : nil
        }

        /// `[+-]hh[:mm[:ss]]` in seconds.
        mutating func time(hours: Int) -> Int64? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard let hour = number(upTo: hours) else { return nil }
            var seconds = hour * 3_600
            for unit in [60, 1] where take(":") {
                guard let part = number(upTo: 59) else { return nil }
                seconds += part * unit
            }
            return Int64(isNegative ? -seconds : seconds)
        }

        /// `,date[/time]`.
        mutating func turn() -> Turn? {
            guard take(","), let day = day() else { return nil }
            guard take("/") else { return Turn(day: day, time: 7_200) }
            return time(hours: 167).map { Turn(day: day, time: $0) }
        }

        private mutating func day() -> Turn.Day? {
            if take("J") {
                guard let day = number(upTo: 365), day >= 1 else { return nil }
                return .julian(day)
            }
            guard take("M") else { return number(upTo: 365).map { .ordinal($0) } }
            guard let month = number(upTo: 12), month >= 1, take("."),
                let week = number(upTo: 5), week >= 1, take("."), let weekday = number(upTo: 6)
            else { return nil }
            return .weekday(month: month, week: week, weekday: weekday)
        }
    }
}
