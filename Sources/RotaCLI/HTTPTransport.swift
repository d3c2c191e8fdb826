// Requests to masters over the HTTP client.

/// Reaches masters over HTTP.
package struct HTTPTransport: APITransport {
    package init() {}

    package func send(_ call: APICall) async throws(APITransportError) -> APIAnswer {
        throw .unreachable("there is no HTTP client yet")
    }

    package func stream(
        _ call: APICall,
        receive: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(APITransportError) -> APIAnswer {
        throw .unreachable("there is no HTTP client yet")
    }
}
