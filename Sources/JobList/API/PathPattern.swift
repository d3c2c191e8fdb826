// Matching a path against a route's pattern.

internal import HTTPService

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
                let decoded = PercentCoding.decode(text)
                // A broken escape, or bytes that are no UTF-8: no name holds either.
                guard !decoded.contains("%"), !decoded.contains("\u{FFFD}") else { return nil }
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
