// Finding a byte quickly, by the C library's own search.

internal import Glibc

extension [UInt8] {
    /// The first place of `byte` within `range`; some ten bytes a nanosecond.
    package func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
        return unsafe withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress,
                let found = unsafe memchr(start + range.lowerBound, Int32(byte), range.count)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - start
        }
    }

    /// The last place of `byte` within `range`, looked for from its end, byte by byte.
    package func lastIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count)")
        return unsafe withUnsafeBytes { bytes in
            var index = range.upperBound - 1
            while index >= range.lowerBound {
                if unsafe bytes[index] == byte { return index }
                index -= 1
            }
            return nil
        }
    }

    /// How many of the bytes are `byte`.
    package func count(of byte: UInt8) -> Int {
        unsafe withUnsafeBytes { bytes in
            var found = 0
            for index in 0..<bytes.count where unsafe bytes[index] == byte { found += 1 }
            return found
        }
    }
}
