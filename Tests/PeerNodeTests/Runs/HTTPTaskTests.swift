// HTTP tasks through the keeper, with a world that answers as told.

import HTTPClient
import LockLease
import PeerNode
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct HTTPTaskTests {
    @Test func `the answer's body is the output and its status the exit`() async throws {
        let http = ScriptedHTTP(status: 200, chunks: ["hel", "lo\nwor", "ld"])
        let world = try RunFixture(http: http)
        let order = RunOrder.http(HTTPTask(url: "http://a/b"))
        let report = try await world.run(order)
        #expect(report.state == .succeeded)
        #expect(report.exit == .httpStatus(200))
        let log = try await world.log(of: order)
        #expect(log.dropLast() == ["out hello", "out world"])
        #expect(log.last?.hasPrefix("note HTTP 200, 11 bytes, ") == true)
    }

    @Test func `the request says which run it is, whatever the job's own headers say`() async throws
    {
        let http = ScriptedHTTP(status: 200)
        let world = try RunFixture(http: http)
        var task = HTTPTask(url: "http://a/b")
        task.method = "POST"
        task.body = "payload"
        task.headers = ["X-Mine": "1", "rota-fence": "999"]
        let order = RunOrder.http(task) { $0.timeout = .seconds(5) }
        _ = try await world.run(order)
        let call = try #require(http.calls.first)
        #expect(call.method == "POST")
        #expect(call.body == Array("payload".utf8))
        #expect(call.redirectLimit == 0)
        #expect(call.timeout == .milliseconds(5_200))
        #expect(
            call.headers.map { "\($0.name): \($0.value)" } == [
                "X-Mine: 1",
                "Idempotency-Key: 00112233445566778899aabbccddeeff/2027-01-15T08:00:00Z",
                "Rota-Fence: 41", "Rota-Run-ID: \(order.grant.run)",
            ]
        )
        let part = RunOrder.order(.http(task), shard: Shard(index: 2, of: 3))
        _ = try await world.run(part)
        let key = http.calls.last?.headers.first { $0.name == "Idempotency-Key" }?.value
        #expect(key?.hasSuffix("08:00:00Z/2/3") == true)
    }

    @Test func `a status that does not count as success fails the run, body and all`() async throws
    {
        let world = try RunFixture(http: ScriptedHTTP(status: 503, chunks: ["busy\n"]))
        let order = RunOrder.http(HTTPTask(url: "http://a"))
        let report = try await world.run(order)
        #expect(report.state == .failed)
        #expect(report.exit == .httpStatus(503))
        #expect(try await world.log(of: order).first == "out busy")
        var task = HTTPTask(url: "http://a")
        task.expectedStatus = [503...503]
        #expect(try await world.run(.http(task)).state == .succeeded)
    }

    @Test func `no answer fails the run with the client's words`() async throws {
        let world = try RunFixture(http: ScriptedHTTP(status: nil))
        let report = try await world.run(.http(HTTPTask(url: "http://a")))
        #expect(report.state == .failed)
        #expect(report.exit == nil)
        #expect(report.reason.contains("no route"))
    }

    @Test func `a kill cancels the request`() async throws {
        let http = ScriptedHTTP(status: 200, chunks: ["first\n"], hangs: .untilCancelled)
        let world = try RunFixture(http: http)
        let order = RunOrder.http(HTTPTask(url: "http://a")) { $0.killGrace = .seconds(60) }
        await world.keeper.start(order)
        try await requireEventually { !http.calls.isEmpty }
        await world.keeper.kill(order.kill())
        let report = try await world.report(of: order)
        #expect(report.state == .killed)
        #expect(report.reason == "killed by ann")
    }

    @Test func `a client that does not hear of the end is given up at KILL`() async throws {
        let http = ScriptedHTTP(status: 200, hangs: .forEver)
        let world = try RunFixture(http: http)
        let order = RunOrder.http(HTTPTask(url: "http://a")) { $0.timeout = .milliseconds(50) }
        let report = try await world.run(order)
        #expect(report.state == .timedOut)
        http.letGo()
        #expect(world.reports.count == 1)
    }
}

/// Answers every call alike and remembers them.
private final class ScriptedHTTP: HTTPSending {
    enum Hang: Sendable {
        case never
        case untilCancelled
        case forEver
    }

    private struct State {
        var calls: [HTTPCall] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let status: Int?
    private let chunks: [String]
    private let hang: Hang
    private let state = Mutex(State())

    init(status: Int?, chunks: [String] = [], hangs hang: Hang = .never) {
        self.status = status
        self.chunks = chunks
        self.hang = hang
    }

    var calls: [HTTPCall] { state.withLock { $0.calls } }

    func letGo() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func send(_ call: HTTPCall) async throws(HTTPClientError) -> HTTPAnswer {
        throw HTTPClientError(.cancelled, url: call.url)
    }

    func stream(
        _ call: HTTPCall,
        receive: @escaping @Sendable (HTTPStreamEvent) -> Void
    ) async throws(HTTPClientError) {
        state.withLock { $0.calls.append(call) }
        guard let status else { throw HTTPClientError(.broken("no route"), url: call.url) }
        receive(.head(status: status, headers: []))
        for chunk in chunks { receive(.chunk(Array(chunk.utf8))) }
        switch hang {
        case .never: return
        case .untilCancelled:
            await withTaskCancellationHandler {
                await park()
            } onCancel: {
                letGo()
            }
            throw HTTPClientError(.cancelled, url: call.url)
        case .forEver: await park()
        }
    }

    private func park() async {
        await withCheckedContinuation { continuation in
            let isCancelled = hang == .untilCancelled && Task.isCancelled
            if isCancelled { return continuation.resume() }
            state.withLock { $0.waiting.append(continuation) }
        }
    }
}
