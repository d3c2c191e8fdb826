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

/// A request under way, or the work that it has begun elsewhere.
///
/// TERM cancels it; KILL gives it up, whether or not the client has noticed. Of work elsewhere TERM
/// tells the server that does it, if that has said where to.
final class HTTPRunner: RunningTask {
    private struct State {
        var request: Task<Void, Never>?
        var status: Int?
        var location: String?
        /// The answer's beginning, for a pattern to be looked for in.
        var head: [UInt8] = []
        var bodyBytes = 0
        var lastByte: UInt8 = 0x0A
        /// Bytes that are on their way to the loop.
        var pending = 0
        var isPaused = false
        /// A 202 has come, and the run goes on elsewhere.
        var waiting: HTTPPlan?
        /// What a callback said before the answer was complete.
        var early: CallbackOutcome?
        var isOver = false
    }

    private static let headLimit = 1 << 20
    private static let pendingLimit = 256 << 10

    private let loop: EventLoop
    private let receive: TaskReceiver
    private let http: any HTTPSending
    private let task: HTTPTask
    private let callback: CallbackAddress?
    private let valve = TransferValve()
    private let state = Mutex(State())

    /// Sends the request of `task`, with `values` in its templates; its events come after this has
    /// returned.
    ///
    /// `callback` is where the end of asynchronous work is told; such tasks need one. `addresses`
    /// says what the node's owner lets tasks reach.
    init(
        _ task: HTTPTask,
        for order: RunOrder,
        values: [String: String],
        callback: CallbackAddress? = nil,
        addresses: AddressRule = AddressRule(),
        through http: any HTTPSending,
        on loop: EventLoop,
        receive: @escaping TaskReceiver
    ) {
        self.loop = loop
        self.receive = receive
        self.http = http
        self.task = task
        self.callback = task.isAsynchronous ? callback : nil
        guard !task.isAsynchronous || callback != nil else {
            let why = "this node has no address that the end of asynchronous work can be told to"
            loop.call { self.finish(.failed(why)) }
            return
        }
        do throws(TaskTemplate.Flaw) {
            let plan = try HTTPPlan(
                task,
                for: order,
                values: values,
                callback: self.callback?.url,
                addresses: addresses
            )
            let request = Task { [self] in
                let ending = await perform(plan)
                if let ending { loop.call { self.finish(ending) } }
            }
            state.withLock { $0.request = request }
        } catch {
            let why = error.detail
            loop.call { self.finish(.failed(why)) }
        }
    }

    var processID: Int32? { nil }

    func end(_ signal: EndSignal, in look: ProcessLook) {
        let (request, plan, location) = state.withLock { ($0.request, $0.waiting, $0.location) }
        request?.cancel()
        if signal == .terminate, let plan {
            endElsewhere(plan, location)
        }
        // Not from within the call: the keeper is in the middle of its actions.
        if signal == .kill { loop.call { self.finish(.failed("the request was given up")) } }
    }

    func isGone(in look: ProcessLook) -> Bool { state.withLock { $0.isOver } }

    func pauseOutput() {
        state.withLock { $0.isPaused = true }
        valve.close()
    }

    func resumeOutput() {
        let isFull = state.withLock { state in
            state.isPaused = false
            return state.pending > Self.pendingLimit
        }
        if !isFull { valve.open() }
    }

    func closeOutput() {}

    func release() {
        state.withLock { state in
            state.isOver = true
            state.request?.cancel()
            state.request = nil
            state.waiting = nil
            state.head = []
        }
        valve.open()
    }

    /// Somebody says that the work is over; `false` if that is not who was asked to.
    ///
    /// Only the first word counts; later ones are taken and change nothing.
    func callback(token: String, outcome: CallbackOutcome) -> Bool {
        guard let callback, callback.isToken(token) else { return false }
        let isWaiting = state.withLock { state in
            if state.waiting == nil, state.early == nil { state.early = outcome }
            return state.waiting != nil
        }
        if isWaiting { loop.call { self.finish(self.ending(by: outcome)) } }
        return true
    }
}

// MARK: The request

extension HTTPRunner {
    /// Makes one request after the other; answers how the task ended, or `nil` if it goes on.
    private func perform(_ first: HTTPPlan) async -> RunMachine.Ending? {
        var plan = first
        let start = SystemClock.monotonic
        while true {
            var call = plan.call
            call.valve = valve
            state.withLock { ($0.status, $0.location) = (nil, nil) }
            do throws(HTTPClientError) {
                let rules = plan
                try await http.stream(call) { self.take($0, rules) }
            } catch {
                return broken(error)
            }
            let (status, location) = state.withLock { ($0.status, $0.location) }
            guard let status else { return .failed("the answer had no status") }
            guard plan.isRedirected(status, location), let location else {
                return await judge(status, plan, since: start)
            }
            do throws(HTTPPlan.Refusal) {
                try plan.follow(status, to: location)
            } catch {
                return .judged(.httpStatus(status), failure: error.words)
            }
        }
    }

