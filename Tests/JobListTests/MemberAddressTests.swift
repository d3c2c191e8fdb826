import HTTPService
import JobList
import Testing

/// What these are to catch: an IPv6 address cut at its first colon, and one told without brackets.
struct `A member's address` {
    @Test(arguments: [
        ("127.0.0.1:0", nil, "127.0.0.1:8471"),
        ("node-1.example:0", nil, "node-1.example:8471"),
        ("0.0.0.0:0", "192.0.2.7:7946", "192.0.2.7:8471"),
        ("0.0.0.0:0", "[2001:db8::7]:7946", "[2001:db8::7]:8471"),
        ("[2001:db8::1]:0", nil, "[2001:db8::1]:8471"),
        ("[::]:0", "[2001:db8::7]:7946", "[2001:db8::7]:8471"),
        ("[::]:0", "192.0.2.7:7946", "192.0.2.7:8471"),
        ("192.0.2.1:0", "198.51.100.1:7946", "192.0.2.1:8471"),
    ])
    func `is told as others dial it`(listen: String, advertise: String?, told: String) {
        #expect(MemberAddress.http(listen: listen, port: 8_471, advertise: advertise) == told)
    }

    @Test(arguments: [
        ("127.0.0.1:8471", "127.0.0.1", 8_471), ("[::1]:0", "::1", 0), ("[::]:8471", "::", 8_471),
        ("localhost:1", "localhost", 1),
    ])
    func `is where its server listens`(listen: String, host: String, port: Int) {
        let settings = HTTPServerSettings(listen: listen)
        #expect(settings.address == host)
        #expect(settings.port == port)
    }

    @Test func `serves HTTP at an IPv6 address`() throws {
        let server = try HTTPServer(settings: HTTPServerSettings(listen: "[::1]:0")) { _ in
            .text("here")
        }
        defer { server.stop() }
        #expect(server.port > 0)
    }
}
