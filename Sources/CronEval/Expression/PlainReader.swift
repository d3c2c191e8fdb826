// The quick way through the texts that nearly everybody writes.

/// Reads five fields of stars, numbers, names, ranges, steps and lists, without allocating.
///
/// It answers only for what is beyond doubt. For the rest of the dialect, and for everything that
/// is wrong, ``ScheduleReader`` reads the text again and says so.
struct PlainReader {
    /// What one field selects.
    struct Field {
        var values: UInt64 = 0
        /// The text begins with `*`.
        var isStarred = false
        /// The text is `*`.
        var isPlain = false
    }

    private var position = 0

    /// What `bytes` select, or `nil` if that takes a closer look.
    static func read(_ bytes: Span<UInt8>) -> PlainFields? {
        guard bytes.count <= ScheduleReader.maximumLength else { return nil }
        var reader = Self()
        guard let minute = reader.readField(.minute, 0, 59, bytes),
            let hour = reader.readField(.hour, 0, 23, bytes),
            let date = reader.readField(.dayOfMonth, 1, 31, bytes),
            let month = reader.readField(.month, 1, 12, bytes),
            let weekday = reader.readField(.dayOfWeek, 0, 6, bytes),
            reader.position == bytes.count
        else { return nil }
        return PlainFields(minute, hour, date, month, weekday)
    }

    @inline(__always)
    private mutating func readField(
        _ field: ScheduleField,
        _ lowest: Int,
        _ highest: Int,
        _ bytes: Span<UInt8>
    ) -> Field? {
        while let byte = next(bytes), byte.isBlank { position += 1 }
        var result = Field()
        result.isStarred = next(bytes) == UInt8(ascii: "*")
        if result.isStarred, position + 1 == bytes.count || bytes[position + 1].isBlank {
            result.isPlain = true
            result.values = Self.mask(from: lowest, through: highest, by: 1)
            position = min(position + 2, bytes.count)
            return result
        }
        while true {
            var (low, high) = (lowest, highest)
            if next(bytes) == UInt8(ascii: "*") {
                position += 1
            } else {
                guard let value = readValue(of: field, bytes) else { return nil }
                low = value
                if next(bytes) == UInt8(ascii: "-") {
                    position += 1
                    guard let value = readValue(of: field, bytes) else { return nil }
                    high = value
                } else if next(bytes) != UInt8(ascii: "/") {
                    high = low
                }
            }
            guard lowest <= low, low <= high, high <= highest else { return nil }
            var step = 1
            if next(bytes) == UInt8(ascii: "/") {
                position += 1
                guard let number = readNumber(bytes) else { return nil }
                step = number
                guard step > 0, step <= highest - lowest else { return nil }
            }
            result.values |= Self.mask(from: low, through: high, by: step)
            guard let byte = next(bytes) else { break }
            position += 1
            if byte.isBlank { break }
            guard byte == UInt8(ascii: ",") else { return nil }
        }
        return result
    }

    @inline(__always)
    private mutating func readValue(of field: ScheduleField, _ bytes: Span<UInt8>) -> Int? {
        guard let byte = next(bytes) else { return nil }
        if byte.isDigit { return readNumber(bytes) }
        guard field.hasNames, position + 3 <= bytes.count else { return nil }
        let value = field.value(
            named: bytes[position],
            bytes[position + 1],
            bytes[position + 2]
        )
        position += 3
        return value
    }

    /// One or two digits.
    @inline(__always)
    private mutating func readNumber(_ bytes: Span<UInt8>) -> Int? {
        guard let first = next(bytes), first.isDigit else { return nil }
        position += 1
        var number = Int(first - 0x30)
        if let second = next(bytes), second.isDigit {
            position += 1
            number = number * 10 + Int(second - 0x30)
        }
        return number
    }

    @inline(__always)
    private func next(_ bytes: Span<UInt8>) -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    /// Every `step`-th bit from `low` on up to `high`.
    @inline(__always)
    private static func mask(from low: Int, through high: Int, by step: Int) -> UInt64 {
        let span: UInt64 = (2 &<< UInt64(high)) &- (1 &<< UInt64(low))
        guard step > 1 else { return span }
        var mask: UInt64 = 1 &<< UInt64(low)
        var distance = UInt64(step)
        while distance < 64 {
            mask |= mask &<< distance
            distance &*= 2
        }
        return mask & span
    }
}

/// Five fields, read.
struct PlainFields {
    private let minutes: UInt64
    private let hours: UInt32
    private let dates: UInt32
    private let months: UInt32
    private let weekdays: UInt8
    private let isInterval: Bool
    private let needsBothDays: Bool
    private let hasStarStepDay: Bool

    init(
        _ minute: PlainReader.Field,
        _ hour: PlainReader.Field,
        _ date: PlainReader.Field,
        _ month: PlainReader.Field,
        _ weekday: PlainReader.Field
    ) {
        minutes = minute.values
        hours = UInt32(truncatingIfNeeded: hour.values)
        dates = UInt32(truncatingIfNeeded: date.values)
        months = UInt32(truncatingIfNeeded: month.values)
        weekdays = UInt8(truncatingIfNeeded: weekday.values)
        isInterval = minute.isStarred || hour.isStarred
        needsBothDays = date.isStarred || weekday.isStarred
        hasStarStepDay = needsBothDays && !date.isPlain && !weekday.isPlain
    }

    var pattern: FieldPattern {
        var days = DayPattern()
        days.days = dates
        days.weeks = UInt64(weekdays) * DayPattern.everyLane
        days.needsBoth = needsBothDays
        return FieldPattern(
            times: TimePattern(seconds: 1, minutes: minutes, hours: hours),
            dates: DatePattern(months: months, years: .all, days: days),
            isInterval: isInterval
        )
    }

    func warnings(of pattern: FieldPattern) -> WarningSet {
        var warnings = WarningSet(of: pattern.dates)
        warnings.hasStarStepDay = hasStarStepDay
        return warnings
    }
}
