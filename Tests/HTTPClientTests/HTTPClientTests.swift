import Foundation
import HTTPClient
import HTTPService
import Synchronization
import TestSupport
import Testing

@Suite(.tags(.integration), .timeLimit(.minutes(1))) struct `A client` {
    let client = HTTPClient()

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    func `sends each method, with a body and without`(method: String) async throws {
        let server = try serve { request in
            .text(
                "\(request.method) \(request.body.count) \(request.header("content-type") ?? "-")"
            )
        }
        let empty = try await client.send(HTTPCall(method: method, url: server.url))
        #expect(empty.text == "\(method) 0 -")
        let full = try await client.send(
            HTTPCall(
                method: method,
                url: server.url,
                headers: [("Content-Type", "text/x"), ("X-Empty", "")],
                body: [0, 1, 2]
            )
        )
        #expect(full.text == "\(method) 3 text/x")
        server.stop()
    }

    @Test func `follows redirects only as far as it is told`() async throws {
        let server = try serve { request in
            let left = Int(request.path.dropFirst()) ?? 0
            return left == 0
                ? .text("here")
                : HTTPResponse(status: 302, headers: [("Location", "/\(left - 1)")])
        }
        let url = server.url
        #expect(try await client.send(HTTPCall(url: url + "/3")).status == 302)
        let followed = HTTPCall(url: url + "/3", redirectLimit: 3)
        #expect(try await client.send(followed).text == "here")
        let heads = Mutex<[Int]>([])
        try await client.stream(followed) { event in
            if case .head(let status, _) = event { heads.withLock { $0.append(status) } }
        }
        #expect(heads.withLock { $0 } == [200])
        await expect(.tooManyRedirects(limit: 2), HTTPCall(url: url + "/3", redirectLimit: 2))
        server.stop()
    }

    @Test func `keeps its connections`() async throws {
        let server = try serve { _ in .text("x") }
        let call = HTTPCall(url: server.url)
        _ = try await client.send(call)
        let first = try connections(to: server.port)
        #expect(first.count == 1)
        for _ in 0..<100 { _ = try await client.send(call) }
        #expect(try connections(to: server.port) == first)
        server.stop()
    }

    /// The kernel's table of connections to `port` from here, closed ones that it still remembers
    /// included: the addresses of this side.
    private func connections(to port: Int) throws -> Set<Substring> {
        // A file of the kernel's says it is empty; only reading to the end shows what is in it.
        let file = try FileHandle(forReadingFrom: URL(filePath: "/proc/net/tcp"))
        var bytes: [UInt8] = []
        while let piece = try file.read(upToCount: 65_536), !piece.isEmpty { bytes += piece }
        let table = String(decoding: bytes, as: UTF8.self)
        let digits = String(port, radix: 16, uppercase: true)
        let peer = "0100007F:" + String(repeating: "0", count: 4 - digits.count) + digits
        let rows = table.split(separator: "\n").map { $0.split(separator: " ") }
        return Set(rows.filter { $0.count > 3 && $0[2] == peer }.map { $0[1] })
    }

    @Test func `gets each chunk at once, not when the next one pushes it`() async throws {
        let stream = PingPong(rounds: 100)
        let server = try serve { _ in HTTPResponse(status: 200, body: .stream(stream)) }
        let url = server.url
        let times = Mutex<[ContinuousClock.Instant]>([])
        try await client.stream(HTTPCall(url: url)) { event in
            guard case .chunk = event else { return }
            times.withLock { $0.append(.now) }
            stream.received()
        }
        // A chunk held back for Nagle's sake would cost 40 ms or more in every round; a busy
        // machine delays some rounds, but not the quickest.
        let rounds = times.withLock { zip($0.dropFirst(), $0).map { $0 - $1 } }
        #expect(rounds.count == 99)
        #expect(try #require(rounds.min()) < .milliseconds(20))
        server.stop()
    }

    @Test func `hands out a feed as it comes, its head before the first chunk`() async throws {
        let mayGoOn = Gate()
        let server = try serve { _ in
            HTTPResponse(status: 404, headers: [("X-A", "b")], body: .stream(TwoChunks(mayGoOn)))
        }
        let seen = Mutex<[String]>([])
        try await client.stream(HTTPCall(url: server.url)) { event in
            switch event {
            case .head(let status, let headers):
                let value = headers.first { $0.name == "x-a" }?.value ?? ""
                seen.withLock { $0.append("\(status) \(value)") }
            case .chunk(let bytes):
                seen.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
                // The second chunk is sent only once the first has come.
                mayGoOn.open()
            }
        }
        #expect(seen.withLock { $0 } == ["404 b", "one", "two"])
        server.stop()
    }

    @Test func `ends a transfer at once when its task is cancelled`() async throws {
        let entered = Gate()
        let end = Gate()
        let server = try serve { _ in
            entered.open()
            await end.opened()
            return .text("late")
        }
        let url = server.url
        let request = Task { [client] in try await client.send(HTTPCall(url: url)) }
        await entered.opened()
        request.cancel()
        await #expect(throws: HTTPClientError(.cancelled, url: url + "/")) {
            try await request.value
        }
        let early = Task { [client] in
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await client.send(HTTPCall(url: url))
        }
        await #expect(throws: HTTPClientError(.cancelled, url: url + "/")) {
            try await early.value
        }
        end.open()
        server.stop()
    }

    @Test func `gives up after its timeout and beyond its limit`() async throws {
        let end = Gate()
        let server = try serve { request in
            if request.path == "/slow" { await end.opened() }
            return HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 1, count: 100_000)))
        }
        await expect(
            .timedOut(after: .milliseconds(100)),
            HTTPCall(url: server.url + "/slow", timeout: .milliseconds(100))
        )
        // On a connection that was kept: what was sent may have been done.
        _ = try await client.send(HTTPCall(url: server.url))
        await expect(
            .timedOut(after: .milliseconds(200)),
            HTTPCall(
                url: server.url + "/slow",
                timeout: .milliseconds(200),
                connectTimeout: .milliseconds(150)
            )
        )
        end.open()
        await expect(.tooLarge(limit: 99_999), HTTPCall(url: server.url, maximumResponse: 99_999))
        let fitting = HTTPCall(url: server.url, maximumResponse: 100_000)
        #expect(try await client.send(fitting).body.count == 100_000)
        server.stop()
    }

    @Test func `tells why it cannot connect`() async throws {
        let server = try serve { _ in .text("") }
        server.stop()
        await expect(.cannotConnect("Connection refused"), HTTPCall(url: server.url))
        await expect(
            .cannotResolve(host: "nowhere.invalid"),
            HTTPCall(url: "http://nowhere.invalid/")
        )
        await expect(.cannotConnect("Connection refused"), HTTPCall(url: "http://[::1]:1/"))
    }

    @Test(arguments: [
        ("", HTTPClientError.Problem.malformedURL), ("http://", .malformedURL),
        ("http://a b/", .malformedURL), ("http://a/\r\nX: y", .malformedURL),
        ("http://a:99999/", .malformedURL), ("localhost:80", .malformedURL),
        ("ftp://a/", .unsupportedScheme("ftp")), ("file:///etc/passwd", .malformedURL),
        ("/relative", .malformedURL), ("gopher://a/", .unsupportedScheme("gopher")),
    ])
    func `refuses what is no web address`(url: String, problem: HTTPClientError.Problem) async {
        await expect(problem, HTTPCall(url: url))
    }

    @Test func `refuses a method or header that would smuggle in another`() async {
        let url = "http://127.0.0.1:1/"
        await expect(.unsendable("the method"), HTTPCall(method: "GET / X\r\n", url: url))
        for header in [("a", "b\r\nc: d"), ("a b", "c"), ("", "x"), ("a:b", "c")] {
            await expect(.unsendable("a header"), HTTPCall(url: url, headers: [header]))
        }
    }

    @Test func `never shows credentials in its sentences`() async throws {
        for url in [
            "http://user:secret@127.0.0.1:1/path?access_token=secret#secret",
            "http://user:secret@host with space/?secret", "ftp://secret@a/?secret",
        ] {
            do throws(HTTPClientError) {
                _ = try await client.send(HTTPCall(url: url))
                Issue.record("\(url) was answered")
            } catch {
                #expect(!error.description.contains("secret"), "\(error)")
            }
        }
    }

    @Test func `answers many requests a second over loopback`() async throws {
        let server = try serve { _ in .text("ok") }
        let url = server.url
        for width in [1, 16, 64] {
            let total = 3_000 / width * width
            let took = await ContinuousClock().measure {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<width {
                        group.addTask { [client] in
                            for _ in 0..<(total / width) {
                                _ = try? await client.send(HTTPCall(url: url))
                            }
                        }
                    }
                }
            }
            let seconds =
                Double(took.components.seconds)
                + Double(took.components.attoseconds) / 1e18
            print("\(width) at a time: \(Int(Double(total) / seconds)) requests/s")
        }
        server.stop()
    }

    private func serve(
        _ handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) throws -> HTTPServer {
        try HTTPServer(settings: HTTPServerSettings(), handler: handler)
    }

    private func expect(
        _ problem: HTTPClientError.Problem,
        _ call: HTTPCall,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        do throws(HTTPClientError) {
            let answer = try await client.send(call)
            Issue.record("answered \(answer.status)", sourceLocation: sourceLocation)
        } catch {
            #expect(error.problem == problem, sourceLocation: sourceLocation)
        }
    }
}

