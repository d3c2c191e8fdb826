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

    /// What was sealed, or `nil` if any of the four arguments is not what ``seal`` was given.
    ///
    /// Any bytes may come in, of any length.
    package static func open(
        _ sealed: [UInt8],
        nonce: [UInt8],
        additional: [UInt8],
        key: SecretKey
    ) -> [UInt8]? {
        guard nonce.count == nonceLength, sealed.count >= tagLength else { return nil }
        Sodium.prepare()
        var plain = [UInt8](repeating: 0, count: sealed.count - tagLength)
        var length: UInt64 = 0
        let code = unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
            &plain,
            &length,
            nil,
            sealed,
            UInt64(sealed.count),
            additional,
            UInt64(additional.count),
            nonce,
            key.bytes
        )
        return code == 0 ? plain : nil
    }
}
