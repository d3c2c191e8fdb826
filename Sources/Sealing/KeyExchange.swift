// Agreeing on a secret that is gone when both sides have forgotten it.

internal import CSodium

/// One side of a Diffie-Hellman exchange on Curve25519, for one connection only.
///
/// - SeeAlso: RFC 7748.
package struct EphemeralKey: Sendable {
    package static let length = 32

    private let secret: [UInt8]
    /// What the other side is told.
    package let publicBytes: [UInt8]

    /// A new one, by the kernel's chance.
    package init() {
        secret = SecureRandom.bytes(Self.length)
        var own = [UInt8](repeating: 0, count: Self.length)
        _ = unsafe crypto_scalarmult_base(&own, secret)
        publicBytes = own
    }

    /// 32 secret bytes that only the two sides have; to be hashed before use.
    ///
    /// - Returns: `nil` if `theirs` is no proper point, whose secret anybody could know.
    package func shared(with theirs: [UInt8]) -> [UInt8]? {
        guard theirs.count == Self.length else { return nil }
        var shared = [UInt8](repeating: 0, count: Self.length)
        return unsafe crypto_scalarmult(&shared, secret, theirs) == 0 ? shared : nil
    }
}

extension EphemeralKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "(ephemeral key)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
