// A URL as curl understands it, checked before anything is sent.

internal import CCurl

/// The parts of a URL that matter before sending.
struct CheckedURL {
    /// For messages: without user, password, query and fragment.
    let shown: String
    let host: String

    init(_ text: String) throws(HTTPClientError) {
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw HTTPClientError(.malformedURL, url: Self.withoutSecrets(text))
        }
        guard let parser = unsafe curl_url() else { preconditionFailure("out of memory") }
        defer { unsafe curl_url_cleanup(parser) }
        let flags = UInt32(CURLU_NON_SUPPORT_SCHEME)
        guard unsafe curl_url_set(parser, CURLUPART_URL, text, flags) == CURLUE_OK,
            let scheme = unsafe Self.part(CURLUPART_SCHEME, of: parser),
            let host = unsafe Self.part(CURLUPART_HOST, of: parser), !host.isEmpty
        else { throw HTTPClientError(.malformedURL, url: Self.withoutSecrets(text)) }
        for secret in [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT] {
            unsafe curl_url_set(parser, secret, nil, 0)
        }
        shown = unsafe Self.part(CURLUPART_URL, of: parser) ?? "\(scheme)://\(host)"
        self.host = host
        guard ["http", "https"].contains(scheme) else {
            throw HTTPClientError(.unsupportedScheme(scheme), url: shown)
        }
    }

    private static func part(_ part: CURLUPart, of parser: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(parser, part, &text, 0) == CURLUE_OK,
            let found = unsafe text
        else { return nil }
        defer { unsafe curl_free(found) }
        return unsafe String(cString: found)
    }

    /// What can be shown of a text that is no URL: nothing before an `@` or behind a `?` or `#`.
    private static func withoutSecrets(_ text: String) -> String {
        let start = text.lastIndex(of: "@").map { text.index(after: $0) } ?? text.startIndex
        let shown = text[start...].prefix { $0 != "?" && $0 != "#" }.prefix(200)
        return String(shown.map { $0.isWhitespace || !$0.isASCII ? "·" : $0 })
    }
}
