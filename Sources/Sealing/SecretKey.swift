// A key for sealing and deriving: 32 bytes that never print themselves.

internal import Vocabulary

/// 32 secret bytes.
package struct SecretKey: Sendable {
    package static let length = 32

    let bytes: [UInt8]

    /// - Returns: `nil` unless `bytes` are exactly 32.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.length else { return nil }
        self.bytes = bytes
    }

    init(exactly bytes: [UInt8]) {
        precondition(bytes.count == Self.length, "a key of \(bytes.count) bytes")
        self.bytes = bytes
    }

    package static func random() -> SecretKey {
        SecretKey(exactly: SecureRandom.bytes(length))
    }

    /// Reads what ``base64`` writes; white space around it, as in a file, does not matter.
    package init(base64 text: String) throws(SealingError) {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        let start = text.drop(while: isSpace)
        let end = start.lastIndex { !$0.isWhitespace }.map(start.index(after:))
        guard let end, let bytes = Base64.bytes(String(start[..<end])) else {
            throw .notBase64
        }
        guard let key = SecretKey(bytes: bytes) else { throw .wrongLength(bytes: bytes.count) }
        self = key
    }

    /// 44 characters of base64 with padding.
    ///
    /// Write them only where the key is kept.
    package var base64: String { Base64.text(bytes) }

    /// 16 hexadecimal digits by which people compare keys; the key cannot be found from them.
    package var fingerprint: String {
        let code = Hashing.digest(Hashing.derive(self, purpose: "fingerprint").bytes)
        return String(code.description.prefix(16))
    }
}

extension SecretKey: Equatable {
    /// In constant time.
    package static func == (lhs: Self, rhs: Self) -> Bool {
        Hashing.areEqual(lhs.bytes, rhs.bytes)
    }
}

extension SecretKey: CustomStringConvertible, CustomReflectable {
    package var description: String { "(secret key)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
