// One request and its answer, from the first header to the last byte.

internal import CMicroHTTPD
internal import Synchronization

/// What the daemon's callbacks, the handler's task and the stopping server share of one request.
final class Exchange: Sendable {
    private enum Phase {
        case reading
        /// The body is too long; this many bytes of it were dropped so far.
        case discarding(Int)
        /// The handler works and the connection is suspended.
        case handling
        case answered(HTTPResponse)
        case sending
        case feeding(Feed, watch: DisconnectWatcher.Number)
        /// Whatever comes now is too late.
        case over
    }

    private struct State {
        var phase = Phase.reading
        var body: [UInt8] = []
    }

    /// A body up to this many times the limit is read to its end and dropped, so that the sender
    /// gets to read the answer and may use the connection again.
    private static let patience = 16

    private let service: Service
    private let connection: ConnectionHandle
    private let head: HTTPRequest
    private let state = Mutex(State())

    init(_ head: HTTPRequest, on connection: ConnectionHandle, of service: Service) {
        self.service = service
        self.connection = connection
        self.head = head
    }

    private var limit: Int { service.settings.maximumBody }

    // MARK: Called by the daemon, on its thread

    /// The headers are there.
    func begin() -> MHD_Result {
        guard connection.headerSize <= service.settings.maximumHeader else {
            return send(.headerTooLarge(limit: service.settings.maximumHeader))
        }
        guard let length = head.header("content-length").map({ Int($0) ?? .max }), length > limit
        else { return .YES }
        // Whoever waits for 100 sends no body after this answer; a giant one is not worth reading.
        let waits = head.header("expect")?.lowercased() == "100-continue"
        if waits || length / Self.patience > limit { return send(.bodyTooLarge(limit: limit)) }
        state.withLock { $0.phase = .discarding(0) }
        return .YES
    }

    /// A piece of the body is there.
    func receive(_ bytes: UnsafeRawBufferPointer) -> MHD_Result {
        state.withLock { state in
            switch state.phase {
            case .reading where state.body.count + bytes.count <= limit:
                unsafe state.body.append(contentsOf: bytes)
                return .YES
            case .reading:
                state.phase = .discarding(state.body.count + bytes.count)
                state.body = []
                return .YES
            case .discarding(let dropped) where dropped / Self.patience <= limit:
                state.phase = .discarding(dropped + bytes.count)
                return .YES
            case .sending: return .YES
            case .discarding, .handling, .answered, .feeding, .over: return .NO
            }
        }
    }

    /// The request is complete, or its handler has answered.
    func proceed() -> MHD_Result {
        enum Step {
            case handle(body: [UInt8])
            case send(HTTPResponse)
            case result(MHD_Result)
        }
        let step: Step = state.withLock { state in
            switch state.phase {
            case .reading:
                // Under the lock, so that whoever sees `.handling` finds it suspended.
                connection.suspend()
                state.phase = .handling
                defer { state.body = [] }
                return .handle(body: state.body)
            case .discarding: return .send(.bodyTooLarge(limit: limit))
            case .answered(let response): return .send(response)
            case .handling, .sending, .feeding: return .result(.YES)
            case .over: return .result(.NO)
            }
        }
        switch step {
        case .handle(let body):
            let request = head.with(body: body)
            Task { take(await service.handler(request)) }
            return .YES
        case .send(let response): return send(response)
        case .result(let result): return result
        }
    }

    /// The answer was sent or the connection is lost.
    func complete() {
        let last = state.withLock { state in
            defer { state.phase = .over }
            return state.phase
        }
        switch last {
        case .feeding(let feed, let number):
            service.watcher.unwatch(number)
            feed.close(.readerGone)
        case .answered(let response): response.body.cancel()
        case .reading, .discarding, .handling, .sending, .over: break
        }
    }

    // MARK: Called from anywhere

    private func take(_ response: HTTPResponse) {
        let isWanted = state.withLock { state in
            guard case .handling = state.phase else { return false }
            state.phase = .answered(response)
            connection.resume()
            return true
        }
        if !isWanted { response.body.cancel() }
    }

