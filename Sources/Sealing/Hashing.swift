// Digests of bytes.

internal import CSodium
package import Vocabulary

/// BLAKE2b.
package enum Hashing {
    /// BLAKE2b-128 of `bytes`.
    ///
    /// - SeeAlso: RFC 7693.
    package static func digest(_ bytes: [UInt8]) -> Digest {
        var hash = [UInt8](repeating: 0, count: 16)
        _ = unsafe crypto_generichash(&hash, 16, bytes, UInt64(bytes.count), nil, 0)
        let halves = [hash[..<8], hash[8...]].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        return Digest(high: halves[0], low: halves[1])
    }
}
