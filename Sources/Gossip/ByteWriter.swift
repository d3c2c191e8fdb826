// Values to bytes.

internal import Vocabulary

/// Appends values in the wire format.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init() {}

    mutating func byte(_ value: UInt8) {
        bytes.append(value)
    }

    /// LEB128: seven bits a byte, the lowest first.
    mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func number(_ value: Int) {
        number(UInt64(max(0, value)))
    }

    /// Zigzag: small numbers of either sign stay short.
    mutating func signed(_ value: Int64) {
        number(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// Eight bytes, the highest first.
    mutating func word(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    mutating func text(_ value: String) {
        number(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    /// Begins a frame whose type and length are not known yet, and says where.
    mutating func beginFrame() -> Int {
        bytes.append(0)
        bytes.append(0)
        return bytes.count
    }

    /// Ends the frame whose body began at `start`; most are short, and then nothing moves.
    mutating func endFrame(_ type: UInt8, from start: Int) {
        let length = bytes.count - start
        bytes[start - 2] = type
        guard length >= 0x80 else {
            bytes[start - 1] = UInt8(length)
            return
        }
        var head = ByteWriter()
        head.number(length)
        bytes.replaceSubrange(start - 1..<start, with: head.bytes)
    }

    /// The length, then the bytes.
    mutating func block(_ value: [UInt8]) {
        number(value.count)
        bytes += value
    }
}
