// One machine's own pair of keys, so that something can be sealed to it alone.

internal import CSodium

/// The public half: who has it can seal letters that only the secret half opens.
package struct PublicIdentity: Hashable, Sendable {
    package static let length = 32

    let bytes: [UInt8]

    /// Reads what ``base64`` writes; `nil` if it is not that.
    package init?(base64 text: String) {
        guard let bytes = Base64.bytes(text), bytes.count == Self.length else { return nil }
        self.bytes = bytes
    }

    init(exactly bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var base64: String { Base64.text(bytes) }

    /// Seals `plain` so that only the holder of the secret half reads it; nobody learns by whom.
    ///
    /// - Returns: 48 bytes more than `plain`; `nil` if these bytes are no proper point.
    /// - SeeAlso: <https://doc.libsodium.org/public-key_cryptography/sealed_boxes>
    package func seal(_ plain: [UInt8]) -> [UInt8]? {
        Sodium.prepare()
        var sealed = [UInt8](repeating: 0, count: plain.count + Identity.overhead)
        let code = unsafe crypto_box_seal(&sealed, plain, UInt64(plain.count), bytes)
        return code == 0 ? sealed : nil
    }
}

/// Both halves, of one machine; the secret one never prints itself.
package struct Identity: Sendable {
    /// What sealing adds to a letter.
    package static let overhead = 48

    private let secret: SecretKey
    package let publicHalf: PublicIdentity

    package static func random() -> Identity { Identity(secret: .random()) }

    /// `secret`: As ``secretBase64`` wrote it down.
    package init(secret: SecretKey) {
        Sodium.prepare()
        var own = [UInt8](repeating: 0, count: PublicIdentity.length)
        _ = unsafe crypto_scalarmult_base(&own, secret.bytes)
        self.secret = secret
        publicHalf = PublicIdentity(exactly: own)
    }

    /// Write it only where the machine keeps its secrets.
    package var secretBase64: String { secret.base64 }

    /// What was sealed to this identity; `nil` if `sealed` is anything else.
    package func open(_ sealed: [UInt8]) -> [UInt8]? {
        guard sealed.count >= Self.overhead else { return nil }
        Sodium.prepare()
        var plain = [UInt8](repeating: 0, count: sealed.count - Self.overhead)
        let code = unsafe crypto_box_seal_open(
            &plain,
            sealed,
            UInt64(sealed.count),
            publicHalf.bytes,
            secret.bytes
        )
        return code == 0 ? plain : nil
    }
}

extension Identity: CustomStringConvertible, CustomReflectable {
    package var description: String { "(identity)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
