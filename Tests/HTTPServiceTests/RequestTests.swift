import HTTPClient
import HTTPService
import Synchronization
import TestSupport
import Testing

@Suite(.tags(.integration), .timeLimit(.minutes(1))) struct `A request` {
    let client = HTTPClient()

    @Test func `reaches the handler whole and comes back`() async throws {
        let server = try HTTPServer(settings: HTTPServerSettings()) { request in
            let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "|")
            return HTTPResponse(
                status: 201,
                headers: [("X-Seen", request.header("X-Asked") ?? "nothing")],
                body: .bytes(
                    Array("\(request.method) \(request.path) [\(query)] \(request.peer) ".utf8)
                        + request.body
                )
            )
        }
        let answer = try await client.send(
            HTTPCall(
                method: "PUT",
                url: server.url + "/v1/jobs/a%2Fb%20c?q=a+b%2Bc&empty=&flag&q=%C3%A9%26&bad=%zz%f",
                headers: [("x-asked", "yes")],
                body: Array("body".utf8)
            )
        )
        #expect(answer.status == 201)
        #expect(answer.header("x-seen") == "yes")
        #expect(
            answer.text
                == "PUT /v1/jobs/a%2Fb%20c [q=a b+c|empty=|flag=|q=é&|bad=%zz%f] 127.0.0.1 body"
        )
        server.stop()
    }

    @Test func `carries a megabyte both ways`() async throws {
        let server = try HTTPServer(settings: HTTPServerSettings()) { request in
            HTTPResponse(status: 200, body: .bytes(request.body))
        }
        let body = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let answer = try await client.send(HTTPCall(method: "POST", url: server.url, body: body))
        #expect(answer.body == body)
        server.stop()
    }

    @Test func `by HEAD gets the length and no body`() async throws {
        let stream = QuietStream()
        let server = try HTTPServer(settings: HTTPServerSettings()) { request in
            request.path == "/stream"
                ? HTTPResponse(status: 200, body: .stream(stream)) : .text("12345")
        }
        let answer = try await client.send(HTTPCall(method: "HEAD", url: server.url))
        #expect(answer.header("content-length") == "5" && answer.body.isEmpty)
        let feed = try await client.send(HTTPCall(method: "HEAD", url: server.url + "/stream"))
        #expect(feed.status == 200 && feed.body.isEmpty)
        await stream.cancelled.opened()
        server.stop()
    }

    @Test func `is answered together with two hundred others`() async throws {
        let counter = Counter(target: 200)
        let server = try HTTPServer(settings: HTTPServerSettings()) { request in
            counter.add()
            await counter.reached.opened()
            return .text(request.path)
        }
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask { [client] in
                    let answer = try? await client.send(HTTPCall(url: "\(server.url)/\(number)"))
                    return answer?.text == "/\(number)"
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        server.stop()
    }

    @Test(arguments: ["a\r\nSet-Cookie: x", "\u{0}", "a\nb"])
    func `is answered 500 when its answer would smuggle in a header`(value: String) async throws {
        let server = try HTTPServer(settings: HTTPServerSettings()) { _ in
            HTTPResponse(status: 200, headers: [("Location", value)])
        }
        let answer = try await client.send(HTTPCall(url: server.url))
        #expect(answer.status == 500 && answer.header("set-cookie") == nil)
        server.stop()
    }

    @Test func `that is no HTTP does no harm`() async throws {
        let server = try HTTPServer(settings: HTTPServerSettings()) { _ in .text("fine") }
        for text in ["\r\n\r\n", "nonsense\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}", "GET / HTTP/9"]
        {
            let connection = RawConnection(port: server.port)
            await connection.write(text)
            connection.close()
        }
        #expect(try await client.send(HTTPCall(url: server.url)).text == "fine")
        server.stop()
    }
}

