// Requests and responses as plain values.

/// One request, read whole.
package struct HTTPRequest: Sendable {
    package let method: String
    /// Percent-encoded, without the query, as sent.
    package let path: String
    /// Decoded, in the order sent.
    package let query: [(name: String, value: String)]
    /// Names in lower case.
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]
    /// The peer's address, without a port.
    package let peer: String

    package init(
        method: String,
        path: String,
        query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        peer: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.peer = peer
    }

    /// The first header called `name`, in any case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name == wanted }?.value
    }

    /// The first query parameter called `name`.
    package func parameter(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }
}

/// One response.
package struct HTTPResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: HTTPBody

    package init(
        status: Int,
        headers: [(name: String, value: String)] = [],
        body: HTTPBody = .bytes([])
    ) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A response's body.
package enum HTTPBody: Sendable {
    case bytes([UInt8])
    /// Sent chunk by chunk as they come; a feed that may last for days.
    case stream(any HTTPBodyStream)
}

/// A body that is produced while it is sent.
package protocol HTTPBodyStream: Sendable {
    /// The next chunk, or `nil` at the end. Asked again only after the chunk was sent.
    ///
    /// - Throws: If what was sent is not all there is: the connection is cut, so that no reader
    ///   takes it for the whole. The error itself goes nowhere.
    func next() async throws -> [UInt8]?
    /// The reader is gone; `next` is not asked again. May be called while `next` is suspended.
    func cancel()
}