    private func broken(_ error: HTTPClientError) -> RunMachine.Ending {
        guard let status = state.withLock({ $0.status }) else { return .failed("\(error)") }
        return .failed("HTTP \(status), but the answer broke off: \(error)")
    }

    /// On the client's thread.
    private func take(_ event: HTTPStreamEvent, _ plan: HTTPPlan) {
        switch event {
        case .head(let status, let headers):
            let location = headers.first { $0.name == "location" }?.value
            state.withLock { ($0.status, $0.location) = (status, location) }
        case .chunk(let bytes):
            let isFull: Bool? = state.withLock { state in
                // What a redirect says beside where it leads is for people without redirects.
                guard !state.isOver, !plan.isRedirected(state.status ?? 0, state.location) else {
                    return nil
                }
                state.bodyBytes += bytes.count
                state.lastByte = bytes.last ?? state.lastByte
                state.pending += bytes.count
                if task.expectedBody != nil {
                    state.head += bytes.prefix(Self.headLimit - state.head.count)
                }
                return state.pending > Self.pendingLimit
            }
            guard let isFull else { return }
            if isFull { valve.close() }
            loop.call { self.deliver(bytes) }
        }
    }

    /// On the loop.
    private func deliver(_ bytes: [UInt8]) {
        let isOver = state.withLock { state in
            state.pending -= bytes.count
            return state.isOver
        }
        if !isOver { receive(.output(.out, bytes)) }
        let hasRoom = state.withLock { !$0.isPaused && $0.pending <= Self.pendingLimit }
        if hasRoom { valve.open() }
    }

    /// What a complete answer means.
    private func judge(
        _ status: Int,
        _ plan: HTTPPlan,
        since start: MonotonicInstant
    ) async -> RunMachine.Ending? {
        let (count, isLineOpen, head) = state.withLock { state in
            (state.bodyBytes, state.lastByte != 0x0A, state.head)
        }
        let milliseconds = start.duration(to: SystemClock.monotonic) / .milliseconds(1)
        let note = "HTTP \(status), \(count) bytes, \(Int(milliseconds)) ms"
        loop.call { [self] in
            guard !state.withLock({ $0.isOver }) else { return }
            if isLineOpen { receive(.output(.out, [0x0A])) }
            receive(.output(.note, Array("\(note)\n".utf8)))
        }
        if task.isAsynchronous, status == 202 {
            let early = state.withLock { state in
                state.waiting = plan
                return state.early
            }
            return early.map(ending(by:))
        }
        guard let text = task.expectedBody, isExpected(status) else {
            return .exit(.httpStatus(status))
        }
        // Read when the job was edited, so it can be read.
        let isFound = (try? BytePattern(text))?.isFound(in: head) ?? false
        guard !isFound else { return .exit(.httpStatus(status)) }
        return .judged(
            .httpStatus(status),
            failure: "HTTP \(status), but its body does not contain what expect_body asks for"
        )
    }

    private func isExpected(_ status: Int) -> Bool {
        let ranges = task.expectedStatus.isEmpty ? [200...299] : task.expectedStatus
        return ranges.contains { $0.contains(status) }
    }
}

// MARK: The end

extension HTTPRunner {
    private func ending(by outcome: CallbackOutcome) -> RunMachine.Ending {
        let tail = outcome.message.isEmpty ? "" : ": \(outcome.message)"
        return .judged(
            .httpStatus(202),
            failure: outcome.succeeded ? nil : "its server says that it failed\(tail)"
        )
    }

    /// Tells the server that the work is to end; it need not listen.
    private func endElsewhere(_ plan: HTTPPlan, _ location: String?) {
        let call = location.flatMap(plan.ending(at:))
        Task { [self] in
            var words = "its server did not say where its work could be ended"
            if let call {
                do throws(HTTPClientError) {
                    let status = try await http.send(call).status
                    words = "its server was told to end it: HTTP \(status)"
                } catch {
                    words = "its server could not be told to end it: \(error)"
                }
            }
            let ending = words
            loop.call { [self] in
                if !state.withLock({ $0.isOver }) {
                    receive(.output(.note, Array("\(ending)\n".utf8)))
                }
                finish(.failed(ending))
            }
        }
    }

    /// Ends the task, once.
    private func finish(_ ending: RunMachine.Ending) {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        receive(.outputClosed)
        receive(.ended(ending))
    }
}
