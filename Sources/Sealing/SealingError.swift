// What is wrong with a key that somebody wrote down; the key itself is never repeated.

/// A text that is no secret key.
package enum SealingError: Error, Equatable, Sendable {
    case notBase64
    case wrongLength(bytes: Int)
}

extension SealingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notBase64:
            "the secret key is not base64: write the 44 characters that"
                + " `openssl rand -base64 32` prints"
        case .wrongLength(let bytes):
            "the secret key has \(bytes) bytes, not \(SecretKey.length): write the 44 characters"
                + " that `openssl rand -base64 32` prints"
        }
    }
}
