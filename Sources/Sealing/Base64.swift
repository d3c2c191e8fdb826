// Base64 by libsodium, whose time does not depend on what it reads.

internal import CSodium

/// Base64 with padding, RFC 4648 section 4.
package enum Base64 {
    package static func text(_ bytes: [UInt8]) -> String {
        Sodium.prepare()
        // `length` counts the NUL that C wants at the end.
        let length = sodium_base64_encoded_len(bytes.count, sodium_base64_VARIANT_ORIGINAL)
        var characters = [CChar](repeating: 0, count: length)
        unsafe sodium_bin2base64(
            &characters,
            length,
            bytes,
            bytes.count,
            sodium_base64_VARIANT_ORIGINAL
        )
        return String(decoding: characters.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// - Returns: `nil` if `text` is not base64 from its first to its last character.
    package static func bytes(_ text: String) -> [UInt8]? {
        Sodium.prepare()
        let characters = [UInt8](text.utf8)
        // libsodium 1.0.18 takes bytes from 0x80 on for letters where `char` is signed.
        guard characters.allSatisfy({ $0 < 0x80 }) else { return nil }
        var bytes = [UInt8](repeating: 0, count: characters.count / 4 * 3 + 3)
        let capacity = bytes.count
        var length = 0
        let code = unsafe characters.withUnsafeBytes { source in
            unsafe sodium_base642bin(
                &bytes,
                capacity,
                source.baseAddress?.assumingMemoryBound(to: CChar.self),
                source.count,
                nil,
                &length,
                nil,
                sodium_base64_VARIANT_ORIGINAL
            )
        }
        guard code == 0, length <= capacity else { return nil }
        return Array(bytes[..<length])
    }
}
