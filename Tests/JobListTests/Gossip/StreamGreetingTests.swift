import Platform
import Sealing
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import JobList

/// Two ends of one connection, on loops of their own.
private struct Line {
    static let patience = Duration.seconds(5)

    let loop = EventLoop(name: "line")
    let listener: Socket
    let address: SocketAddress

    init() throws {
        let local = try #require(SocketAddress("127.0.0.1:0"))
        listener = try Socket.listener(at: local)
        address = try #require(listener.localAddress)
    }

    var readiness: Readiness {
        Readiness(on: loop, until: SystemClock.monotonic.advanced(by: Self.patience))
    }

    func accepted() async -> Socket? {
        let found = Mutex<Socket?>(nil)
        _ = await eventually {
            if let socket = listener.accept() { found.withLock { $0 = socket } }
            return found.withLock { $0 != nil }
        }
        return found.withLock(\.self)
    }
}

@Suite(.tags(.integration), .timeLimit(.minutes(1)))
struct `Stream greetings` {
    private let ring = KeyRing(first: .random(), clusterID: "test")

    @Test func `read what they write and nothing else`() throws {
        let greeting = StreamGreeting(
            key: KeyID(7),
            cluster: 0x0102_0304_0506_0708,
            ephemeral: EphemeralKey().publicBytes
        )
        #expect(greeting.bytes.count == StreamGreeting.length)
        #expect(StreamGreeting(greeting.bytes) == greeting)
        #expect(greeting.clusterFingerprint == "0102030405060708")
        for place in [0, 1, 2, 5, 6, 7] {
            var damaged = greeting.bytes
            damaged[place] ^= 0x80
            #expect(StreamGreeting(damaged) == nil)
        }
        var unknown = greeting.bytes
        unknown[3] = 9
        #expect(StreamGreeting(unknown) == nil)
        #expect(StreamGreeting(Array(greeting.bytes.dropLast())) == nil)
        #expect(StreamGreeting([]) == nil)
    }

    @Test func `give two directions of keys that depend on all that was said`() throws {
        let keys = GossipKeys(ring)
        let (mine, yours) = (EphemeralKey(), EphemeralKey())
        let secret = try #require(mine.shared(with: yours.publicBytes))
        let client = StreamGreeting(key: .first, cluster: 1, ephemeral: mine.publicBytes)
        let server = StreamGreeting(key: .first, cluster: 1, ephemeral: yours.publicBytes)
        func keyed(
            _ client: StreamGreeting,
            _ server: StreamGreeting,
            _ id: String = "test"
        )
            -> StreamKeys
        {
            StreamKeys(
                keys.view.used,
                clusterID: Array(id.utf8),
                client: client,
                server: server,
                secret: secret
            )
        }
        let made = keyed(client, server)
        #expect(made.fromClient == keyed(client, server).fromClient)
        #expect(made.fromClient != made.fromServer)
        #expect(made.fromClient != keyed(server, client).fromClient)
        #expect(made.fromClient != keyed(client, server, "other").fromClient)
        let other = StreamGreeting(key: .first, cluster: 2, ephemeral: yours.publicBytes)
        #expect(made.fromClient != keyed(client, other).fromClient)
    }

    /// What came of a guest under `guest` at a host under `host`, at either end.
    private func meet(
        _ guest: GossipKeys,
        _ host: GossipKeys
    ) async throws -> (guest: StreamFault?, host: StreamFault?) {
        let line = try Line()
        async let dialled: StreamFault? = {
            do throws(StreamFault) {
                var pipe = try await StreamPipe.dial(
                    line.address,
                    keys: guest,
                    readiness: line.readiness
                )
                try await pipe.send(Array("hello".utf8))
                guard try await pipe.receive(limit: 5) == Array("world".utf8) else {
                    return .malformed
                }
                return nil
            } catch { return error }
        }()
        let socket = try #require(await line.accepted())
        var taken: StreamFault?
        do throws(StreamFault) {
            var pipe = try await StreamPipe.take(socket, keys: host, readiness: line.readiness)
            let said = try await pipe.receive(limit: 5)
            taken = said == Array("hello".utf8) ? nil : .malformed
            try await pipe.send(Array("world".utf8))
        } catch { taken = error }
        return (await dialled, taken)
    }

    @Test func `let two talk whose keys in use differ, if the host has both`() async throws {
        let (wider, id) = try ring.adding(.random(), at: .epoch, by: "li")
        let (old, both) = (GossipKeys(ring), GossipKeys(try wider.using(id)))
        let forth = try await meet(old, both)
        #expect(forth == (nil, nil))
        let back = try await meet(both, old)
        #expect(back.guest == .keyRefused(id, theirs: .first))
        #expect(back.host == .unknownKey(id))
    }

    @Test func `tell two clusters apart by name, on both sides`() async throws {
        let other = GossipKeys(KeyRing(first: .random(), clusterID: "other"))
        let own = GossipKeys(ring)
        let met = try await meet(other, own)
        #expect(met.guest == .otherCluster(own.ring.clusterFingerprint))
        #expect(met.host == .otherCluster(other.ring.clusterFingerprint))
    }

    @Test func `let nobody in who has the names and not the key`() async throws {
        let falseRing = KeyRing(first: .random(), clusterID: "test")
        let met = try await meet(GossipKeys(falseRing), GossipKeys(ring))
        #expect(met.host == .foreign)
        #expect(met.guest != nil)
    }

    @Test func `are not believed of a longer first frame than a proof needs`() async throws {
        let line = try Line()
        let keys = GossipKeys(ring)
        let guest = try Socket.connecting(to: line.address)
        let socket = try #require(await line.accepted())
        let greeting = StreamGreeting(
            key: .first,
            cluster: keys.clusterMark,
            ephemeral: EphemeralKey().publicBytes
        )
        let header = [UInt8](repeating: 1, count: FrameSealer.headerLength)
        #expect(guest.write((greeting.bytes + header + [0, 0, 0, 18])[...]) == 76)
        var fault: StreamFault?
        do throws(StreamFault) {
            _ = try await StreamPipe.take(socket, keys: keys, readiness: line.readiness)
        } catch { fault = error }
        #expect(fault == .foreign)
    }

    @Test func `of a stranger are answered by no more than they are long`() async throws {
        let line = try Line()
        let guest = try Socket.connecting(to: line.address)
        let socket = try #require(await line.accepted())
        let keys = GossipKeys(ring)
        let greeting = StreamGreeting(
            key: KeyID(9),
            cluster: keys.clusterMark,
            ephemeral: EphemeralKey().publicBytes
        )
        _ = guest.write(greeting.bytes[...])
        var fault: StreamFault?
        do throws(StreamFault) {
            _ = try await StreamPipe.take(socket, keys: keys, readiness: line.readiness)
        } catch { fault = error }
        #expect(fault == .unknownKey(KeyID(9)))
        var heard: [UInt8] = []
        _ = await eventually {
            if case .bytes(let bytes) = guest.read(atMost: 1_000) { heard += bytes }
            return heard.count >= StreamGreeting.length
        }
        #expect(heard.count == StreamGreeting.length)
        #expect(StreamGreeting(heard)?.verdict == .unknownKey)
        #expect(StreamGreeting(heard)?.key == .first)
    }
}