/// Gives its second chunk only when the gate is open.
private final class TwoChunks: HTTPBodyStream {
    private let gate: Gate
    private let count = Atomic(0)

    init(_ gate: Gate) {
        self.gate = gate
    }

    func next() async -> [UInt8]? {
        switch count.add(1, ordering: .relaxed).oldValue {
        case 0: return Array("one".utf8)
        case 1:
            await gate.opened()
            return Array("two".utf8)
        case _: return nil
        }
    }

    func cancel() {
        gate.open()
    }
}

/// Gives a chunk whenever the one before was received.
private final class PingPong: HTTPBodyStream {
    private let left: Atomic<Int>
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init(rounds: Int) {
        left = Atomic(rounds)
        (stream, continuation) = AsyncStream.makeStream()
        continuation.yield()
    }

    func received() {
        continuation.yield()
    }

    func next() async -> [UInt8]? {
        guard left.subtract(1, ordering: .relaxed).newValue >= 0 else { return nil }
        for await _ in stream { return [0x78] }
        return nil
    }

    func cancel() {
        continuation.finish()
    }
}

extension HTTPServer {
    fileprivate var url: String { "http://127.0.0.1:\(port)" }
}

extension HTTPResponse {
    fileprivate static func text(_ text: String) -> Self {
        Self(status: 200, body: .bytes(Array(text.utf8)))
    }
}

extension HTTPAnswer {
    fileprivate var text: String { String(decoding: body, as: UTF8.self) }
}
