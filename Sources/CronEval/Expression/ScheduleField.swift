// The seven fields of a cron expression and the numbers each may hold.

/// One field of a cron expression; the raw value is its name in the API and in `H`'s hash.
package enum ScheduleField: String, CaseIterable, Hashable, Sendable {
    case second, minute, hour, dayOfMonth, month, dayOfWeek, year

    /// As people say it: `day of month`.
    package var words: String {
        switch self {
        case .dayOfMonth: "day of month"
        case .dayOfWeek: "day of week"
        case .second, .minute, .hour, .month, .year: rawValue
        }
    }

    /// What a value may be; Sunday is both 0 and 7.
    package var allowed: ClosedRange<Int> {
        self == .dayOfWeek ? 0...7 : cycle
    }

    /// What `*` stands for, and what a range wraps around in.
    var cycle: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...6
        case .year: 1970...2199
        }
    }

    /// What `H` without a range spreads over: days that every month has.
    var spread: ClosedRange<Int> {
        self == .dayOfMonth ? 1...28 : cycle
    }

    /// `cycle` in words, as in `0-59`.
    var bounds: String {
        "\(allowed.lowerBound)-\(allowed.upperBound)"
    }

    var isDay: Bool { self == .dayOfMonth || self == .dayOfWeek }
    var hasNames: Bool { self == .month || self == .dayOfWeek }

    /// The value named by three letters in any case, or `nil`.
    func value(named first: UInt8, _ second: UInt8, _ third: UInt8) -> Int? {
        guard first.isLetter, second.isLetter, third.isLetter else { return nil }
        let word =
            UInt32(first & 0xDF) << 16 | UInt32(second & 0xDF) << 8 | UInt32(third & 0xDF)
        switch self {
        case .month: return Self.monthWords.firstIndex(of: word).map { $0 + 1 }
        case .dayOfWeek: return Self.dayWords.firstIndex(of: word)
        case .second, .minute, .hour, .dayOfMonth, .year: return nil
        }
    }

    private static let monthWords = packed("JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC")
    private static let dayWords = packed("SUNMONTUEWEDTHUFRISAT")

    private static func packed(_ names: String) -> [UInt32] {
        let bytes = Array(names.utf8)
        return stride(from: 0, to: bytes.count, by: 3).map { start in
            bytes[start..<start + 3].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
    }
}
