// HTTP tasks: one request, whose answer is the run's output.

package import HTTPClient
internal import LogSink
internal import Platform
internal import Synchronization
internal import Vocabulary

/// What HTTP tasks need of the world.
package protocol HTTPSending: Sendable {
    func send(_ call: HTTPCall) async throws(HTTPClientError) -> HTTPAnswer
    func stream(
        _ call: HTTPCall,
        receive: @escaping @Sendable (HTTPStreamEvent) -> Void
    ) async throws(HTTPClientError)
}

extension HTTPClient: HTTPSending {}

/// A request under way.
///
/// TERM cancels it; KILL gives it up, whether or not the client has noticed.
final class HTTPRunner: RunningTask {
    private struct State {
        var request: Task<Void, Never>?
        var status: Int?
        var isOver = false
    }

    private let loop: EventLoop
    private let receive: TaskReceiver
    private let state = Mutex(State())

    /// Sends the request of `task`; its events come after this has returned.
    init(
        _ task: HTTPTask,
        for order: RunOrder,
        through http: any HTTPSending,
        on loop: EventLoop,
        receive: @escaping TaskReceiver
    ) {
        self.loop = loop
        self.receive = receive
        let call = Self.call(task, for: order)
        let request = Task { [self] in
            do throws(HTTPClientError) {
                try await http.stream(call) { event in
                    loop.call { self.take(event) }
                }
                loop.call { self.finish(nil) }
            } catch {
                loop.call { self.finish("\(error)") }
            }
        }
        state.withLock { $0.request = request }
    }

    var processID: Int32? { nil }

    func end(_ signal: EndSignal) {
        state.withLock { $0.request }?.cancel()
        // Not from within the call: the keeper is in the middle of its actions.
        if signal == .kill { loop.call { self.finish("the request was given up") } }
    }

    func isGone(in look: ProcessLook) -> Bool { state.withLock { $0.isOver } }
    func pauseOutput() {}
    func resumeOutput() {}
    func closeOutput() {}

    func release() {
        state.withLock { state in
            state.isOver = true
            state.request?.cancel()
            state.request = nil
        }
    }

    private static func call(_ task: HTTPTask, for order: RunOrder) -> HTTPCall {
        // Only a request without effects is sent on to where a redirection points.
        let isSafe = ["GET", "HEAD"].contains(task.method.uppercased())
        return HTTPCall(
            method: task.method,
            url: task.url,
            headers: TaskVariables.headers(for: order, task: task),
            body: Array((task.body ?? "").utf8),
            // The run's own timeout comes first; this one ends what did not hear of it.
            timeout: order.spec.timeout.map { $0 + order.spec.killGrace },
            connectTimeout: .seconds(10),
            redirectLimit: isSafe ? 5 : 0,
            maximumResponse: 1 << 40
        )
    }

    private func take(_ event: HTTPStreamEvent) {
        switch event {
        case .head(let status, headers: _):
            state.withLock { $0.status = status }
        case .chunk(let bytes):
            if !state.withLock({ $0.isOver }) { receive(.output(.out, bytes)) }
        }
    }

    /// Ends the task, once: with the answer's status, or because of `failure`.
    private func finish(_ failure: String?) {
        let status: Int?? = state.withLock { state in
            guard !state.isOver else { return nil }
            state.isOver = true
            return .some(state.status)
        }
        guard let status else { return }
        receive(.outputClosed)
        switch (failure, status) {
        case (nil, let status?): receive(.ended(.exit(.httpStatus(status))))
        case (nil, nil): receive(.ended(.failed("the answer had no status")))
        case (let failure?, nil): receive(.ended(.failed(failure)))
        case (let failure?, let status?):
            receive(.ended(.failed("HTTP \(status), but the answer broke off: \(failure)")))
        }
    }
}
