// Sealing: nobody without the key can read a message, or change it unnoticed.

internal import CSodium

/// XChaCha20-Poly1305 as the IETF draft has it.
///
/// - SeeAlso: draft-irtf-cfrg-xchacha-03.
package enum Sealer {
    package static let nonceLength = 24
    /// What sealing adds to the length of a message.
    package static let tagLength = 16

    /// Encrypts and authenticates `plain`, and authenticates `additional`.
    ///
    /// - Parameters:
    ///   - plain: Of any length, also none.
    ///   - nonce: 24 bytes, never used twice with one key; random ones are safe.
    ///   - additional: What travels in the clear and must not be changed, such as a header.
    ///   - key: What opens it again.
    /// - Returns: 16 bytes more than `plain`.
    package static func seal(
        _ plain: [UInt8],
        nonce: [UInt8],
        additional: [UInt8],
        key: SecretKey
    ) -> [UInt8] {
        precondition(nonce.count == nonceLength, "a nonce of \(nonce.count) bytes")
        Sodium.prepare()
        var sealed = [UInt8](repeating: 0, count: plain.count + tagLength)
        var length: UInt64 = 0
        _ = unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
            &sealed,
            &length,
            plain,
            UInt64(plain.count),
            additional,
            UInt64(additional.count),
            nil,
            nonce,
            key.bytes
        )
        return sealed
    }

    /// `header` and behind it what ``seal(_:nonce:additional:key:)`` answers, in one piece.
    package static func seal(
        _ plain: [UInt8],
        behind header: [UInt8],
        nonce: [UInt8],
        additional: [UInt8],
        key: SecretKey
    ) -> [UInt8] {
        precondition(nonce.count == nonceLength, "a nonce of \(nonce.count) bytes")
        Sodium.prepare()
        let length = header.count + plain.count + tagLength
        return unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            // Never empty: there is room for a tag at least.
            guard let start = buffer.baseAddress else { return }
            _ = unsafe buffer.update(fromContentsOf: header)
            _ = unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
                start + header.count,
                nil,
                plain,
                UInt64(plain.count),
                additional,
                UInt64(additional.count),
                nil,
                nonce,
                key.bytes
            )
            count = length
        }
    }

    /// What was sealed, or `nil` if any of the four arguments is not what ``seal`` was given.
    ///
    /// Any bytes may come in, of any length.
    package static func open(
        _ sealed: [UInt8],
        nonce: [UInt8],
        additional: [UInt8],
        key: SecretKey
    ) -> [UInt8]? {
        open(sealed[...], nonce: nonce, additional: additional, key: key)
    }

    /// The same for a part of a longer message.
    package static func open(
        _ sealed: ArraySlice<UInt8>,
        nonce: [UInt8],
        additional: [UInt8],
        key: SecretKey
    ) -> [UInt8]? {
        guard nonce.count == nonceLength, sealed.count >= tagLength else { return nil }
        Sodium.prepare()
        var plain = [UInt8](repeating: 0, count: sealed.count - tagLength)
        let code = unsafe sealed.withUnsafeBufferPointer { sealed in
            guard let start = sealed.baseAddress else { return Int32(-1) }
            return unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
                &plain,
                nil,
                nil,
                start,
                UInt64(sealed.count),
                additional,
                UInt64(additional.count),
                nonce,
                key.bytes
            )
        }
        return code == 0 ? plain : nil
    }
}
