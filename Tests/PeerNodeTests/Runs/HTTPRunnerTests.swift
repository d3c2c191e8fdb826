// HTTP tasks by themselves: where redirects lead, what credentials become, work that goes on.

import HTTPClient
import HTTPService
import LockLease
import LogSink
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

@Suite(.timeLimit(.minutes(1))) struct HTTPRunnerTests {
    private func task(_ url: String, _ change: (inout HTTPTask) -> Void = { _ in }) -> HTTPTask {
        var task = HTTPTask(url: url)
        change(&task)
        return task
    }

    @Test func `templates are filled in, and escaped where they are part of a URL`() async throws {
        let url = "https://a.example/x/nightly?at=2027-01-15T08%3A00%3A00Z"
        let http = RoutedHTTP([url: (200, "")])
        let post = task("https://a.example/x/{{job}}?at={{instant}}") {
            $0.method = "POST"
            $0.headers = ["X-Key": "k {{secret.KEY}}"]
            $0.body = #"{"run": "{{run}}", "n": {{attempt}}, "f": {{fence}}, "s": "{{shard}}"}"#
            $0.credentials = .basic(user: "me", password: "{{secret.KEY}}")
        }
        let trial = HTTPTrial(post, http, secrets: ["KEY": "open{{job}}"])
        #expect(try await trial.ending() == .exit(.httpStatus(200)))
        let call = try #require(http.calls.first)
        #expect(
            String(decoding: call.body, as: UTF8.self)
                == #"{"run": "\#(trial.order.grant.run)", "n": 2, "f": 41, "s": "1/1"}"#
        )
        // What a secret holds is no template.
        #expect(call.header("X-Key") == "k open{{job}}")
        #expect(call.header("Authorization") == "Basic bWU6b3Blbnt7am9ifX0=")
        let missing = HTTPTrial(post, http)
        #expect(
            try await missing.ending() == .failed("{{secret.KEY}} has no value on this node")
        )
    }

    @Test func `a redirect on the same server keeps everything`() async throws {
        let http = RoutedHTTP([
            "https://a.example/1": (302, "/2?x"), "https://a.example/2?x": (200, ""),
        ])
        let get = task("https://a.example/1") {
            $0.headers = ["X-Key": "s"]
            $0.credentials = .bearer(token: "t")
            $0.files.certificate = "/c.pem"
        }
        #expect(try await HTTPTrial(get, http).ending() == .exit(.httpStatus(200)))
        let call = try #require(http.calls.last)
        #expect(http.calls.count == 2)
        #expect(call.header("X-Key") == "s" && call.header("Authorization") == "Bearer t")
        #expect(call.identity.certificate == "/c.pem")
    }

    @Test(arguments: [
        "https://b.example/", "https://a.example:444/", "//b.example/", "https://sub.a.example/",
    ])
    func `a redirect to another server takes no secret along`(location: String) async throws {
        let target = location.hasPrefix("//") ? "https:" + location : location
        let http = RoutedHTTP(["https://a.example/1": (301, location), target: (200, "")])
        let get = task("https://a.example/1") {
            $0.headers = ["X-Key": "s", "Cookie": "c"]
            $0.credentials = .bearer(token: "t")
            $0.files.certificate = "/c.pem"
            $0.files.key = "/k.pem"
        }
        #expect(try await HTTPTrial(get, http).ending() == .exit(.httpStatus(200)))
        let call = try #require(http.calls.last)
        #expect(call.header("X-Key") == nil && call.header("Cookie") == nil)
        #expect(call.header("Authorization") == nil && call.header("Rota-Fence") == "41")
        #expect(call.identity == HTTPIdentity())
        #expect(call.addresses != nil)
    }

    @Test func `a redirect that would do harm is not followed, and why is said`() async throws {
        let http = RoutedHTTP([
            "https://a.example/down": (302, "http://a.example/"),
            "https://a.example/away": (307, "https://b.example/"),
            "https://a.example/round": (302, "/round"),
            "https://a.example/file": (302, "file:///etc/passwd"),
            "https://a.example/see": (303, "/seen"), "https://a.example/seen": (200, ""),
        ])
        for (path, words) in [
            ("down", "leads from https to http"), ("away", "leads POST to another server"),
            ("round", "more than 3 redirects"), ("file", "HTTP 302 leads"),
        ] {
            let post = task("https://a.example/\(path)") {
                $0.method = "POST"
                $0.body = "b"
                $0.redirectLimit = 3
            }
            guard case .judged(_, let why?) = try await HTTPTrial(post, http).ending() else {
                Issue.record("\(path) was followed")
                continue
            }
            #expect(why.contains(words), "\(why)")
        }
        #expect(http.calls.allSatisfy { $0.url.hasPrefix("https://a.example/") })
        let see = task("https://a.example/see") {
            $0.method = "POST"
            $0.body = "b"
            $0.redirectLimit = 3
        }
        #expect(try await HTTPTrial(see, http).ending() == .exit(.httpStatus(200)))
        #expect(http.calls.last?.method == "GET" && http.calls.last?.body.isEmpty == true)
        // Without a word about redirects, a request with effects follows none.
        let plain = task("https://a.example/see") { $0.method = "POST" }
        #expect(try await HTTPTrial(plain, http).ending() == .exit(.httpStatus(303)))
    }

    @Test func `success can depend on the status and on what the body says`() async throws {
        let http = RoutedHTTP(["http://a/": (200, "")], body: #"{"status": "degraded"}"#)
        let ready = task("http://a/") { $0.expectedBody = #""status": "(ready|up)""# }
        guard case .judged(.httpStatus(200), let why?) = try await HTTPTrial(ready, http).ending()
        else {
            Issue.record("a degraded service was taken for a ready one")
            return
        }
        #expect(why.contains("expect_body"))
        let either = task("http://a/") { $0.expectedBody = "ready|degraded" }
        let trial = HTTPTrial(either, http)
        #expect(try await trial.ending() == .exit(.httpStatus(200)))
        #expect(trial.notes.first?.hasPrefix("HTTP 200, 22 bytes, ") == true)
    }
}

// MARK: Work that goes on

extension HTTPRunnerTests {
    private static let here = CallbackAddress(url: "http://n1/callback/abc", token: "abc")

    private func asynchronous() -> HTTPTask {
        task("https://a.example/start") {
            $0.method = "POST"
            $0.isAsynchronous = true
            $0.credentials = .bearer(token: "t")
        }
    }

    @Test func `after a 202 the run goes on until it is told`() async throws {
        let http = RoutedHTTP(["https://a.example/start": (202, "/jobs/7")])
        for (outcome, why) in [
            (CallbackOutcome(succeeded: true), nil),
            (CallbackOutcome(succeeded: false, message: "no\nspace"), "failed: no space"),
        ] as [(CallbackOutcome, String?)] {
            let trial = HTTPTrial(asynchronous(), http, callback: Self.here)
            try await requireEventually { !trial.notes.isEmpty }
            #expect(http.calls.last?.header("Rota-Callback") == Self.here.url)
            #expect(!trial.runner.callback(token: "abd", outcome: outcome))
            #expect(!trial.runner.callback(token: "", outcome: outcome))
            #expect(trial.isUnderWay)
            #expect(trial.runner.callback(token: "abc", outcome: outcome))
            guard case .judged(.httpStatus(202), let said) = try await trial.ending() else {
                Issue.record("the callback did not end it")
                return
            }
            #expect(said?.contains(why ?? "?") == (why == nil ? nil : true))
            // A second word is taken and changes nothing.
            #expect(trial.runner.callback(token: "abc", outcome: .init(succeeded: true)))
        }
    }

    @Test func `a word that is quicker than the answer counts`() async throws {
        let http = RoutedHTTP(["https://a.example/start": (202, "")], isHeld: true)
        let trial = HTTPTrial(asynchronous(), http, callback: Self.here)
        #expect(trial.runner.callback(token: "abc", outcome: .init(succeeded: true)))
        http.letGo()
        #expect(try await trial.ending() == .judged(.httpStatus(202), failure: nil))
    }

    @Test func `a kill tells the server that does the work, if it said where`() async throws {
        let http = RoutedHTTP(["https://a.example/start": (202, "/jobs/7")])
        let trial = HTTPTrial(asynchronous(), http, callback: Self.here)
        try await requireEventually { !trial.notes.isEmpty }
        trial.loop.call { trial.runner.end(.terminate, in: ProcessLook()) }
        guard case .failed(let words) = try await trial.ending() else { return }
        #expect(words == "its server was told to end it: HTTP 204")
        let call = try #require(http.calls.last)
        #expect(call.method == "DELETE" && call.url == "https://a.example/jobs/7")
        #expect(call.header("Authorization") == "Bearer t")
        #expect(call.header("Rota-Callback") == nil)
        let away = RoutedHTTP(["https://a.example/start": (202, "https://b.example/jobs/7")])
        let other = HTTPTrial(asynchronous(), away, callback: Self.here)
        try await requireEventually { !other.notes.isEmpty }
        other.loop.call { other.runner.end(.terminate, in: ProcessLook()) }
        _ = try await other.ending()
        #expect(away.calls.count == 1)
    }

    @Test func `a word from outside is read with suspicion`() throws {
        let sound = try CallbackOutcome(body: Array(#"{"state":"failed","message":"x"}"#.utf8))
        #expect(sound == CallbackOutcome(succeeded: false, message: "x"))
        for text in ["", "[]", "{}", #"{"state":"done"}"#, #"{"state":1}"#, "{\"state\":\"fail"] {
            #expect(throws: CallbackOutcome.Flaw.self, "\(text)") {
                try CallbackOutcome(body: Array(text.utf8))
            }
        }
        let long = #"{"state":"failed","message":"\#(String(repeating: "x", count: 60_000))"}"#
        #expect(try CallbackOutcome(body: Array(long.utf8)).message.count == 1_024)
        #expect(throws: CallbackOutcome.Flaw.self) {
            try CallbackOutcome(body: Array((long + long).utf8))
        }
    }
}

/// One runner with what it says.
private final class HTTPTrial: Sendable {
    let loop = EventLoop(name: "trial")
    let order: RunOrder
    let runner: HTTPRunner
    private let log: EventLog

    init(
        _ task: HTTPTask,
        _ http: any HTTPSending,
        secrets: [String: String] = [:],
        callback: CallbackAddress? = nil
    ) {
        let order = RunOrder.http(task)
        self.order = order
        let log = EventLog()
        self.log = log
        runner = HTTPRunner(
            task,
            for: order,
            values: TaskVariables.values(for: order, secrets: secrets),
            callback: callback,
            through: http,
            on: loop
        ) { log.add($0) }
    }

    deinit { loop.stop() }

    var isUnderWay: Bool { log.ending == nil }
    var notes: [String] { log.notes }

    func ending() async throws -> RunMachine.Ending {
        try await requireEventually { log.ending != nil }
        return try #require(log.ending)
    }
}

private final class EventLog: Sendable {
    private let events = Mutex<[TaskEvent]>([])

    func add(_ event: TaskEvent) { events.withLock { $0.append(event) } }

    var ending: RunMachine.Ending? {
        events.withLock { events in
            for case .ended(let ending) in events { return ending }
            return nil
        }
    }

    var notes: [String] {
        events.withLock { events in
            events.compactMap { event in
                guard case .output(.note, let bytes) = event else { return nil }
                return String(decoding: bytes.dropLast(), as: UTF8.self)
            }
        }
    }
}

extension HTTPCall {
    fileprivate func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}

/// Answers by URL, with a status and a `Location` if that is not empty; remembers every call.
private final class RoutedHTTP: HTTPSending {
    private struct State {
        var calls: [HTTPCall] = []
        var isHeld: Bool
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let routes: [String: (Int, String)]
    private let body: String
    private let state: Mutex<State>

    init(_ routes: [String: (Int, String)], body: String = "", isHeld: Bool = false) {
        self.routes = routes
        self.body = body
        state = Mutex(State(isHeld: isHeld))
    }

    var calls: [HTTPCall] { state.withLock { $0.calls } }

    func letGo() {
        let waiting = state.withLock { state in
            state.isHeld = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func send(_ call: HTTPCall) async throws(HTTPClientError) -> HTTPAnswer {
        state.withLock { $0.calls.append(call) }
        return HTTPAnswer(status: 204, headers: [], body: [])
    }

    func stream(
        _ call: HTTPCall,
        receive: @escaping @Sendable (HTTPStreamEvent) -> Void
    ) async throws(HTTPClientError) {
        state.withLock { $0.calls.append(call) }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isHeld { state.waiting.append(continuation) }
                return state.isHeld
            }
            if !isHeld { continuation.resume() }
        }
        guard let (status, location) = routes[call.url] else {
            throw HTTPClientError(.cannotConnect("no such route"), url: call.url)
        }
        let headers = location.isEmpty ? [] : [(name: "location", value: location)]
        receive(.head(status: status, headers: headers))
        if !body.isEmpty { receive(.chunk(Array(body.utf8))) }
    }
}
