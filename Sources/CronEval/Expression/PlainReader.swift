// The quick way through the texts that nearly everybody writes.

/// Reads five fields of stars, numbers, names, ranges, steps and lists, without allocating.
///
/// It answers only for what is beyond doubt. For the rest of the dialect, and for everything that
/// is wrong, ``ScheduleReader`` reads the text again and says so.
///
/// Texts of up to sixteen bytes are loaded once and then shifted out of two words; of longer ones
/// a word is loaded anew wherever a field or an item begins. Behind the end there are zeros.
struct PlainReader {
    /// What one field selects.
    struct Field {
        let values: UInt64
        /// The text begins with `*`.
        var isStarred = false
        /// The text is `*`.
        var isPlain = false
    }

    /// Five stars.
    private static let minimumLength = 9
    private static let shortLength = 16

    /// The next eight bytes, the first of them lowest.
    private var word: UInt64
    /// The eight behind these, if the text is short.
    private var rest: UInt64
    /// Where `word` begins; one beyond the end when everything is read.
    private var position = 0

    /// What `text` selects, or `nil` if that takes a closer look.
    @inline(never)
    static func read(_ text: String) -> PlainFields? {
        let bytes = text.utf8.span
        guard bytes.count >= minimumLength, bytes.count <= ScheduleReader.maximumLength else {
            return nil
        }
        var reader = Self(bytes)
        guard let minute = reader.readField(.minute, 0, 59, closedBy: .blank, bytes),
            let hour = reader.readField(.hour, 0, 23, closedBy: .blank, bytes),
            let date = reader.readField(.dayOfMonth, 1, 31, closedBy: .blank, bytes),
            let month = reader.readField(.month, 1, 12, closedBy: .blank, bytes),
            let weekday = reader.readField(.dayOfWeek, 0, 6, closedBy: .end, bytes),
            // A zero that is part of the text has not been taken for its end.
            reader.position == bytes.count + 1
        else { return nil }
        return PlainFields(minute, hour, date, month, weekday)
    }

    @inline(__always)
    private init(_ bytes: Span<UInt8>) {
        word = Self.word(at: 0, in: bytes)
        rest = 0
        guard bytes.count <= Self.shortLength else { return }
        var place = bytes.count
        while place > 8 {
            place -= 1
            rest = rest << 8 | UInt64(bytes[place])
        }
    }

    /// Reads a star or a number and what closes it, or else a list.
    @inline(__always)
    private mutating func readField(
        _ field: ScheduleField,
        _ lowest: UInt64,
        _ highest: UInt64,
        closedBy close: UInt8,
        _ bytes: Span<UInt8>
    ) -> Field? {
        refill(bytes)
        while true {
            let (first, second, third) = (word.byte(0), word.byte(1), word.byte(2))
            if first == .star, second == close {
                advance(by: 2)
                let all = Self.mask(from: lowest, through: highest)
                return Field(values: all, isStarred: true, isPlain: true)
            }
            if let tens = first.digit {
                if second == close {
                    guard lowest <= tens, tens <= highest else { return nil }
                    advance(by: 2)
                    return Field(values: 1 &<< tens)
                }
                if let ones = second.digit, third == close {
                    let number = tens &* 10 &+ ones
                    guard lowest <= number, number <= highest else { return nil }
                    advance(by: 3)
                    return Field(values: 1 &<< number)
                }
            }
            guard first.isBlank else { break }
            advance(by: 1)
            refill(bytes)
        }
        let (start, isStarred) = (position, word.byte(0) == .star)
        let values: UInt64
        (values, self) = Self.readList(of: field, lowest, highest, from: self, bytes)
        guard values != 0 else { return nil }
        return Field(
            values: values,
            isStarred: isStarred,
            isPlain: isStarred && position == start + 2
        )
    }

    /// Reads items and what closes the last of them.
    ///
    /// - Returns: What they select, which is nothing if in doubt, and the reader behind them: four
    ///   words, which go back in registers.
    @inline(never)
    private static func readList(
        of field: ScheduleField,
        _ lowest: UInt64,
        _ highest: UInt64,
        from start: Self,
        _ bytes: Span<UInt8>
    ) -> (values: UInt64, behind: Self) {
        var reader = start
        var values: UInt64 = 0
        while true {
            guard let item = reader.readItem(of: field, lowest, highest, bytes) else {
                return (0, reader)
            }
            values |= item
            let close = reader.word.byte(0)
            reader.advance(by: 1)
            guard close == .comma else {
                let isClosed = close.isBlank || close == .end && reader.position > bytes.count
                return (isClosed ? values : 0, reader)
            }
            reader.refill(bytes)
        }
    }

