// Reads what follows `@every` and `@at`.

internal import Vocabulary

extension ScheduleReader {
    /// 366 days; an interval is at most this.
    private static let longestPeriod: Int64 = 366 * 86_400_000
    private static let shortestPeriod: Int64 = 100
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Reads `[nd][nh][nm][ns][nms]` up to the end.
    mutating func readGrid() throws(ScheduleError) -> Grid {
        let word = nextWord()
        guard !word.isEmpty else { throw .missingDuration(at: position) }
        var total: Int64 = 0
        var lowest = -1
        while position < word.upperBound {
            let start = position
            let count = readDigits(in: word)
            let letters = bytes[position..<word.upperBound].prefix { $0.isLetter }
            guard let count,
                let unit = Self.units.firstIndex(where: { letters.elementsEqual($0.name.utf8) }),
                unit > lowest
            else { throw .invalidDuration(string(word), at: start..<word.upperBound) }
            position = letters.endIndex
            lowest = unit
            // Ten digits of days are less than 2^60 milliseconds.
            total += count * Self.units[unit].milliseconds
        }
        guard (Self.shortestPeriod...Self.longestPeriod).contains(total) else {
            throw .durationOutOfBounds(string(word), at: word)
        }
        skipBlanks()
        guard position == end else { throw .behindDuration(at: position..<end) }
        return Grid(periodInMilliseconds: total, anchor: anchor)
    }

    /// One to ten digits, or `nil`.
    private mutating func readDigits(in word: Range<Int>) -> Int64? {
        let digits = bytes[position..<word.upperBound].prefix { $0.isDigit }
        guard (1...10).contains(digits.count) else { return nil }
        position = digits.endIndex
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Reads seconds since 1970, or a date and time with or without an offset, up to the end.
    mutating func readInstant(in zone: TimeZoneRules) throws(ScheduleError) -> Instant {
        let word = nextWord()
        guard !word.isEmpty else { throw .missingInstant(at: position) }
        guard let moment = Moment(bytes[word]) else {
            throw .invalidInstant(string(word), at: word)
        }
        let seconds = moment.seconds(in: zone)
        // 1970 in UTC to the end of 2199 on the wall of UTC.
        let limit = CivilMonth(year: 2200, month: 1).firstDay * 86_400
        guard (0..<limit).contains(seconds) else {
            throw .instantOutOfBounds(string(word), at: word)
        }
        position = word.upperBound
        skipBlanks()
        guard position == end else { throw .behindInstant(at: position..<end) }
        return Instant(unixSeconds: seconds)
    }
}
