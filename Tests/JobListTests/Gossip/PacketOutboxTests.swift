import Gossip
import Platform
import Testing
import Vocabulary

@testable import JobList

/// What these catch, each tried by breaking it: one seal for two packets to the same address, packets
/// that change places or are left for later, a stranger's packet that others get as well.
@Suite struct `Packets of one event` {
    private let addresses: [SocketAddress]
    private let one: [Frame]
    private let other: [Frame]

    init() throws {
        addresses = try (1...3).map { try #require(SocketAddress("10.0.0.\($0):7946")) }
        func frames(_ name: String) -> [Frame] {
            [.have(Sender(name: NodeName(name), bootEpoch: 1, position: .start))]
        }
        one = frames("one")
        other = frames("other")
    }

    /// Numbers what it seals, so that no two packets are alike.
    private struct Sealer {
        var sealed: [[Frame]] = []

        mutating func seal(_ frames: [Frame]) -> [UInt8] {
            sealed.append(frames)
            return [UInt8(sealed.count)]
        }
    }

    @Test func `that say the same are sealed once, and go to all`() {
        var outbox = PacketOutbox()
        var sealer = Sealer()
        for address in addresses { outbox.add(one, to: address) { sealer.seal($0) } }
        let packets = outbox.take()
        #expect(packets.map(\.packet) == [[1]])
        #expect(packets.map(\.addresses) == [addresses])
        #expect(sealer.sealed == [one])
    }

    @Test func `to the same address are never the same packet`() {
        var outbox = PacketOutbox()
        var sealer = Sealer()
        for address in [addresses[0], addresses[1], addresses[0], addresses[1], addresses[0]] {
            outbox.add(one, to: address) { sealer.seal($0) }
        }
        // The receiver would take the second one for a recording.
        let packets = outbox.take()
        for packet in packets { #expect(Set(packet.addresses).count == packet.addresses.count) }
        #expect(packets.flatMap(\.addresses).count == 5)
        #expect(packets.count == 3)
        #expect(sealer.sealed == [one, one, one])
    }

    @Test func `keep their order`() {
        var outbox = PacketOutbox()
        var sealer = Sealer()
        for frames in [one, other, one] { outbox.add(frames, to: addresses[0]) { sealer.seal($0) } }
        outbox.add(one, to: addresses[1]) { sealer.seal($0) }
        let packets = outbox.take()
        #expect(packets.map(\.packet) == [[1], [2], [3]])
        #expect(packets.map(\.addresses.count) == [1, 1, 2])
        #expect(sealer.sealed == [one, other, one])
    }

    @Test func `to a stranger are its own alone`() {
        var outbox = PacketOutbox()
        var sealer = Sealer()
        outbox.add(one, to: addresses[0]) { sealer.seal($0) }
        outbox.add(sealed: [99], to: addresses[1])
        // Not with the stranger's, which may be cut short, nor past it with the first.
        outbox.add(one, to: addresses[2]) { sealer.seal($0) }
        let packets = outbox.take()
        #expect(packets.map(\.packet) == [[1], [99], [2]])
        #expect(packets.map(\.addresses) == addresses.map { [$0] })
    }

    @Test func `are gone once taken, and so is what they were sealed as`() {
        var outbox = PacketOutbox()
        var sealer = Sealer()
        #expect(outbox.take().isEmpty)
        outbox.add(one, to: addresses[0]) { sealer.seal($0) }
        #expect(outbox.take().count == 1)
        #expect(outbox.take().isEmpty)
        // What went out cannot be added to.
        outbox.add(one, to: addresses[1]) { sealer.seal($0) }
        let packets = outbox.take()
        #expect(packets.map(\.packet) == [[2]])
        #expect(packets.map(\.addresses) == [[addresses[1]]])
    }
}
