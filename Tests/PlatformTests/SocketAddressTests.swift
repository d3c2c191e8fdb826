import Platform
import TestSupport
import Testing

/// What these catch, each tried by breaking it: bytes in the wrong order or the wrong half, a kind
/// of address that is missed, an IPv4 host that is another one when it is seen from IPv6.
@Suite struct `A socket address` {
    @Test(arguments: [
        ("192.0.2.1:7946", "192.0.2.1:7946"), ("0.0.0.0:0", "0.0.0.0:0"),
        ("255.255.255.255:65535", "255.255.255.255:65535"), ("[::]:1", "[::]:1"),
        ("[2001:db8::1]:7946", "[2001:db8::1]:7946"),
        ("[2001:DB8:0:0:0:0:0:1]:7946", "[2001:db8::1]:7946"),
        ("[1:2:3:4:5:6:7:8]:9", "[1:2:3:4:5:6:7:8]:9"),
        ("[ffff:ffff:ffff:ffff:0:ffff:ffff:ffff]:9", "[ffff:ffff:ffff:ffff:0:ffff:ffff:ffff]:9"),
        // One host, whichever kind of socket saw it.
        ("[::ffff:192.0.2.1]:7946", "192.0.2.1:7946"), ("[::ffff:c000:201]:7946", "192.0.2.1:7946"),
        ("[::192.0.2.1]:7946", "[::192.0.2.1]:7946"),
    ])
    func `is written in one way`(text: String, written: String) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == written)
        #expect(SocketAddress(address.description) == address)
        #expect(address.at(port: 12).description.hasSuffix(":12"))
        #expect(address.at(port: address.port) == address)
    }

    @Test(arguments: [
        "", ":", ":7946", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1",
        "192.0.2:7946", "192.0.2.256:7946", "rota.example:7946", "::1:7946", "[::1]", "[::1:7946",
        "::1]:7946", "[::g]:7946", "[fe80::1%lo]:7946", "[1:2:3:4:5:6:7:8:9]:9", "[]:7946",
    ])
    func `in numbers is nothing else`(text: String) {
        #expect(SocketAddress(text) == nil)
    }

    @Test func `differs by host, port and kind`() {
        let texts = [
            "10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1", "[::a00:1]:1", "[a00:1::]:1", "[::1]:1",
            "[0:0:0:1::]:1", "[1::]:1",
        ]
        #expect(Set(texts.compactMap { SocketAddress($0) }).count == texts.count)
    }

    @Test(arguments: [
        ("127.0.0.1:1", true, false, false), ("127.255.0.9:1", true, false, false),
        ("128.0.0.1:1", false, false, false), ("[::1]:1", true, false, false),
        ("[::2]:1", false, false, false), ("[1::1]:1", false, false, false),
        ("[::ffff:127.0.0.1]:1", true, false, false),
        ("169.254.0.1:1", false, true, false), ("169.255.0.1:1", false, false, false),
        ("[fe80::1]:1", false, true, false), ("[febf:ffff::1]:1", false, true, false),
        ("[fec0::1]:1", false, false, false), ("[::ffff:169.254.0.1]:1", false, true, false),
        ("0.0.0.0:1", false, false, true), ("[::]:1", false, false, true),
        ("[::ffff:0.0.0.0]:1", false, false, true), ("0.0.0.1:1", false, false, false),
        ("[1::]:1", false, false, false),
    ])
    func `knows who can reach it`(
        text: String,
        isLoopback: Bool,
        isLinkLocal: Bool,
        isWildcard: Bool
    ) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.isLoopback == isLoopback)
        #expect(address.isLinkLocal == isLinkLocal)
        #expect(address.isWildcard == isWildcard)
    }

    @Test func `of a name is split from its port, brackets or not`() {
        func parts(_ text: String) -> [String]? {
            SocketAddress.split(text).map { [$0.host, "\($0.port)"] }
        }
        #expect(parts("rota.example:7946") == ["rota.example", "7946"])
        #expect(parts("[2001:db8::1]:7946") == ["2001:db8::1", "7946"])
        #expect(parts("[rota.example]:7946") == ["rota.example", "7946"])
        #expect(parts("2001:db8::1:7946") == nil)
        #expect(parts("[]:7946") == nil)
        #expect(parts("rota.example") == nil)
    }

    @Test func `of a number is found without asking anybody`() {
        for text in ["127.0.0.1:80", "[::1]:80", "[2001:db8::7]:80"] {
            let host = SocketAddress.split(text)?.host ?? ""
            let found = SocketAddress.resolve(host: host, port: 80)
            #expect(found.map(\.description) == [text])
        }
    }

    @Test(arguments: ["127.0.0.1:0", "[::1]:0"])
    func `comes back from the kernel as it went there`(text: String) async throws {
        let local = try #require(SocketAddress(text))
        let listener = try Socket.listener(at: local)
        let bound = try #require(listener.localAddress)
        #expect(bound.at(port: 0) == local && bound.port > 0)
        let guest = try Socket.connecting(to: bound)
        var accepted: Socket?
        try await requireEventually {
            accepted = listener.accept()
            return accepted != nil
        }
        #expect(guest.remoteAddress == bound)
        #expect(accepted?.localAddress == bound)
        #expect(accepted?.remoteAddress == guest.localAddress)
        #expect(guest.connectionError == 0)
    }
}
