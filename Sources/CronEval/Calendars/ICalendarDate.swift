// Dates and durations as iCalendar files write them.

internal import Vocabulary

/// A value of DTSTART and its like: RFC 5545, sections 3.3.4 and 3.3.5.
struct ICalendarDate {
    /// Days since 1970-01-01, or `nil` if there is no such date.
    let day: Int64?
    /// Whether a time stands behind the date.
    let hasTime: Bool
    /// Whether that time is midnight on somebody's wall, not in UTC.
    let isLocalMidnight: Bool

    /// Reads `20260217`, `20260217T090000` or `20260217T090000Z`; anything else is `nil`.
    init?(_ text: some Collection<UInt8>) {
        let bytes = Array(text)
        guard bytes.count >= 8, let year = Self.number(bytes[0..<4]),
            let month = Self.number(bytes[4..<6]), let day = Self.number(bytes[6..<8])
        else { return nil }
        let isUTC = bytes.count == 16 && bytes[15] | 0x20 == UInt8(ascii: "z")
        if bytes.count == 8 {
            (hasTime, isLocalMidnight) = (false, false)
        } else if bytes.count == 15 || isUTC, bytes[8] | 0x20 == UInt8(ascii: "t"),
            let time = Self.number(bytes[9..<15])
        {
            (hasTime, isLocalMidnight) = (true, time == 0 && !isUTC)
        } else {
            return nil
        }
        self.day = CivilDate(year: year, month: month, day: day)?.daysSinceEpoch
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }
}

/// A value of DURATION: RFC 5545, section 3.3.6.
enum ICalendarDuration {
    /// Reads `P2D`, `P1W`, `P1DT24H`; `nil` if it is anything else or not whole days.
    static func days(_ text: [UInt8]) -> Int64? {
        var rest = text[...]
        if rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard rest.popFirst().map({ $0 & 0xDF }) == UInt8(ascii: "P"), !rest.isEmpty else {
            return nil
        }
        var units: [(name: UInt8, seconds: Int64)] = [
            (UInt8(ascii: "W"), 7 * 86_400), (UInt8(ascii: "D"), 86_400),
        ]
        var seconds: Int64 = 0
        var isTime = false
        while let first = rest.first {
            if first & 0xDF == UInt8(ascii: "T"), !isTime, rest.count > 1 {
                isTime = true
                units = [
                    (UInt8(ascii: "H"), 3_600), (UInt8(ascii: "M"), 60), (UInt8(ascii: "S"), 1),
                ]
                rest.removeFirst()
                continue
            }
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard (1...9).contains(digits.count), digits.endIndex < rest.endIndex,
                let unit = units.firstIndex(where: { $0.name == rest[digits.endIndex] & 0xDF })
            else { return nil }
            let number = digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
            seconds += number * units[unit].seconds
            units.removeFirst(unit + 1)
            rest = rest[(digits.endIndex + 1)...]
        }
        return seconds % 86_400 == 0 ? seconds / 86_400 : nil
    }
}
