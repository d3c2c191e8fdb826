import Dispatch
import Glibc
import HTTPClient
import HTTPService
import Synchronization
import TestSupport
import Testing

@Suite(.tags(.integration), .timeLimit(.minutes(1))) struct `A feed` {
    let client = HTTPClient()

    @Test func `arrives complete and in order, chunk by chunk`() async throws {
        let stream = CountingStream(total: 2_000, size: 700)
        let server = try HTTPServer(settings: HTTPServerSettings()) { _ in
            HTTPResponse(
                status: 200,
                headers: [("Content-Type", "text/plain")],
                body: .stream(stream)
            )
        }
        let body = Mutex<[UInt8]>([])
        let status = Mutex(0)
        try await client.stream(HTTPCall(url: server.url)) { event in
            switch event {
            case .head(let code, _): status.withLock { $0 = code }
            case .chunk(let bytes): body.withLock { $0 += bytes }
            }
        }
        let expected = (0..<2_000).flatMap {
            [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 700)
        }
        #expect(status.withLock { $0 } == 200)
        #expect(body.withLock { $0 } == expected)
        #expect(!stream.cancelled.isOpen)
        server.stop()
    }

    @Test func `that fails cuts the connection, so that nobody takes it for whole`() async throws {
        let server = try HTTPServer(settings: HTTPServerSettings()) { _ in
            HTTPResponse(status: 200, body: .stream(FailingStream(after: 3)))
        }
        let received = Mutex<[UInt8]>([])
        let error = await #expect(throws: HTTPClientError.self) {
            try await client.stream(HTTPCall(url: server.url)) { event in
                if case .chunk(let bytes) = event { received.withLock { $0 += bytes } }
            }
        }
        guard case .broken = error?.problem else {
            Issue.record("\(String(describing: error))")
            return
        }
        let text = String(decoding: received.withLock { $0 }, as: UTF8.self)
        #expect(text == "chunk\nchunk\nchunk\n")
        server.stop()
    }

    @Test func `is asked only as fast as its reader reads`() async throws {
        let stream = CountingStream(total: 2_000, size: 65_536)
        let server = try HTTPServer(settings: HTTPServerSettings()) { request in
            request.path == "/feed"
                ? HTTPResponse(status: 200, body: .stream(stream)) : .text("quick")
        }
        let slow = RawConnection(port: server.port)
        await slow.write("GET /feed HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for _ in 0..<500 {
            #expect(try await client.send(HTTPCall(url: server.url)).text == "quick")
        }
        // The kernel's buffers hold some of the 131 MB, but far from all.
        #expect(stream.count < 1_000)
        #expect(await slow.drain() > 2_000 * 65_536)
        #expect(stream.count == 2_000)
        slow.close()
        server.stop()
    }

    @Test func `that is quiet is cancelled when its reader leaves`() async throws {
        let stream = QuietStream()
        let server = try HTTPServer(settings: HTTPServerSettings()) { _ in
            HTTPResponse(status: 200, body: .stream(stream))
        }
        let greeted = Gate()
        let reader = Task { [client] in
            try await client.stream(HTTPCall(url: server.url, timeout: nil)) { event in
                if case .chunk = event { greeted.open() }
            }
        }
        await greeted.opened()
        await stream.asked.opened()
        #expect(!stream.cancelled.isOpen)
        reader.cancel()
        await stream.cancelled.opened()
        await #expect(throws: HTTPClientError(.cancelled, url: server.url + "/")) {
            try await reader.value
        }
        server.stop()
    }

    @Test func `that is busy is cancelled when its reader leaves`() async throws {
        let stream = CountingStream(total: .max, size: 10_000)
        let server = try HTTPServer(settings: HTTPServerSettings()) { _ in
            HTTPResponse(status: 200, body: .stream(stream))
        }
        let connection = RawConnection(port: server.port)
        await connection.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = await connection.read { !$0.isEmpty }
        connection.close()
        await stream.cancelled.opened()
        server.stop()
    }

    @Test func `costs no thread while it is quiet, and ends at once when the server stops`()
        async throws
    {
        let streams = (0..<300).map { _ in QuietStream() }
        let next = Atomic(0)
        var settings = HTTPServerSettings()
        settings.stopGrace = .seconds(40)
        let server = try HTTPServer(settings: settings) { _ in
            let number = next.add(1, ordering: .relaxed).oldValue
            return HTTPResponse(status: 200, body: .stream(streams[number]))
        }
        let before = threadCount()
        let readers = (0..<streams.count).map { _ in
            Task { [client] in
                try await client.stream(HTTPCall(url: server.url, timeout: nil)) { _ in }
            }
        }
        for stream in streams { await stream.asked.opened() }
        #expect(threadCount() - before < 50)
        let took = ContinuousClock().measure { server.stop() }
        // The grace would be used up if one feed did not end.
        #expect(took < .seconds(20))
        for stream in streams { await stream.cancelled.opened() }
        for reader in readers { try await reader.value }
    }

    private func threadCount() -> Int {
        guard let folder = unsafe opendir("/proc/self/task") else { return 0 }
        defer { unsafe closedir(folder) }
        var count = 0
        while unsafe readdir(folder) != nil { count += 1 }
        return count
    }
}

