// Matching a path against a route's pattern.

/// A pattern such as `/v1/jobs/{name}:pause`.
package struct PathPattern: Sendable {
    private let segments: [Substring]
    private let verb: Substring

    package init(_ text: String) {
        (segments, verb) = Self.split(text)
    }

    /// The captured segments, percent-decoded, or `nil` if `path` does not fit.
    ///
    /// `path`: As sent, percent-encoded: an encoded slash stays inside its segment.
    package func match(_ path: String) -> [String: String]? {
        let (theirs, theirVerb) = Self.split(path)
        guard theirs.count == segments.count, theirVerb == verb else { return nil }
        var captures: [String: String] = [:]
        for (pattern, text) in zip(segments, theirs) {
            if pattern.hasPrefix("{") {
                guard let decoded = PercentCoding.decode(text), !decoded.isEmpty else { return nil }
                captures[String(pattern.dropFirst().dropLast())] = decoded
            } else if pattern != text {
                return nil
            }
        }
        return captures
    }

    /// The segments, and the verb behind the last colon of the last one.
    private static func split(_ path: String) -> (segments: [Substring], verb: Substring) {
        var segments = path.split(separator: "/", omittingEmptySubsequences: true)
        guard let last = segments.last, let colon = last.lastIndex(of: ":") else {
            return (segments, "")
        }
        segments[segments.count - 1] = last[..<colon]
        return (segments, last[last.index(after: colon)...])
    }
}

/// RFC 3986, section 2.1.
package enum PercentCoding {
    /// The decoded text, or `nil` for a broken escape or bytes that are no UTF-8.
    package static func decode(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// `text` with everything but unreserved characters escaped.
    package static func encode(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case _:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
