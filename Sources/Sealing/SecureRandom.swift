// Chance that nobody can guess, from the kernel.

internal import CSodium

/// Bytes from the kernel's generator, `getrandom(2)`.
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0, "\(count) random bytes")
        Sodium.prepare()
        var bytes = [UInt8](repeating: 0, count: count)
        unsafe randombytes_buf(&bytes, count)
        return bytes
    }

    /// A seed for a generator that is then replayable.
    package static func seed() -> UInt64 {
        bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A number below `bound`, each equally likely.
    static func number(below bound: UInt32) -> UInt32 {
        Sodium.prepare()
        return randombytes_uniform(bound)
    }
}
