// A point in time as people write it.

internal import Vocabulary

/// A time with a place, or on the wall of whoever asks.
enum Moment: Hashable, Sendable {
    /// Seconds since 1970 in UTC.
    case elapsed(Int64)
    /// Seconds since 1970 on the wall.
    case wall(Int64)

    /// Reads `1893456000` or `2030-01-01T09:00[:00][Z|+08:00]`; `nil` for anything else.
    init?(_ text: some StringProtocol) {
        self.init(Array(text.utf8)[...])
    }

    init?(_ bytes: ArraySlice<UInt8>) {
        var scanner = MomentScanner(rest: bytes)
        guard let moment = scanner.scan() else { return nil }
        self = moment
    }

    /// Whether it depends on who asks.
    var isOnWall: Bool {
        switch self {
        case .elapsed: false
        case .wall: true
        }
    }

    /// In UTC, where `zone` is kept: the first time that the wall shows it.
    func seconds(in zone: TimeZoneRules) -> Int64 {
        switch self {
        case .elapsed(let seconds): seconds
        case .wall(let wall): zone.second(ofWall: wall)
        }
    }
}

/// Reads a moment's text, a part at a time.
private struct MomentScanner {
    var rest: ArraySlice<UInt8>

    mutating func scan() -> Moment? {
        if rest.allSatisfy(\.isDigit) {
            guard (1...12).contains(rest.count) else { return nil }
            return .elapsed(rest.reduce(0) { $0 * 10 + Int64($1 - 0x30) })
        }
        guard let year = number(digits: 4), take("-"), let month = number(digits: 2), take("-"),
            let day = number(digits: 2), take("T"),
            let date = CivilDate(year: year, month: month, day: day),
            let hour = number(digits: 2), hour < 24, take(":"),
            let minute = number(digits: 2), minute < 60
        else { return nil }
        var wall = date.daysSinceEpoch * 86_400 + Int64(hour * 3_600 + minute * 60)
        if take(":") {
            guard let second = number(digits: 2), second < 60 else { return nil }
            wall += Int64(second)
        }
        if rest.isEmpty { return .wall(wall) }
        guard let offset = offset(), rest.isEmpty else { return nil }
        return .elapsed(wall - Int64(offset))
    }

    private mutating func offset() -> Int? {
        if take("Z") { return 0 }
        let isWest = take("-")
        guard isWest || take("+"), let hour = number(digits: 2), hour < 24, take(":"),
            let minute = number(digits: 2), minute < 60
        else { return nil }
        let seconds = hour * 3_600 + minute * 60
        return isWest ? -seconds : seconds
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func number(digits: Int) -> Int? {
        let word = rest.prefix(digits)
        guard word.count == digits, word.allSatisfy(\.isDigit) else { return nil }
        rest = rest.dropFirst(digits)
        return word.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
