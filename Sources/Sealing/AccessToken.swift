// The text a program signs in with, made so that scanners can recognise a leaked one.

package import Vocabulary

/// `rota_`, 32 random characters, and a checksum of 6: 190 bits that nobody can guess.
///
/// Only ``digest`` is stored; the text is shown once.
package struct AccessToken: Equatable, Sendable {
    private static let prefix = "rota_"
    private static let secretLength = 32
    private static let checksumLength = 6
    private static let alphabet = Array(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8
    )

    package let text: String

    package static func generate() -> AccessToken {
        let secret = (0..<secretLength).map { _ in
            alphabet[Int(SecureRandom.number(below: UInt32(alphabet.count)))]
        }
        let head = prefix + String(decoding: secret, as: UTF8.self)
        return AccessToken(checked: head + checksum(of: head))
    }

    /// - Returns: `nil` if `text` has not the form of a token or was mistyped.
    package init?(_ text: String) {
        let length = Self.prefix.utf8.count + Self.secretLength + Self.checksumLength
        guard text.utf8.count == length, text.hasPrefix(Self.prefix),
            text.utf8.dropFirst(Self.prefix.utf8.count).allSatisfy(Self.alphabet.contains)
        else { return nil }
        let head = String(text.dropLast(Self.checksumLength))
        guard text == head + Self.checksum(of: head) else { return nil }
        self.init(checked: text)
    }

    private init(checked text: String) {
        self.text = text
    }

    /// What is stored and looked up; the text cannot be found from it.
    package var digest: Digest { Hashing.digest([UInt8](text.utf8)) }

    private static func checksum(of head: String) -> String {
        var rest = Hashing.digest([UInt8](head.utf8)).high
        let characters = (0..<checksumLength).map { _ in
            defer { rest /= UInt64(alphabet.count) }
            return alphabet[Int(rest % UInt64(alphabet.count))]
        }
        return String(decoding: characters, as: UTF8.self)
    }
}

extension AccessToken: CustomStringConvertible, CustomReflectable {
    package var description: String { "(access token)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
