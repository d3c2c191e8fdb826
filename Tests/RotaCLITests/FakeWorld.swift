import Documents
import Platform
import RotaCLI
import Synchronization
import Vocabulary

/// A world in memory: scripted masters, captured output, a clock that waiting moves.
final class FakeWorld: Sendable {
    struct State {
        var transcript = ""
        var output = ""
        var errors = ""
        var input: [UInt8] = []
        var terminals: Set<Terminal.Stream> = []
        var files: [String: (bytes: [UInt8], mode: UInt32)] = [:]
        var now = Instant(rfc3339: "2026-11-20T12:00:00Z") ?? .epoch
        var waited = Duration.zero
        var calls: [APICall] = []
        /// What the editor does to the file it is given.
        var edit: @Sendable (String) -> String = { $0 }
    }

    typealias Answer = @Sendable (APICall) throws(APITransportError) -> APIAnswer

    let state = Mutex(State())
    let environment: [String: String]
    let answer: Answer
    let chunks: @Sendable (APICall) -> [String]

    init(
        environment: [String: String] = [:],
        terminals: Set<Terminal.Stream> = [],
        input: String = "",
        files: [String: String] = [:],
        chunks: @escaping @Sendable (APICall) -> [String] = { _ in [] },
        answer: @escaping Answer = { _ throws(APITransportError) in throw .unreachable("refused") }
    ) {
        self.environment = ["HOME": "/home/li", "TZ": "UTC", "ROTA_URL": "http://m1"]
            .merging(environment) { $1 }
        self.answer = answer
        self.chunks = chunks
        state.withLock { state in
            state.terminals = terminals
            state.input = Array(input.utf8)
            state.files = files.mapValues { (Array($0.utf8), 0o600) }
        }
    }

    /// What streams give, one after the other, and then nothing more.
    static func inTurn(_ chunks: [[String]]) -> @Sendable (APICall) -> [String] {
        let streams = Mutex(0)
        return { _ in
            streams.withLock { number in
                defer { number += 1 }
                return number < chunks.count ? chunks[number] : []
            }
        }
    }

    var world: World {
        World(environment: environment, terminal: self, files: self, clock: self, transport: self)
    }

    @discardableResult
    func rota(_ words: String...) async -> ExitCode {
        await run(words, shown: words.joined(separator: " "))
    }

    /// Takes `line` apart as a shell does.
    @discardableResult
    func rota(line: String) async -> ExitCode {
        await run(ShellWords.commands(in: line)[0], shown: line)
    }

    private func run(_ words: [String], shown: String) async -> ExitCode {
        state.withLock { $0.transcript += "$ rota \(shown)\n" }
        let code = await RotaProgram.run(words, in: world)
        state.withLock { $0.transcript += "= exit \(code.rawValue)\n\n" }
        return code
    }

    var output: String { state.withLock { $0.output } }
    var errors: String { state.withLock { $0.errors } }
    var transcript: String { state.withLock { $0.transcript } }
    var calls: [APICall] { state.withLock { $0.calls } }

    func file(_ path: String) -> String? {
        state.withLock { $0.files[path].map { String(decoding: $0.bytes, as: UTF8.self) } }
    }
}

extension FakeWorld: CommandTerminal {
    func isTerminal(_ stream: Terminal.Stream) -> Bool {
        state.withLock { $0.terminals.contains(stream) }
    }

    var width: Int? { 80 }

    func write(_ bytes: [UInt8], to stream: Terminal.Stream) {
        let text = String(decoding: bytes, as: UTF8.self)
        state.withLock { state in
            if stream == .errors {
                state.errors += text
                let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
                state.transcript += lines.map { "2> \($0)\n" }.joined()
            } else {
                state.output += text
                state.transcript += text
            }
        }
    }

    func read(limit: Int) throws(SystemError) -> [UInt8] {
        state.withLock { state in
            let part = Array(state.input.prefix(limit))
            state.input.removeFirst(part.count)
            return part
        }
    }

    func run(_ line: String, arguments: [String]) throws(SystemError) -> Int32 {
        let (path, edit) = state.withLock { (arguments[0], $0.edit) }
        let text = edit(file(path) ?? "")
        state.withLock { $0.files[path] = (Array(text.utf8), 0o600) }
        return 0
    }
}

extension FakeWorld: CommandFiles {
    func read(_ path: String) throws(SystemError) -> [UInt8] {
        guard let file = state.withLock({ $0.files[path] }) else {
            throw SystemError(code: 2, while: "open \(path)")
        }
        return file.bytes
    }

    func write(_ path: String, _ bytes: [UInt8], mode: UInt32) throws(SystemError) {
        state.withLock { $0.files[path] = (bytes, mode) }
    }

    func remove(_ path: String) throws(SystemError) {
        state.withLock { _ = $0.files.removeValue(forKey: path) }
    }

    func names(in path: String) -> [String]? {
        let base = path.hasSuffix("/") ? path : path + "/"
        let names = state.withLock { state in
            state.files.keys.filter { $0.hasPrefix(base) }.compactMap {
                $0.dropFirst(base.count).split(separator: "/").first.map(String.init)
            }
        }
        return names.isEmpty ? nil : Set(names).sorted()
    }

    func mode(of path: String) -> UInt32? { state.withLock { $0.files[path]?.mode } }
    func zone(named name: String) -> [UInt8]? { ZoneInfoFiles.bytes(named: name) }
}

