// What a job asks of an HTTP server.

/// One HTTP request; its response body is the run's output.
///
/// The texts are ``TaskTemplate``s: the URL from its path on, the headers' values, the body, and
/// the credentials. Secrets may stand in all of these but the URL.
package struct HTTPTask: Hashable, Sendable {
    package var url: String
    package var method = "GET"
    package var headers: [String: String] = [:]
    package var body: String?
    package var credentials: HTTPCredentials?
    package var files = HTTPFiles()
    /// How many redirects are followed; `nil`: 5 for GET and HEAD, none for others.
    package var redirectLimit: Int?
    /// Until the connection stands, with name look-up and encryption.
    package var connectTimeout = HTTPTask.standardConnectTimeout
    /// Status codes that count as success; empty: 200 to 299.
    package var expectedStatus: [ClosedRange<Int>] = []
    /// A ``BytePattern`` that the answer's first MiB must contain.
    package var expectedBody: String?
    /// Whether a 202 only begins the work, which a call to `Rota-Callback` ends.
    package var isAsynchronous = false

    package static let standardConnectTimeout = Duration.seconds(10)

    package init(url: String) {
        self.url = url
    }
}

/// Who a request is from.
package enum HTTPCredentials: Hashable, Sendable {
    case basic(user: String, password: String)
    case bearer(token: String)
}

/// Files on the node for encrypted connections, all PEM; `nil`: the system's, or none.
package struct HTTPFiles: Hashable, Sendable {
    /// The authorities whose servers are trusted.
    package var authorities: String?
    /// The certificate to show, and its key.
    package var certificate: String?
    package var key: String?

    package init() {}
}
