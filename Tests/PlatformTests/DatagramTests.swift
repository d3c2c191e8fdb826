import Platform
import TestSupport
import Testing

/// What these catch, each tried by breaking it: a datagram read at another one's place or length, a
/// sender's address of the wrong one, a refused address that takes the others with it.
@Suite(.timeLimit(.minutes(1))) struct `Many datagrams at a time` {
    private static let longest = 600

    /// All that arrives until `count` have come.
    private func collect(
        _ count: Int,
        from socket: Socket,
        into buffer: DatagramBuffer
    ) async throws -> [(bytes: [UInt8], from: SocketAddress)] {
        var all: [(bytes: [UInt8], from: SocketAddress)] = []
        try await requireEventually {
            switch buffer.receive(from: socket) {
            case .datagrams(let count):
                all += (0..<count).compactMap { buffer.datagram($0) }
            case .nothing: break
            case .failed(let code): Issue.record("receiving failed with \(code)")
            }
            return all.count >= count
        }
        return all
    }

    @Test(arguments: ["127.0.0.1:0", "[::1]:0"])
    func `come whole, each with its sender, and are told apart from what was there before`(
        text: String
    ) async throws {
        let place = try #require(SocketAddress(text))
        let receiver = try Socket.datagrams(at: place)
        let senders = try (0..<3).map { _ in try Socket.datagrams(at: place) }
        let target = try #require(receiver.localAddress)
        let buffer = DatagramBuffer(longest: Self.longest)
        #expect(buffer.receive(from: receiver) == .nothing)
        // More than fit one call, of all lengths; the second time shorter ones than the first.
        for round in 0..<2 {
            var sent: [[UInt8]: SocketAddress?] = [:]
            for number in 0..<70 {
                let length = (number * 37 + round) % (round == 0 ? Self.longest : 100)
                let bytes = [UInt8(number), UInt8(round)] + [UInt8](repeating: 7, count: length)
                let sender = senders[number % 3]
                #expect(sender.send(bytes, to: target) == 0)
                sent[Array(bytes.prefix(Self.longest))] = sender.localAddress
            }
            let all = try await collect(70, from: receiver, into: buffer)
            #expect(all.count == 70)
            for (bytes, from) in all { #expect(sent[bytes] == from) }
        }
        #expect(buffer.receive(from: receiver) == .nothing)
    }

    @Test func `are taken at most 32 in a call`() async throws {
        let place = try #require(SocketAddress("127.0.0.1:0"))
        let receiver = try Socket.datagrams(at: place)
        let sender = try Socket.datagrams(at: place)
        let target = try #require(receiver.localAddress)
        for number in 0..<40 { #expect(sender.send([UInt8(number)], to: target) == 0) }
        let buffer = DatagramBuffer(longest: Self.longest)
        // On loopback they have arrived when they are sent.
        #expect(buffer.receive(from: receiver) == .datagrams(32))
        #expect((0..<32).map { buffer.datagram($0)?.bytes ?? [] } == (0..<32).map { [UInt8($0)] })
        #expect(buffer.receive(from: receiver) == .datagrams(8))
        #expect((0..<8).map { buffer.datagram($0)?.bytes ?? [] } == (32..<40).map { [UInt8($0)] })
        #expect(buffer.receive(from: receiver) == .nothing)
    }

    @Test func `that are too long are cut, and empty ones are datagrams too`() async throws {
        let place = try #require(SocketAddress("127.0.0.1:0"))
        let receiver = try Socket.datagrams(at: place)
        let target = try #require(receiver.localAddress)
        let sender = try Socket.datagrams(at: place)
        let long = (0..<Self.longest + 50).map { UInt8($0 % 251) }
        for bytes in [long, [], [5]] { #expect(sender.send(bytes, to: target) == 0) }
        let buffer = DatagramBuffer(longest: Self.longest)
        let all = try await collect(3, from: receiver, into: buffer)
        #expect(all.map(\.bytes) == [Array(long.prefix(Self.longest)), [], [5]])
    }

    @Test func `go to every address but those that the kernel refuses`() async throws {
        let place = try #require(SocketAddress("127.0.0.1:0"))
        let sender = try Socket.datagrams(at: place)
        let receivers = try (0..<70).map { _ in try Socket.datagrams(at: place) }
        var targets = receivers.compactMap(\.localAddress)
        #expect(sender.send([1, 2, 3], to: targets) == 0)
        // Port 0 cannot be sent to; nor can IPv6 from a socket of IPv4.
        let refused = try ["127.0.0.1:0", "[::1]:9"].map { try #require(SocketAddress($0)) }
        for position in [70, 69, 35, 1, 0] { targets.insert(refused[position % 2], at: position) }
        #expect(sender.send([4], to: targets) == 5)
        #expect(sender.send([5], to: refused) == 2)
        #expect(sender.send([6], to: []) == 0)
        let buffer = DatagramBuffer(longest: Self.longest)
        for receiver in receivers {
            let all = try await collect(2, from: receiver, into: buffer)
            #expect(all.map(\.bytes) == [[1, 2, 3], [4]])
            #expect(all.allSatisfy { $0.from == sender.localAddress })
        }
    }

    @Test func `to a socket for both kinds of addresses come from who sent them, and go back`()
        async throws
    {
        let both = try Socket.datagrams(at: try #require(SocketAddress("[::]:0")))
        let port = try #require(both.localAddress).port
        let buffer = DatagramBuffer(longest: Self.longest)
        for text in ["127.0.0.1:0", "[::1]:0"] {
            let place = try #require(SocketAddress(text))
            let peer = try Socket.datagrams(at: place)
            let address = try #require(peer.localAddress)
            #expect(peer.send([9], to: place.at(port: port)) == 0)
            let came = try await collect(1, from: both, into: buffer)
            #expect(came.map(\.from) == [address])
            #expect(both.send([8], to: [address]) == 0)
            let back = try await collect(1, from: peer, into: buffer)
            #expect(back.map(\.bytes) == [[8]])
            #expect(back.map(\.from) == [place.at(port: port)])
        }
    }
}
