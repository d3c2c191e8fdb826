// Where a redirect leads, seen from where it came.

internal import CCurl

/// The target of a `Location` header.
package struct Redirect: Equatable, Sendable {
    /// Absolute.
    package let url: String
    /// Scheme, host and port are those of the request.
    package let isSameOrigin: Bool
    /// From encrypted to plain.
    package let isDowngrade: Bool

    /// - Parameters:
    ///   - location: Absolute, or relative to `url`.
    ///   - url: Where the request went.
    /// - SeeAlso: RFC 3986, section 5.2.
    package init?(location: String, from url: String) {
        guard let parser = unsafe curl_url() else { return nil }
        defer { unsafe curl_url_cleanup(parser) }
        guard unsafe curl_url_set(parser, CURLUPART_URL, url, 0) == CURLUE_OK,
            let from = unsafe Self.origin(of: parser),
            unsafe curl_url_set(parser, CURLUPART_URL, location, 0) == CURLUE_OK,
            let to = unsafe Self.origin(of: parser),
            let target = unsafe Self.part(CURLUPART_URL, of: parser)
        else { return nil }
        self.url = target
        isSameOrigin = from == to
        isDowngrade = from.hasPrefix("https:") && !to.hasPrefix("https:")
    }

    /// Scheme, host and port, in lower case.
    private static func origin(of parser: OpaquePointer) -> String? {
        let flags = UInt32(CURLU_DEFAULT_PORT)
        guard let scheme = unsafe part(CURLUPART_SCHEME, of: parser),
            let host = unsafe part(CURLUPART_HOST, of: parser),
            let port = unsafe part(CURLUPART_PORT, of: parser, flags)
        else { return nil }
        return "\(scheme)://\(host):\(port)".lowercased()
    }

    private static func part(
        _ part: CURLUPart,
        of parser: OpaquePointer,
        _ flags: UInt32 = 0
    ) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(parser, part, &text, flags) == CURLUE_OK,
            let found = unsafe text
        else { return nil }
        defer { unsafe curl_free(found) }
        return unsafe String(cString: found)
    }
}