extension FakeWorld: CommandClock {
    var now: Instant { state.withLock { $0.now } }

    var monotonic: MonotonicInstant {
        MonotonicInstant(sinceBoot: state.withLock { $0.waited })
    }

    func wait(_ duration: Duration) async {
        state.withLock { state in
            state.waited += duration
            state.now = state.now.advanced(by: duration)
        }
    }

    func uniqueKey() -> String { "key-1" }
}

extension FakeWorld: APITransport {
    func send(_ call: APICall) async throws(APITransportError) -> APIAnswer {
        record(call)
        return try answer(call)
    }

    func stream(
        _ call: APICall,
        receive: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(APITransportError) -> APIAnswer {
        record(call)
        let answer = try answer(call)
        for chunk in chunks(call) {
            if chunk == "CUT" { throw .cut("connection reset") }
            if chunk == "HANG" {
                await wait(call.timeout ?? .seconds(3_600))
                throw .cut("timed out")
            }
            receive(Array(chunk.utf8))
        }
        return answer
    }

    private func record(_ call: APICall) {
        let interesting = ["If-Match", "Idempotency-Key", "Authorization", "Rota-Min-Revision"]
        var line = ">> \(call.method) \(call.url)"
        for (name, value) in call.headers where interesting.contains(name) {
            line += "  \(name): \(value)"
        }
        if !call.body.isEmpty { line += "\n>>   " + String(decoding: call.body, as: UTF8.self) }
        state.withLock { state in
            state.calls.append(call)
            state.transcript += line + "\n"
        }
    }
}

/// Canned answers of a master.
enum Canned {
    static func json(_ text: String, status: Int = 200, revision: String? = nil) -> APIAnswer {
        var headers = [(name: "Content-Type", value: "application/json")]
        if let revision { headers.append((name: "rota-revision", value: revision)) }
        return APIAnswer(status: status, headers: headers, body: Array(text.utf8))
    }

    static func problem(
        _ status: Int,
        _ title: String,
        detail: String = "",
        hint: String = ""
    )
        -> APIAnswer
    {
        json(
            """
            {"type":"about:blank","title":"\(title)","status":\(status),"detail":"\(detail)",\
            "hint":"\(hint)","request_id":"R-7"}
            """,
            status: status
        )
    }

    static let missing = problem(404, "There is no such thing")

    /// Answers by `METHOD /path?query`, the longest route that the call begins with.
    static func routes(_ routes: [String: APIAnswer]) -> FakeWorld.Answer {
        { call throws(APITransportError) in
            let path = call.url.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" }
            let request = "\(call.method) \(path)"
            let found = routes.filter { request.hasPrefix($0.key) }.max {
                $0.key.count < $1.key.count
            }
            return found?.value ?? missing
        }
    }

    static func job(
        _ name: String,
        next: String? = "2026-11-20T12:09:00Z",
        status: String = ""
    ) -> String {
        let next = next.map { "\"\($0)\"" } ?? "null"
        return """
            {"kind":"job","tenant":"acme","name":"\(name)","uid":"u1","version":3,"rev":"1.17",\
            "created":"2026-11-01T00:00:00Z","updated":"2026-11-19T08:30:00Z","updated_by":"li",\
            "spec":{"schedule":"*/5 * * * *","owner":"ops","shell":{"command":"true"}},\
            "status":{"paused":null,"next":\(next),"words":"every 5 minutes",\
            "last":{"id":"01JD8ZQ4V0000000000000000A","state":"succeeded",\
            "instant":"2026-11-20T11:55:00Z","claimed":"2026-11-20T11:55:00.100Z"},\
            "open_runs":0\(status)}}
            """
    }

    static func calendar(_ name: String) -> String {
        """
        {"kind":"calendar","tenant":"acme","name":"\(name)","uid":"u2","version":2,"rev":"1.16",\
        "created":"2026-11-01T00:00:00Z","updated":"2026-11-19T08:30:00Z","updated_by":"li",\
        "spec":{"description":"China","weekdays":["mon","tue","wed","thu","fri"],\
        "include":["2026-02-14"],"exclude":["2026-02-15..2026-02-23","10-01"],\
        "periods":["2026-12-20T18:00..2027-01-03T06:00"]},\
        "status":{"job_count":2,"jobs":["etl/orders","hello"]}}
        """
    }

    static func run(_ state: String, exit: String = "null", id: String = runID) -> String {
        """
        {"id":"\(id)","job":"etl","tenant":"acme","instant":"2026-11-20T11:55:00Z","attempt":1,\
        "shard":"1/1","cause":"schedule","cause_detail":"","fence":9,"rev":"1.17","node":"n2",\
        "state":"\(state)","claimed":"2026-11-20T11:55:00.100Z",\
        "finished":\(state == "running" ? "null" : "\"2026-11-20T11:55:31.100Z\""),\
        "duration_ms":\(state == "running" ? "null" : "31000"),"exit":\(exit),"reason":"",\
        "lost":false}
        """
    }

    static let runID = "01JD8ZQ4V0000000000000000A"

    static func list(_ items: String...) -> String {
        "{\"items\":[\(items.joined(separator: ","))],\"next\":null,\"rev\":\"1.17\"}"
    }
}
