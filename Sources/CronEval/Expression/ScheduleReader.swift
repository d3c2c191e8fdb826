// Reads a schedule's text: prefix, macro or fields.

internal import Vocabulary

/// A cursor over a schedule's text.
struct ScheduleReader {
    static let maximumLength = 1_024

    let bytes: [UInt8]
    let seed: String?
    let anchor: Instant
    var position = 0
    /// Behind the last byte that is no blank.
    let end: Int
    private(set) var warnings: WarningSet = []
    private var dials: [SpreadDials.Dial] = []

    /// - Throws: If the text is too long or holds a byte that no schedule has.
    init(text: String, seed: String?, anchor: Instant) throws(ScheduleError) {
        guard text.utf8.count <= Self.maximumLength else { throw .tooLong(text.utf8.count) }
        bytes = Array(text.utf8)
        self.seed = seed
        self.anchor = anchor
        if let place = bytes.firstIndex(where: { $0 != 0x09 && !(0x20...0x7E).contains($0) }) {
            throw .strangeCharacter(in: text, at: place)
        }
        end = (bytes.lastIndex { !$0.isBlank } ?? -1) + 1
        skipBlanks()
    }

    /// Reads `CRON_TZ=name` or `TZ=name`, if the text begins with it.
    mutating func readZonePrefix() throws(ScheduleError) -> (name: String, range: Range<Int>)? {
        for prefix in ["CRON_TZ=", "TZ="] where bytes[position...].starts(with: prefix.utf8) {
            position += prefix.utf8.count
            let range = nextWord()
            position = range.upperBound
            skipBlanks()
            return (string(range), range)
        }
        return nil
    }

    /// Reads what follows the prefix.
    mutating func readBody(in zone: TimeZoneRules) throws(ScheduleError) -> Timing {
        guard position < end else { throw .empty(at: position) }
        guard bytes[position] == UInt8(ascii: "@") else { return try .fields(readFields()) }
        let word = nextWord()
        let name = string(word)
        position = word.upperBound
        skipBlanks()
        switch name {
        case "@every": return try .every(readGrid())
        case "@at": return try .at(readInstant(in: zone))
        case _:
            guard let pattern = try FieldPattern.named(name, at: word) else {
                throw .unknownMacro(name, at: word)
            }
            guard position == end else { throw .behindMacro(name, at: position..<end) }
            return .fields(pattern)
        }
    }

    private mutating func readFields() throws(ScheduleError) -> FieldPattern {
        var words: [Range<Int>] = []
        words.reserveCapacity(7)
        var count = 0
        let start = position
        while position < end {
            let word = nextWord()
            if count < 7 { words.append(word) }
            count += 1
            position = word.upperBound
            skipBlanks()
        }
        guard (5...7).contains(count) else { throw .fieldCount(count, at: start..<end) }
        var builder = PatternBuilder()
        let skipped = count == 5 ? 1 : 0
        for (place, word) in words.enumerated() {
            let field = ScheduleField.allCases[place + skipped]
            var reader = FieldReader(bytes: bytes, word: word, field: field, seed: seed)
            let selection = try reader.read()
            dials += selection.moduli.map { SpreadDials.Dial(field: field, modulus: $0) }
            builder.add(selection, to: field)
        }
        let pattern = builder.pattern
        warnings = builder.warnings(of: pattern)
        return pattern
    }

    /// Reads what follows the prefix for its `H`s alone.
    mutating func readDials() throws(ScheduleError) -> [SpreadDials.Dial] {
        guard position < end else { throw .empty(at: position) }
        guard bytes[position] != UInt8(ascii: "@") else { return [] }
        _ = try readFields()
        return dials
    }

    mutating func skipBlanks() {
        while position < end, bytes[position].isBlank { position += 1 }
    }

    /// The bytes up to the next blank; empty at the end.
    func nextWord() -> Range<Int> {
        var close = position
        while close < end, !bytes[close].isBlank { close += 1 }
        return position..<close
    }

    func string(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}

extension UInt8 {
    var isBlank: Bool { self == 0x20 || self == 0x09 }
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isLetter: Bool { (0x41...0x5A).contains(self & 0xDF) }
}

extension FieldPattern {
    /// What the macro called `name` stands for, or `nil`.
    ///
    /// - Throws: For `@reboot`, which exists elsewhere.
    static func named(_ name: String, at range: Range<Int>) throws(ScheduleError) -> Self? {
        switch name {
        case "@yearly", "@annually": yearly
        case "@monthly": monthly
        case "@weekly": weekly
        case "@daily", "@midnight": daily
        case "@hourly": hourly
        case "@reboot": throw .noBoot(at: range)
        case _: nil
        }
    }

    private static let yearly = macro(days: 2, months: 2)
    private static let monthly = macro(days: 2)
    private static let weekly = macro(weekdays: 1)
    private static let daily = macro()
    private static let hourly = macro(hours: 0xFF_FFFF)

    private static func macro(
        hours: UInt32 = 1,
        days: UInt32 = DayPattern.allDays,
        months: UInt32 = DatePattern.allMonths,
        weekdays: UInt8 = DayPattern.allWeekdays
    ) -> Self {
        Self(
            times: TimePattern(seconds: 1, minutes: 1, hours: hours),
            dates: DatePattern(
                months: months,
                days: DayPattern(days: days, weekdays: weekdays, needsBoth: true)
            ),
            isInterval: hours != 1
        )
    }
}