@Suite(.tags(.integration), .timeLimit(.minutes(1))) struct `A request that is too large` {
    let client = HTTPClient()
    let handled = Counter()

    func server() throws -> HTTPServer {
        var settings = HTTPServerSettings()
        settings.maximumBody = 1 << 20
        return try HTTPServer(settings: settings) { [handled] request in
            handled.add()
            return .text("\(request.body.count)")
        }
    }

    /// 1 MiB + 1 is read to its end; of 20 MB more than 16 times the limit is announced.
    @Test(arguments: [1 << 20 + 1, 10_000_000, 20_000_000], ["", "100-continue"])
    func `is answered 413 before any handler`(size: Int, expectation: String) async throws {
        let server = try server()
        let answer = try await client.send(
            HTTPCall(
                method: "POST",
                url: server.url,
                headers: [("Expect", expectation)],
                body: [UInt8](repeating: 0x20, count: size)
            )
        )
        #expect(answer.status == 413)
        #expect(answer.header("content-type") == "application/problem+json")
        #expect(answer.text.contains("1048576 bytes"))
        #expect(handled.value == 0)
        let fitting = [UInt8](repeating: 0x20, count: 1 << 20)
        let next = try await client.send(
            HTTPCall(method: "POST", url: server.url, body: fitting)
        )
        #expect(next.text == "1048576")
        server.stop()
    }

    @Test func `leaves its connection usable`() async throws {
        let server = try server()
        let connection = RawConnection(port: server.port)
        let size = 1 << 20 + 1
        await connection.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
        await connection.write(String(repeating: "x", count: size))
        let first = await connection.read { $0.hasSuffix("}") }
        #expect(first.hasPrefix("HTTP/1.1 413"))
        await connection.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
        let second = await connection.read { $0.hasSuffix("\r\n\r\n2") }
        #expect(second.hasPrefix("HTTP/1.1 200"))
        connection.close()
        server.stop()
    }

    @Test func `in chunks without a length is seen as well`() async throws {
        let server = try server()
        let connection = RawConnection(port: server.port)
        await connection.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "10000\r\n\(String(repeating: "x", count: 65_536))\r\n"
        for _ in 0..<20 { await connection.write(chunk) }
        await connection.write("0\r\n\r\n")
        #expect(await connection.read { $0.hasSuffix("}") }.hasPrefix("HTTP/1.1 413"))
        connection.close()
        let endless = RawConnection(port: server.port)
        await endless.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<400 { await endless.write(chunk) }
        #expect(await endless.read { _ in false }.isEmpty)
        endless.close()
        #expect(handled.value == 0)
        server.stop()
    }

    @Test func `in its headers is answered 431`() async throws {
        let server = try server()
        for size in [33_000, 60_000, 200_000] {
            let connection = RawConnection(port: server.port)
            let padding = String(repeating: "x", count: size)
            await connection.write("GET / HTTP/1.1\r\nHost: x\r\nX-Padding: \(padding)\r\n\r\n")
            let answer = await connection.read { $0.contains("\r\n\r\n") }
            #expect(answer.hasPrefix("HTTP/1.1 431"), "\(size)")
            connection.close()
        }
        #expect(handled.value == 0)
        server.stop()
    }
}

@Suite struct `Percent coding` {
    @Test(arguments: [
        ("", ""), ("abc", "abc"), ("%41", "A"), ("%c3%A9", "é"), ("%", "%"), ("%4", "%4"),
        ("%zz", "%zz"), ("100%25", "100%"), ("%FF", "\u{FFFD}"), ("a%2Fb", "a/b"),
    ])
    func `decodes what is coded and leaves the rest`(text: String, decoded: String) {
        #expect(PercentCoding.decode(text) == decoded)
    }

    @Test(arguments: ["", "a/b c?d=é&%+", "~-._", "\u{0}\u{7F}😀"])
    func `comes back`(text: String) {
        let encoded = PercentCoding.encode(text)
        #expect(PercentCoding.decode(encoded) == text)
        #expect(encoded.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2F })
    }
}