@Suite(.tags(.integration), .timeLimit(.minutes(1))) struct `Stopping a server` {
    let client = HTTPClient()

    @Test func `lets a handler finish`() async throws {
        let entered = Gate()
        let mayAnswer = Gate()
        var settings = HTTPServerSettings()
        settings.stopGrace = .seconds(30)
        let server = try HTTPServer(settings: settings) { _ in
            entered.open()
            await mayAnswer.opened()
            return .text("done")
        }
        let request = Task { [client] in try await client.send(HTTPCall(url: server.url)) }
        await entered.opened()
        let stopped = Gate()
        DispatchQueue.global().async {
            server.stop()
            stopped.open()
        }
        mayAnswer.open()
        #expect(try await request.value.text == "done")
        await stopped.opened()
    }

    @Test func `does not wait for ever for a handler or a stream that never ends`() async throws {
        let entered = Counter(target: 2)
        let end = Gate()
        var settings = HTTPServerSettings()
        settings.stopGrace = .milliseconds(200)
        let server = try HTTPServer(settings: settings) { _ in
            entered.add()
            await end.opened()
            return HTTPResponse(status: 200, body: .stream(QuietStream()))
        }
        let requests = (0..<2).map { _ in
            Task { [client] in try await client.send(HTTPCall(url: server.url)) }
        }
        await entered.reached.opened()
        let took = ContinuousClock().measure { server.stop() }
        #expect(took < .seconds(20))
        for request in requests {
            await #expect(throws: HTTPClientError.self) { try await request.value }
        }
        end.open()
        server.stop()
    }

    @Test func `frees the port`() async throws {
        let server = try HTTPServer(settings: HTTPServerSettings()) { _ in .text("one") }
        let settings = HTTPServerSettings(address: "127.0.0.1", port: server.port)
        #expect(throws: HTTPServiceError.portTaken(address: "127.0.0.1", port: server.port)) {
            try HTTPServer(settings: settings) { _ in .text("two") }
        }
        #expect(try await client.send(HTTPCall(url: server.url)).text == "one")
        server.stop()
        await #expect(throws: HTTPClientError.self) {
            try await client.send(HTTPCall(url: server.url))
        }
        let second = try HTTPServer(settings: settings) { _ in .text("two") }
        #expect(try await client.send(HTTPCall(url: second.url)).text == "two")
    }

    @Test func `under load loses no process`() async throws {
        for _ in 0..<20 {
            let server = try HTTPServer(settings: HTTPServerSettings()) { request in
                request.path == "/feed"
                    ? HTTPResponse(
                        status: 200,
                        body: .stream(CountingStream(total: .max, size: 100))
                    ) : .text("x")
            }
            let first = Counter(target: 20)
            let requests = (0..<40).map { number in
                Task { [client] in
                    while !Task.isCancelled {
                        let path = number % 4 == 0 ? "/feed" : "/"
                        do {
                            try await client.stream(HTTPCall(url: server.url + path)) { _ in
                                first.add()
                            }
                        } catch { return }
                    }
                }
            }
            await first.reached.opened()
            server.stop()
            for request in requests { request.cancel() }
            for request in requests { await request.value }
        }
    }
}

@Suite struct `A server that cannot listen` {
    @Test func `says why and what to choose`() throws {
        #expect(
            HTTPServiceError.portTaken(address: "127.0.0.1", port: 8_470).description
                == "127.0.0.1:8470 is taken; choose another with --listen"
        )
        #expect(throws: HTTPServiceError.foreignAddress("192.0.2.1")) {
            try HTTPServer(settings: HTTPServerSettings(address: "192.0.2.1")) { _ in .text("") }
        }
        #expect(throws: HTTPServiceError.unknownAddress("no such host")) {
            try HTTPServer(settings: HTTPServerSettings(address: "no such host")) { _ in .text("") }
        }
    }

    @Test func `names every wrong setting at once`() {
        var settings = HTTPServerSettings(port: 70_000)
        settings.maximumConnections = 0
        settings.idleTimeout = .zero
        #expect(settings.faults.count == 3)
        #expect(throws: HTTPServiceError.settings(settings.faults)) {
            try HTTPServer(settings: settings) { _ in .text("") }
        }
    }
}
