// HTTP tasks against real servers: slow, silent, huge, encrypted.

import Foundation
import HTTPClient
import HTTPService
import LockLease
import LogSink
import PeerNode
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.integration), .timeLimit(.minutes(2))) struct HTTPServerTaskTests {
    private func serve(
        _ handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse
    ) throws -> HTTPServer {
        try HTTPServer(settings: HTTPServerSettings(), handler: handler)
    }

    private func text(_ text: String) -> HTTPBody { .bytes(Array(text.utf8)) }

    @Test func `a server that never answers is left at the timeout, connecting or not`()
        async throws
    {
        let silent = try SilentServer()
        let world = try RunFixture()
        // Nothing comes: neither an answer, nor the server's part of the encryption.
        for scheme in ["http", "https"] {
            let url = "\(scheme)://127.0.0.1:\(silent.port)/"
            let report = try await world.run(
                .http(HTTPTask(url: url)) {
                    $0.timeout = .milliseconds(200)
                    $0.killGrace = .seconds(30)
                }
            )
            #expect(report.state == .timedOut && !report.reason.contains("KILL"))
        }
        var hasty = HTTPTask(url: "https://127.0.0.1:\(silent.port)/")
        hasty.connectTimeout = .milliseconds(100)
        let report = try await world.run(.http(hasty))
        #expect(report.state == .failed && report.reason.contains("no connection within 100 ms"))
        silent.stop()
    }

    @Test func `a kill ends a body that would never end`() async throws {
        let server = try serve { _ in
            HTTPResponse(status: 200, body: .stream(SlowBody()))
        }
        let world = try RunFixture()
        let order = RunOrder.http(HTTPTask(url: "http://127.0.0.1:\(server.port)/")) {
            $0.killGrace = .seconds(30)
        }
        await world.keeper.start(order)
        try await requireEventually {
            let page = try? await world.sink.read(order.grant.run, from: 0, limit: 1_024)
            return page?.lines.isEmpty == false
        }
        await world.keeper.kill(order.kill())
        let report = try await world.report(of: order)
        #expect(report.state == .killed && !report.reason.contains("KILL"))
        server.stop()
    }

    @Test func `a huge body is taken whole, and the log keeps its limit`() async throws {
        let server = try serve { _ in
            HTTPResponse(status: 200, body: .stream(HugeBody(chunks: 200)))
        }
        let world = try RunFixture()
        let order = RunOrder.http(HTTPTask(url: "http://127.0.0.1:\(server.port)/")) {
            $0.keep.logBytes = 100_000
        }
        #expect(try await world.run(order).state == .succeeded)
        let log = try await world.log(of: order)
        #expect(log.reduce(0) { $0 + $1.utf8.count } < 400_000)
        #expect(log.contains { $0.hasPrefix("note HTTP 200, 13107200 bytes, ") })
        server.stop()
    }

    @Test func `an address that the rule forbids is not reached`() async throws {
        let asked = Mutex(0)
        let server = try serve { _ in
            asked.withLock { $0 += 1 }
            return HTTPResponse(
                status: 302,
                headers: [("Location", "http://169.254.169.254/latest/meta-data/")]
            )
        }
        let world = try RunFixture()
        let direct = try await world.run(.http(HTTPTask(url: "http://169.254.169.254/")))
        #expect(direct.state == .failed)
        #expect(direct.reason.contains("this node may not reach 169.254.169.254"))
        let url = "http://127.0.0.1:\(server.port)/"
        let redirected = try await world.run(.http(HTTPTask(url: url)))
        #expect(redirected.reason.contains("this node may not reach 169.254.169.254"))
        #expect(asked.withLock { $0 } == 1)
        server.stop()
    }

    @Test func `a private authority and a certificate of one's own are files of the node`()
        async throws
    {
        let authority = try PrivateAuthority()
        let server = try SecureServer(authority)
        let world = try RunFixture()
        var task = HTTPTask(url: server.url)
        task.files.authorities = authority.file("ca.pem")
        task.files.certificate = authority.file("client.pem")
        task.files.key = authority.file("client.key")
        let report = try await world.run(.http(task))
        #expect(report.state == .succeeded, "\(report.reason)")
        var stranger = task
        stranger.files.authorities = nil
        let refused = try await world.run(.http(stranger))
        #expect(refused.state == .failed && refused.reason.contains("not trusted"))
        var nobody = task
        (nobody.files.certificate, nobody.files.key) = (nil, nil)
        #expect(try await world.run(.http(nobody)).state == .failed)
    }

    @Test func `chunks and statuses come through as they are`() async throws {
        let server = try serve { request in
            request.path == "/teapot"
                ? HTTPResponse(status: 418, body: text("short\nand stout"))
                : HTTPResponse(status: 204)
        }
        let world = try RunFixture()
        var task = HTTPTask(url: "http://127.0.0.1:\(server.port)/teapot")
        task.expectedStatus = [200...204, 418...418]
        let order = RunOrder.http(task)
        #expect(try await world.run(order).state == .succeeded)
        #expect(try await world.log(of: order).dropLast() == ["out short", "out and stout"])
        task.expectedStatus = [200...204]
        let report = try await world.run(.http(task))
        #expect(report.reason == "HTTP 418; what counts as success is 200 to 204")
        server.stop()
    }
}

/// A line, and then nothing.
private final class SlowBody: HTTPBodyStream {
    private let count = Atomic(0)
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func next() async -> [UInt8]? {
        if count.add(1, ordering: .relaxed).oldValue == 0 { return Array("first\n".utf8) }
        for await _ in stream {}
        return nil
    }

    func cancel() { continuation.finish() }
}

/// Lines of 64 bytes, 64 KiB at a time.
private final class HugeBody: HTTPBodyStream {
    private let left: Atomic<Int>

    init(chunks: Int) {
        left = Atomic(chunks)
    }

    func next() async -> [UInt8]? {
        guard left.subtract(1, ordering: .relaxed).newValue >= 0 else { return nil }
        let line = [UInt8](repeating: 0x78, count: 63) + [0x0A]
        return Array(repeatElement(line, count: 1_024).joined())
    }

    func cancel() {}
}
