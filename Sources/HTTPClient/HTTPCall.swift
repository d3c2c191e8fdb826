// What to send and what comes back, as plain values.

/// One request.
package struct HTTPCall: Sendable {
    package var method: String
    /// `http` or `https`; anything else is refused.
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// From the start to the last byte of the answer; `nil` for feeds, which have no end.
    package var timeout: Duration?
    /// Until the connection stands, with name look-up and encryption.
    package var connectTimeout: Duration
    /// How many redirects are followed; at 0 a redirect is an answer like any other.
    package var redirectLimit: Int
    /// The most bytes of an answer's body; for a feed, of the whole feed.
    package var maximumResponse: Int

    package init(
        method: String = "GET",
        url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        timeout: Duration? = .seconds(30),
        connectTimeout: Duration = .seconds(10),
        redirectLimit: Int = 0,
        maximumResponse: Int = 16 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.redirectLimit = redirectLimit
        self.maximumResponse = maximumResponse
    }
}

/// One answer, read whole.
package struct HTTPAnswer: Sendable {
    package let status: Int
    /// Names in lower case, in the order sent.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first header called `name`, in any case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name == wanted }?.value
    }
}

/// A piece of an answer that is read while it comes.
package enum HTTPStreamEvent: Sendable {
    /// Once, before any chunk; names in lower case.
    case head(status: Int, headers: [(name: String, value: String)])
    case chunk([UInt8])
}
