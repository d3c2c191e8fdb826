// RFC 3339 text of instants, without Foundation.

extension Instant: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds only where there are any: `2026-11-21T05:00:00Z`.
    package var description: String {
        let date = CivilDate(daysSinceEpoch: unixSeconds.floorDivided(by: 86_400))
        let second = unixSeconds.floorRemainder(dividingBy: 86_400)
        let fraction = unixMilliseconds.floorRemainder(dividingBy: 1_000)
        let clock = [second / 3_600, second / 60 % 60, second % 60].map { $0.padded(to: 2) }
        let tail = fraction == 0 ? "" : ".\(fraction.padded(to: 3))"
        return "\(date)T\(clock.joined(separator: ":"))\(tail)Z"
    }

    /// Reads RFC 3339 text: `2026-11-21T05:00:00Z`, with an optional fraction and any offset.
    ///
    /// - Returns: `nil` for anything else, a leap second included. Digits of the fraction beyond
    ///   the third are dropped.
    package init?(rfc3339 text: String) {
        var scanner = DigitScanner(text)
        guard let year = scanner.number(digits: 4), scanner.take("-"),
            let month = scanner.number(digits: 2), scanner.take("-"),
            let day = scanner.number(digits: 2), scanner.take("T") || scanner.take(" "),
            let hour = scanner.number(digits: 2), hour < 24, scanner.take(":"),
            let minute = scanner.number(digits: 2), minute < 60, scanner.take(":"),
            let second = scanner.number(digits: 2), second < 60,
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        guard let fraction = scanner.fractionInMilliseconds(), let offset = scanner.offset(),
            scanner.isAtEnd
        else { return nil }
        let clock = Int64(hour * 3_600 + minute * 60 + second - offset)
        self.init(
            unixMilliseconds: (date.daysSinceEpoch * 86_400 + clock) * 1_000 + Int64(fraction)
        )
    }
}

/// Reads fixed-width numbers from ASCII text.
private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, first | 0x20 == UInt8(ascii: character) | 0x20 else {
            return false
        }
        rest.removeFirst()
        return true
    }

    mutating func number(digits: Int) -> Int? {
        var value = 0
        for _ in 0..<digits {
            guard let digit = rest.first, (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 0x30)
            rest.removeFirst()
        }
        return value
    }

    mutating func fractionInMilliseconds() -> Int? {
        guard take(".") else { return 0 }
        var value = 0
        var count = 0
        while let digit = rest.first, (0x30...0x39).contains(digit) {
            if count < 3 { value = value * 10 + Int(digit - 0x30) }
            count += 1
            rest.removeFirst()
        }
        guard count > 0 else { return nil }
        for _ in count..<max(count, 3) { value *= 10 }
        return value
    }

    /// The offset from UTC in seconds; `Z` is 0.
    mutating func offset() -> Int? {
        if take("Z") { return 0 }
        let sign: Int
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hour = number(digits: 2), hour < 24, take(":"),
            let minute = number(digits: 2), minute < 60
        else { return nil }
        return sign * (hour * 3_600 + minute * 60)
    }
}

extension BinaryInteger {
    /// The decimal text with leading zeros up to `width`.
    package func padded(to width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}

extension Int64 {
    /// The quotient rounded towards negative infinity.
    package func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The remainder of ``floorDivided(by:)``; never negative for a positive divisor.
    package func floorRemainder(dividingBy divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
