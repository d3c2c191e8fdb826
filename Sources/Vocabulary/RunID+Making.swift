// New run ids.

extension RunID {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// A ULID: 48 bits of milliseconds, then 80 bits of chance.
    package static func make(
        at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> Self {
        var characters: [Character] = []
        let time = UInt64(clamping: now.unixMilliseconds)
        for shift in stride(from: 45, through: 0, by: -5) {
            characters.append(alphabet[Int(time >> UInt64(shift) & 31)])
        }
        for _ in 0..<16 { characters.append(alphabet[Int(random.next() >> 59)]) }
        return Self(String(characters))
    }
}
