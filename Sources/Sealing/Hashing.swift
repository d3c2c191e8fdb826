// Digests, derived keys and message codes.

internal import CSodium
package import Vocabulary

/// BLAKE2b, and HMAC for talking to others.
package enum Hashing {
    /// BLAKE2b-128 of `bytes`.
    ///
    /// - SeeAlso: RFC 7693.
    package static func digest(_ bytes: [UInt8]) -> Digest { digest(bytes[...]) }

    /// The same of a part of an array; allocates nothing.
    package static func digest(_ bytes: ArraySlice<UInt8>) -> Digest {
        Sodium.prepare()
        var halves = (UInt64(0), UInt64(0))
        unsafe withUnsafeMutableBytes(of: &halves) { hash in
            unsafe bytes.withUnsafeBytes { bytes in
                let start = unsafe bytes.bindMemory(to: UInt8.self).baseAddress
                let target = unsafe hash.bindMemory(to: UInt8.self).baseAddress
                guard let target = unsafe target else { return }
                _ = unsafe crypto_generichash(target, 16, start, UInt64(bytes.count), nil, 0)
            }
        }
        return Digest(high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1))
    }

    /// Whether both are the same, in a time that depends only on their lengths.
    package static func areEqual(_ lhs: [UInt8], _ rhs: [UInt8]) -> Bool {
        guard lhs.count == rhs.count else { return false }
        return unsafe sodium_memcmp(lhs, rhs, lhs.count) == 0
    }

    /// A key of its own for each `purpose`; who learns it learns neither `key` nor its siblings.
    package static func derive(_ key: SecretKey, purpose: String) -> SecretKey {
        SecretKey(exactly: blake2b([UInt8](purpose.utf8), length: 32, key: key.bytes))
    }

    /// 32 bytes that nobody can tell without both `bytes` and `key`.
    package static func mix(_ bytes: [UInt8], with key: SecretKey) -> [UInt8] {
        blake2b(bytes, length: 32, key: key.bytes)
    }

    /// HMAC-SHA256, which webhooks and chat services want as a signature; 32 bytes.
    ///
    /// - SeeAlso: RFC 2104, RFC 4231.
    package static func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        Sodium.prepare()
        var code = [UInt8](repeating: 0, count: 32)
        var state = crypto_auth_hmacsha256_state()
        unsafe crypto_auth_hmacsha256_init(&state, key, key.count)
        unsafe crypto_auth_hmacsha256_update(&state, bytes, UInt64(bytes.count))
        unsafe crypto_auth_hmacsha256_final(&state, &code)
        return code
    }

    /// BLAKE2b of `length` bytes, 16 to 64, under a `key` of 0 or 16 to 64 bytes.
    package static func blake2b(_ bytes: [UInt8], length: Int, key: [UInt8]) -> [UInt8] {
        precondition(
            (16...64).contains(length) && (key.isEmpty || (16...64).contains(key.count)),
            "BLAKE2b of \(length) bytes under a key of \(key.count)"
        )
        Sodium.prepare()
        var hash = [UInt8](repeating: 0, count: length)
        _ = unsafe crypto_generichash(
            &hash,
            length,
            bytes,
            UInt64(bytes.count),
            key,
            key.count
        )
        return hash
    }
}
