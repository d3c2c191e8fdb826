// Sends HTTP requests.

/// One request.
package struct HTTPCall: Sendable {
    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    package var timeout: Duration?
    package var connectTimeout: Duration
    package var redirectLimit: Int
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
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A piece of an answer.
package enum HTTPStreamEvent: Sendable {
    case head(status: Int, headers: [(name: String, value: String)])
    case chunk([UInt8])
}

/// A request without an answer.
package struct HTTPClientError: Error, Equatable, Sendable {
    package enum Problem: Equatable, Sendable {
        case broken(String)
        case cancelled
    }

    package let url: String
    package let problem: Problem

    package init(_ problem: Problem, url: String) {
        self.problem = problem
        self.url = url
    }
}

/// Sends requests.
package final class HTTPClient: Sendable {
    package init() {}

    package func send(_ call: HTTPCall) async throws(HTTPClientError) -> HTTPAnswer {
        throw HTTPClientError(.broken("this build has no HTTP client"), url: call.url)
    }

    package func stream(
        _ call: HTTPCall,
        receive: @escaping @Sendable (HTTPStreamEvent) -> Void
    ) async throws(HTTPClientError) {
        throw HTTPClientError(.broken("this build has no HTTP client"), url: call.url)
    }
}