    /// Reads `*`, `a` or `a-b`, and a step.
    @inline(__always)
    private mutating func readItem(
        of field: ScheduleField,
        _ lowest: UInt64,
        _ highest: UInt64,
        _ bytes: Span<UInt8>
    ) -> UInt64? {
        var (low, high) = (lowest, highest)
        if word.byte(0) == .star {
            advance(by: 1)
        } else {
            guard let first = readValue(of: field) else { return nil }
            low = first
            if word.byte(0) == .hyphen {
                advance(by: 1)
                guard let last = readValue(of: field) else { return nil }
                high = last
            } else if word.byte(0) != .slash {
                high = low
            }
        }
        guard lowest <= low, low <= high, high <= highest else { return nil }
        let range = Self.mask(from: low, through: high)
        guard word.byte(0) == .slash else { return range }
        advance(by: 1)
        refill(bytes)
        guard let step = readNumber(), step > 0, step <= highest - lowest else { return nil }
        return range & Self.mask(from: low, by: step)
    }

    /// Reads a number or a name.
    @inline(__always)
    private mutating func readValue(of field: ScheduleField) -> UInt64? {
        if let number = readNumber() { return number }
        guard field.hasNames,
            let value = field.value(named: word.byte(0), word.byte(1), word.byte(2))
        else { return nil }
        advance(by: 3)
        return UInt64(value)
    }

    /// Reads one or two digits.
    @inline(__always)
    private mutating func readNumber() -> UInt64? {
        guard let tens = word.byte(0).digit else { return nil }
        guard let ones = word.byte(1).digit else {
            advance(by: 1)
            return tens
        }
        advance(by: 2)
        return tens &* 10 &+ ones
    }

    @inline(__always)
    private mutating func advance(by count: Int) {
        let bits = UInt64(truncatingIfNeeded: count &* 8)
        word = word &>> bits | rest &<< (64 &- bits)
        rest &>>= bits
        position &+= count
    }

    /// Looks at eight bytes again.
    @inline(__always)
    private mutating func refill(_ bytes: Span<UInt8>) {
        guard bytes.count > Self.shortLength else { return }
        word = Self.wordFarIn(at: position, bytes)
    }

    @inline(never)
    private static func wordFarIn(at position: Int, _ bytes: Span<UInt8>) -> UInt64 {
        let start = min(position, bytes.count - 8)
        return word(at: start, in: bytes) >> UInt64((position - start) * 8)
    }

    /// Eight bytes of the text, which the compiler makes one load.
    @inline(__always)
    private static func word(at start: Int, in bytes: Span<UInt8>) -> UInt64 {
        let eight = bytes.extracting(start..<start + 8)
        let low =
            UInt64(eight[0]) | UInt64(eight[1]) << 8 | UInt64(eight[2]) << 16
            | UInt64(eight[3]) << 24
        let high =
            UInt64(eight[4]) << 32 | UInt64(eight[5]) << 40 | UInt64(eight[6]) << 48
            | UInt64(eight[7]) << 56
        return low | high
    }

    @inline(__always)
    private static func mask(from low: UInt64, through high: UInt64) -> UInt64 {
        (2 &<< high) &- (1 &<< low)
    }

    /// Every `step`-th bit from `low` on.
    @inline(__always)
    private static func mask(from low: UInt64, by step: UInt64) -> UInt64 {
        var mask: UInt64 = 1 &<< low
        var distance = step
        while distance < 64 {
            mask |= mask &<< distance
            distance &*= 2
        }
        return mask
    }
}

extension UInt64 {
    @inline(__always)
    fileprivate func byte(_ place: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: self &>> (place &* 8))
    }
}

extension UInt8 {
    fileprivate static var end: Self { 0 }
    fileprivate static var blank: Self { 0x20 }
    fileprivate static var star: Self { 0x2A }
    fileprivate static var comma: Self { 0x2C }
    fileprivate static var hyphen: Self { 0x2D }
    fileprivate static var slash: Self { 0x2F }

    @inline(__always)
    fileprivate var digit: UInt64? {
        let value = self &- 0x30
        return value < 10 ? UInt64(value) : nil
    }
}
