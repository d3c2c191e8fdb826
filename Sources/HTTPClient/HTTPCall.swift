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
    /// Whom to trust and who to be on an encrypted connection.
    package var identity: HTTPIdentity
    package var proxy: ProxyChoice
    /// Which addresses may be reached, as they come from the resolver; `nil`: any.
    package var addresses: AddressRule?
    /// Holds up the answer's body while it is closed.
    package var valve: TransferValve?

    package init(
        method: String = "GET",
        url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        timeout: Duration? = .seconds(30),
        connectTimeout: Duration = .seconds(10),
        redirectLimit: Int = 0,
        maximumResponse: Int = 16 << 20,
        identity: HTTPIdentity = HTTPIdentity(),
        proxy: ProxyChoice = .environment
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.redirectLimit = redirectLimit
        self.maximumResponse = maximumResponse
        self.identity = identity
        self.proxy = proxy
    }
}

/// The files behind an encrypted connection, all PEM; a connection is shared by equal ones only.
package struct HTTPIdentity: Hashable, Sendable {
    /// The authorities whose servers are trusted; `nil`: the system's.
    package var authorities: String?
    /// The certificate that a server asks its clients for.
    package var certificate: String?
    /// The certificate's private key; `nil`: it is in the same file.
    package var key: String?

    package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}

/// Whether a request may take a way round.
package enum ProxyChoice: Sendable {
    /// As `http_proxy` and its kin say.
    case environment
    case none
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
