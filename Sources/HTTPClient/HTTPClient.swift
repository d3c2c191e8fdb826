// An HTTP client by libcurl: any number of requests at a time on one thread.

internal import Synchronization

/// Sends requests and keeps connections for the next ones.
///
/// One client is enough for a process; it owns one thread, from the first request on. `http_proxy`
/// and its kin in the environment are honoured, as by every program that uses curl.
package final class HTTPClient: Sendable {
    /// Starting libcurl starts OpenSSL: megabytes that a node without HTTP tasks never needs.
    private let started = Mutex<TransferLoop?>(nil)

    package init() {}

    deinit {
        started.withLock(\.self)?.stop()
    }

    private var loop: TransferLoop {
        started.withLock { started in
            let loop = started ?? TransferLoop()
            started = loop
            return loop
        }
    }

    /// Sends `call` and waits for the whole answer; any status is an answer.
    ///
    /// Cancelling the task ends the transfer at once.
    package func send(_ call: HTTPCall) async throws(HTTPClientError) -> HTTPAnswer {
        try await perform(call, receive: nil)
    }

    /// Sends `call` and hands its answer to `receive` piece by piece; returns at its end.
    ///
    /// `receive` runs on the client's thread, in order, and must be quick: while it works no
    /// other transfer goes on. Cancelling the task ends the transfer at once; a piece already on
    /// its way may still arrive.
    package func stream(
        _ call: HTTPCall,
        receive: @escaping @Sendable (HTTPStreamEvent) -> Void
    ) async throws(HTTPClientError) {
        _ = try await perform(call, receive: receive)
    }

    private func perform(
        _ call: HTTPCall,
        receive: (@Sendable (HTTPStreamEvent) -> Void)?
    ) async throws(HTTPClientError) -> HTTPAnswer {
        let loop = loop
        let url = try CheckedURL(call.url)
        try Self.check(call, url)
        let number = loop.number()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<_, Never>) in
                loop.start(
                    number,
                    TransferOrder(call: call, url: url, receive: receive) { outcome in
                        continuation.resume(returning: outcome)
                    }
                )
                // A task cancelled before this ran its handler when there was nothing to cancel.
                if Task.isCancelled { loop.cancel(number) }
            }
        } onCancel: {
            loop.cancel(number)
        }
        return try outcome.get()
    }

    /// Refuses what would let a value smuggle in a header or a second request.
    private static func check(_ call: HTTPCall, _ url: CheckedURL) throws(HTTPClientError) {
        func isLine(_ text: String) -> Bool {
            text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
        }
        guard !call.method.isEmpty, call.method.utf8.allSatisfy({ (0x41...0x5A).contains($0) })
        else { throw HTTPClientError(.unsendable("the method"), url: url.shown) }
        for (name, value) in call.headers {
            guard !name.isEmpty, isLine(value),
                name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x3A })
            else { throw HTTPClientError(.unsendable("a header"), url: url.shown) }
        }
    }
}
