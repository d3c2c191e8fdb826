// BLAKE2b, for names of contents.

internal import CSodium
package import Vocabulary

/// Digests of bytes.
package enum Hashing {
    /// `sodium_init` may be called from any thread; here it runs once.
    private static let isReady: Bool = sodium_init() >= 0

    /// BLAKE2b with 128 bits of output, without a key.
    ///
    /// - SeeAlso: RFC 7693.
    package static func digest(_ bytes: [UInt8]) -> Digest {
        precondition(isReady, "libsodium found no source of randomness")
        var output = [UInt8](repeating: 0, count: 16)
        let code = unsafe crypto_generichash(
            &output,
            output.count,
            bytes,
            UInt64(bytes.count),
            nil,
            0
        )
        precondition(code == 0, "BLAKE2b refused \(bytes.count) bytes")
        let halves = [output[..<8], output[8...]].map { half in
            half.reduce(0) { $0 << 8 | UInt64($1) }
        }
        return Digest(high: halves[0], low: halves[1])
    }
}
