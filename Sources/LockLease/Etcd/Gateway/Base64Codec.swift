// Base64 as the gateway speaks it, fast, for bytes that are no secret.

/// Base64 with padding (RFC 4648 section 4), to and from bytes.
///
/// `Sealing` has one whose time does not depend on what it reads; keys and values need speed.
enum Base64Codec {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )
    /// 64 for bytes that are no digit.
    private static let digits: [UInt8] = {
        var digits = [UInt8](repeating: 64, count: 256)
        for (value, byte) in alphabet.enumerated() { digits[Int(byte)] = UInt8(value) }
        return digits
    }()

    static func append(_ data: [UInt8], to bytes: inout [UInt8]) {
        let alphabet = alphabet
        bytes.reserveCapacity(bytes.count + (data.count + 2) / 3 * 4)
        var index = 0
        while index + 3 <= data.count {
            let word =
                UInt32(data[index]) << 16 | UInt32(data[index + 1]) << 8 | UInt32(data[index + 2])
            bytes.append(alphabet[Int(word >> 18)])
            bytes.append(alphabet[Int(word >> 12 & 63)])
            bytes.append(alphabet[Int(word >> 6 & 63)])
            bytes.append(alphabet[Int(word & 63)])
            index += 3
        }
        let left = data.count - index
        guard left > 0 else { return }
        let word = UInt32(data[index]) << 16 | (left == 2 ? UInt32(data[index + 1]) << 8 : 0)
        bytes.append(alphabet[Int(word >> 18)])
        bytes.append(alphabet[Int(word >> 12 & 63)])
        bytes.append(left == 2 ? alphabet[Int(word >> 6 & 63)] : UInt8(ascii: "="))
        bytes.append(UInt8(ascii: "="))
    }

    /// - Returns: `nil` if `text` is not base64 from its first to its last byte.
    static func bytes(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var padding = 0
        if text.last == UInt8(ascii: "=") {
            padding = text.dropLast().last == UInt8(ascii: "=") ? 2 : 1
        }
        let digits = digits
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var index = text.startIndex
        while index < text.endIndex {
            let isLast = index + 4 == text.endIndex
            var word: UInt32 = 0
            for place in 0..<4 {
                let isPadding = isLast && place >= 4 - padding
                let digit = isPadding ? 0 : digits[Int(text[index + place])]
                guard digit < 64 else { return nil }
                word = word << 6 | UInt32(digit)
            }
            bytes.append(UInt8(truncatingIfNeeded: word >> 16))
            if !isLast || padding < 2 { bytes.append(UInt8(truncatingIfNeeded: word >> 8)) }
            if !isLast || padding < 1 { bytes.append(UInt8(truncatingIfNeeded: word)) }
            index += 4
        }
        return bytes
    }
}
