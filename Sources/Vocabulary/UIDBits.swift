// The number that a uid is, for tables that hold millions of them.

/// A uid of 32 lower-case hexadecimal digits as a number of 128 bits; orders as the texts do.
package struct UIDBits: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// `nil` for a text of any other form.
    package init?(_ uid: UID) {
        let bytes = uid.text.utf8.span
        guard bytes.count == 32 else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for place in 0..<32 {
            let byte = bytes[place]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x61...0x66: digit = byte - 0x61 + 10
            case _: return nil
            }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(digit)
        }
        self.init(high: high, low: low)
    }

    package var uid: UID {
        UID(String(decoding: (0..<32).map { digit(at: $0) }, as: UTF8.self))
    }

    /// Adds the digits of the text.
    package func add(to hash: inout StableHash) {
        for quarter in 0..<4 { hash.add(eight: digits(of: quarter)) }
    }

    /// What ``add(to:)`` makes of four new hashes.
    ///
    /// Every step of a hash waits for the one before; four at once take half the time.
    package static func hashes(of uids: InlineArray<4, Self>) -> InlineArray<4, StableHash> {
        var hashes = InlineArray<4, StableHash>(repeating: StableHash())
        for quarter in 0..<4 {
            StableHash.add(InlineArray { uids[$0].digits(of: quarter) }, to: &hashes)
        }
        return hashes
    }

    /// Eight of the 32 digits, the first in the lowest byte; all at once, because a node that
    /// starts hashes every uid of its list.
    private func digits(of quarter: Int) -> UInt64 {
        let half = quarter < 2 ? high : low
        let number = UInt32(truncatingIfNeeded: quarter & 1 == 0 ? half >> 32 : half)
        var digits = UInt64(number.byteSwapped)
        digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
        digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits >> 4 | digits << 8) & 0x0F0F_0F0F_0F0F_0F0F
        // Six more than nine needs a fifth bit.
        let letters = (digits &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return digits &+ 0x3030_3030_3030_3030 &+ letters &* (0x61 - 10 - 0x30)
    }

    private func digit(at place: Int) -> UInt8 {
        let word = place < 16 ? high : low
        let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (place & 15))) & 15
        return digit < 10 ? 0x30 + digit : 0x61 - 10 + digit
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.high, lhs.low) < (rhs.high, rhs.low)
    }
}
