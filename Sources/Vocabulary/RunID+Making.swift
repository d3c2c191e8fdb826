// New run ids.

extension RunID {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// A ULID: 48 bits of milliseconds, then 80 bits of chance.
    package static func make(
        at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> Self {
        let time = UInt64(clamping: now.unixMilliseconds)
        // Eight characters are 40 bits; a draw may be a call into the kernel.
        let (first, second) = (random.next(), random.next())
        let alphabet = alphabet
        let text = unsafe String(unsafeUninitializedCapacity: 26) { buffer in
            for place in 0..<10 {
                let digit = time >> UInt64(45 - 5 * place) & 31
                unsafe buffer.initializeElement(at: place, to: alphabet[Int(digit)])
            }
            for place in 0..<16 {
                let bits = place < 8 ? first : second
                let digit = bits >> UInt64(59 - 5 * (place % 8)) & 31
                unsafe buffer.initializeElement(at: 10 + place, to: alphabet[Int(digit)])
            }
            return 26
        }
        return Self(text)
    }
}