    /// The server stops: a feed gets its end, a handler may still answer.
    func wind() {
        let phase = state.withLock { $0.phase }
        if case .feeding(let feed, _) = phase { feed.close(.stopping) }
    }

    /// The server's patience is over: no suspension is left behind, and none begins.
    func abandon() {
        let last = state.withLock { state in
            let last = state.phase
            switch last {
            case .handling:
                state.phase = .over
                connection.resume()
            case .reading, .discarding, .answered: state.phase = .over
            case .sending, .feeding, .over: break
            }
            return last
        }
        switch last {
        case .feeding(let feed, _): feed.close(.readerGone)
        case .answered(let response): response.body.cancel()
        case .reading, .discarding, .handling, .sending, .over: break
        }
    }

    // MARK: Sending

    private func send(_ answer: HTTPResponse) -> MHD_Result {
        let response = answer.isSendable ? answer : .unsendable
        if !answer.isSendable { answer.body.cancel() }
        switch response.body {
        case .bytes(let bytes):
            state.withLock { $0.phase = .sending }
            guard let native = NativeResponse(bytes: bytes) else { return .NO }
            return queue(native, response)
        case .stream(let stream) where head.method == "HEAD":
            // The daemon sends no body, so it would never ask for one.
            state.withLock { $0.phase = .sending }
            stream.cancel()
            guard let native = NativeResponse(bytes: []) else { return .NO }
            return queue(native, response)
        case .stream(let stream):
            let feed = Feed(stream, on: connection)
            let number = service.watcher.watch(connection.descriptor) { [weak feed] in
                feed?.close(.readerGone)
            }
            state.withLock { $0.phase = .feeding(feed, watch: number) }
            if service.isStopping { feed.close(.stopping) }
            guard let native = NativeResponse(feed: feed) else { return .NO }
            return queue(native, response)
        }
    }

    private func queue(_ native: borrowing NativeResponse, _ response: HTTPResponse) -> MHD_Result {
        // The daemon writes these itself; two of them would let two readers see two messages.
        let ours: Set = ["content-length", "transfer-encoding", "connection", "date"]
        for (name, value) in response.headers where !ours.contains(name.lowercased()) {
            guard native.add(name, value) else { return .NO }
        }
        return connection.queue(native, status: response.status) ? .YES : .NO
    }
}

extension HTTPBody {
    /// Tells a stream that nobody will read it.
    fileprivate func cancel() {
        if case .stream(let stream) = self { stream.cancel() }
    }
}

extension HTTPRequest {
    fileprivate func with(body: [UInt8]) -> Self {
        Self(
            method: method,
            path: path,
            query: query,
            headers: headers,
            body: body,
            peer: peer
        )
    }
}

extension HTTPResponse {
    fileprivate static func bodyTooLarge(limit: Int) -> Self {
        problem(413, "too-large", "The body is too large", "At most \(limit) bytes are taken.")
    }

    fileprivate static func headerTooLarge(limit: Int) -> Self {
        problem(431, "too-large", "The headers are too large", "At most \(limit) bytes are taken.")
    }

    /// Said instead of an answer that would let its header smuggle in another one.
    fileprivate static let unsendable = problem(
        500,
        "internal",
        "The answer cannot be sent",
        "A header of it holds a character that HTTP does not allow."
    )

    /// Whether every header is one line of text under a name, and the status one of HTTP's.
    ///
    /// - SeeAlso: RFC 9110, sections 5.1 and 5.5.
    fileprivate var isSendable: Bool {
        (200...599).contains(status)
            && headers.allSatisfy { name, value in
                !name.isEmpty && name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x3A }
                    && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
            }
    }

    /// - SeeAlso: RFC 9457.
    private static func problem(
        _ status: Int,
        _ type: String,
        _ title: String,
        _ detail: String
    ) -> Self {
        let body = #"{"type":"/problems/\#(type)","title":"\#(title)","status":\#(status),"#
            + #""detail":"\#(detail)"}"#
        return Self(
            status: status,
            headers: [("Content-Type", "application/problem+json")],
            body: .bytes([UInt8](body.utf8))
        )
    }
}
