// Requests to masters over the HTTP client.

internal import HTTPClient
internal import Synchronization
internal import Vocabulary

/// Reaches masters over HTTP.
package final class HTTPTransport: APITransport {
    private static let connectTimeout = Duration.seconds(5)
    /// Of an answer that refuses a feed.
    private static let refusalBytes = 1 << 20

    private let client = HTTPClient()

    package init() {}

    package func send(_ call: APICall) async throws(APITransportError) -> APIAnswer {
        do throws(HTTPClientError) {
            let answer = try await client.send(Self.translated(call))
            return APIAnswer(status: answer.status, headers: answer.headers, body: answer.body)
        } catch {
            throw Self.translated(error)
        }
    }

    package func stream(
        _ call: APICall,
        receive: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(APITransportError) -> APIAnswer {
        let refusal = Mutex(Refusal())
        var order = Self.translated(call)
        order.maximumResponse = .max
        do throws(HTTPClientError) {
            try await client.stream(order) { event in
                switch event {
                case .head(let status, let headers):
                    refusal.withLock { $0 = Refusal(status: status, headers: headers) }
                case .chunk(let bytes):
                    if refusal.withLock({ $0.take(bytes) }) == .isFeed { receive(bytes) }
                }
            }
        } catch {
            throw Self.translated(error)
        }
        return refusal.withLock { refusal in
            APIAnswer(status: refusal.status, headers: refusal.headers, body: refusal.body)
        }
    }

    /// What an answer says if it is not the feed that was asked for.
    private struct Refusal {
        enum Meaning { case isFeed, isRefusal }

        var status = 0
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []

        mutating func take(_ bytes: [UInt8]) -> Meaning {
            if (200..<300).contains(status) { return .isFeed }
            body += bytes.prefix(refusalBytes - body.count)
            return .isRefusal
        }
    }

    private static func translated(_ call: APICall) -> HTTPCall {
        HTTPCall(
            method: call.method,
            url: call.url,
            headers: call.headers,
            body: call.body,
            timeout: call.timeout,
            connectTimeout: connectTimeout,
            maximumResponse: 64 << 20
        )
    }

    private static func translated(_ error: HTTPClientError) -> APITransportError {
        let text = "\(error)"
        let lead = "\(error.url): "
        let reason = text.hasPrefix(lead) ? String(text.dropFirst(lead.count)) : text
        switch error.problem {
        case .malformedURL, .unsupportedScheme, .unsendable, .cannotResolve, .cannotConnect,
            .connectTimedOut, .forbiddenAddress, .notTrusted, .unusableCertificate:
            return .unreachable(reason)
        case .timedOut, .tooLarge, .tooManyRedirects, .broken, .cancelled:
            return .cut(reason)
        }
    }
}
