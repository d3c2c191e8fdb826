import HTTPClient
import HTTPService
import Synchronization
import TestSupport
import Testing

@Suite struct AddressRuleTests {
    private func bytes(_ text: String) throws -> [UInt8] {
        if text.contains("."), !text.contains(":") {
            return text.split(separator: ".").compactMap { UInt8($0) }
        }
        let groups = text.split(separator: ",").compactMap { UInt16($0, radix: 16) }
        try #require(groups.count == 8)
        return groups.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    }

    @Test func `where networks overlap, the narrower one counts`() throws {
        let rule = try AddressRule("deny 10.0.0.0/8, allow 10.1.2.3 10.2.0.0/16\ndeny fd00::/8")
        for (address, expected) in [
            ("10.0.0.1", false), ("10.1.2.3", true), ("10.1.2.4", false), ("10.2.9.9", true),
            ("11.0.0.1", true), ("127.0.0.1", true), ("fd00,0,0,0,0,0,0,1", false),
            ("fe00,0,0,0,0,0,0,1", true),
        ] {
            #expect(try rule.allows(bytes(address)) == expected, "\(address)")
        }
        let few = try AddressRule("deny all, allow 192.168.0.0/16")
        #expect(try few.allows(bytes("192.168.1.1")))
        #expect(try !few.allows(bytes("8.8.8.8")))
        #expect(try !few.allows(bytes("2001,db8,0,0,0,0,0,1")))
        let both = try AddressRule("allow 10.0.0.0/8, deny 10.0.0.0/8")
        #expect(try !both.allows(bytes("10.0.0.1")))
    }

    @Test func `metadata services are out of reach unless the owner says otherwise`() throws {
        let plain = AddressRule()
        for address in [
            "169.254.169.254", "169.254.0.1", "fe80,0,0,0,0,0,0,1", "fd00,ec2,0,0,0,0,0,254",
            "100.100.100.200", "168.63.129.16", "fd20,ce,0,0,0,0,0,254", "0.0.0.0",
            "0,0,0,0,0,0,0,0",
            // The same ones, dressed up as addresses of version 6.
            "0,0,0,0,0,ffff,a9fe,a9fe", "64,ff9b,0,0,0,0,a9fe,a9fe", "2002,a9fe,a9fe,0,0,0,0,1",
            "0,0,0,0,0,0,a9fe,a9fe",
            // Behind prefixes of 48, 56, 64 and 96 bits of a translator of one's own.
            "64,ff9b,1,a9fe,a9,fe00,0,0", "64,ff9b,1,a9,fe,a9fe,0,0",
            "64,ff9b,1,0,a9,fea9,fe00,0", "64,ff9b,1,2,3,4,a9fe,a9fe",
        ] {
            #expect(try !plain.allows(bytes(address)), "\(address)")
        }
        for address in ["127.0.0.1", "10.0.0.1", "8.8.8.8", "0,0,0,0,0,0,0,1"] {
            #expect(try plain.allows(bytes(address)), "\(address)")
        }
        let asked = try AddressRule("allow 169.254.169.254")
        #expect(try asked.allows(bytes("169.254.169.254")))
        #expect(try !asked.allows(bytes("169.254.169.253")))
        #expect(try !AddressRule("allow all").allows(bytes("169.254.169.254")))
    }

    @Test func `what is no rule is a flaw that says what to write`() {
        for text in [
            "10.0.0.0/8", "deny", "deny 10.0.0.0/33", "deny host", "allow 1.2.3", "deny ::/x",
        ] {
            #expect(throws: AddressRule.Flaw.self, "\(text)") { try AddressRule(text) }
        }
        #expect(throws: Never.self) { try AddressRule(" \n, ") }
    }
}

@Suite(.tags(.integration), .timeLimit(.minutes(1))) struct `A guarded request` {
    private func problem(_ call: HTTPCall, _ client: HTTPClient) async -> HTTPClientError.Problem? {
        do throws(HTTPClientError) {
            _ = try await client.send(call)
            return nil
        } catch {
            return error.problem
        }
    }

    @Test func `does not reach what its rule forbids, whichever way leads there`()
        async throws
    {
        let asked = Mutex(0)
        let server = try HTTPServer(settings: HTTPServerSettings()) { request in
            asked.withLock { $0 += 1 }
            return request.path == "/away"
                ? HTTPResponse(status: 302, headers: [("Location", "http://169.254.169.254/")])
                : HTTPResponse(status: 200)
        }
        let client = HTTPClient()
        var call = HTTPCall(url: "http://localhost:\(server.port)/", proxy: .none)
        call.addresses = try AddressRule("deny 127.0.0.0/8 ::1")
        guard case .forbiddenAddress = await problem(call, client) else {
            Issue.record("a name led around the rule")
            return
        }
        #expect(asked.withLock { $0 } == 0)
        // Somebody else may, and the connection is kept.
        call.addresses = AddressRule()
        #expect(await problem(call, client) == nil)
        call.addresses = try AddressRule("deny 127.0.0.0/8 ::1")
        guard case .forbiddenAddress = await problem(call, client) else {
            Issue.record("a kept connection led around the rule")
            return
        }
        #expect(asked.withLock { $0 } == 1)
        var away = HTTPCall(url: "http://127.0.0.1:\(server.port)/away", proxy: .none)
        away.redirectLimit = 3
        away.addresses = AddressRule()
        #expect(await problem(away, client) == .forbiddenAddress("169.254.169.254"))
        server.stop()
    }

    @Test func `is held up by its valve, so that no more comes than was asked for`() async throws {
        let count = 64
        let flood = Flood(chunks: count)
        let server = try HTTPServer(settings: HTTPServerSettings()) { _ in
            HTTPResponse(status: 200, body: .stream(flood))
        }
        let client = HTTPClient()
        let valve = TransferValve()
        let received = Mutex(0)
        var call = HTTPCall(url: "http://127.0.0.1:\(server.port)/", proxy: .none)
        call.maximumResponse = 1 << 30
        call.valve = valve
        let request = Task { [call] in
            try await client.stream(call) { event in
                guard case .chunk(let bytes) = event else { return }
                received.withLock { $0 += bytes.count }
                valve.close()
            }
        }
        try await requireEventually { received.withLock { $0 } > 0 }
        let before = received.withLock { $0 }
        #expect(before <= 1 << 20)
        #expect(flood.left > 0)
        while received.withLock({ $0 }) < count << 20 {
            valve.open()
            await Task.yield()
        }
        try await request.value
        #expect(received.withLock { $0 } == count << 20)
        server.stop()
    }
}

/// Chunks of 1 MiB.
private final class Flood: HTTPBodyStream {
    private let count: Mutex<Int>

    init(chunks: Int) {
        count = Mutex(chunks)
    }

    var left: Int { count.withLock { $0 } }

    func next() async -> [UInt8]? {
        let isOver = count.withLock { left in
            left -= 1
            return left < 0
        }
        return isOver ? nil : [UInt8](repeating: 0x78, count: 1 << 20)
    }

    func cancel() {}
}
