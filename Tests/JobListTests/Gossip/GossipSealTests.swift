import Gossip
import Sealing
import Testing
import Vocabulary

@testable import JobList

@Suite struct `Sealed packets` {
    private let keys = GossipKeys(key: .random(), clusterID: "test")

    @Test func `say under which key they are, and are opened under that alone`() throws {
        let ring = keys.ring
        let (wider, id) = try ring.adding(.random(), at: .epoch, by: "li")
        let both = GossipKeys(wider)
        var old = PacketSeal(keys: keys)
        var new = PacketSeal(keys: GossipKeys(try wider.using(id)))
        var open = PacketSeal(keys: both)
        #expect(open.open(old.seal([1])) == .packet([1], under: .first))
        #expect(open.open(new.seal([2])) == .packet([2], under: id))
        #expect(old.open(new.seal([3])) == .refused(.unknownKey(id)))
        // A packet that names another key than it was sealed with is nobody's.
        var lying = new.seal([4])
        lying[3] = KeyID.first.rawValue
        #expect(open.open(lying) == .refused(.foreign))
    }

    @Test func `follow the ring while they fly`() throws {
        var sender = PacketSeal(keys: keys)
        var receiver = PacketSeal(keys: GossipKeys(keys.ring))
        let (wider, id) = try keys.ring.adding(.random(), at: .epoch, by: "li")
        #expect(keys.install(wider))
        #expect(receiver.open(sender.seal([1])) == .packet([1], under: .first))
        #expect(keys.install(try wider.using(id)))
        #expect(receiver.open(sender.seal([2])) == .refused(.unknownKey(id)))
    }

    @Test func `never use a nonce twice, also across keys`() throws {
        var seal = PacketSeal(keys: keys, session: 7)
        let packets = (0..<100).map { _ in seal.seal([]) }
        #expect(Set(packets.map { Array($0[4..<20]) }).count == 100)
    }

    @Test func `are refused when any bit of header or contents is another`() {
        var sender = PacketSeal(keys: keys)
        let packet = sender.seal([1, 2, 3])
        for place in packet.indices {
            var receiver = PacketSeal(keys: keys)
            var damaged = packet
            damaged[place] ^= 1
            guard case .refused = receiver.open(damaged) else {
                Issue.record("byte \(place) may be changed")
                continue
            }
            #expect(receiver.open(packet) == .packet([1, 2, 3], under: .first))
        }
        for count in 0..<packet.count {
            var receiver = PacketSeal(keys: keys)
            #expect(receiver.open(Array(packet[..<count])) == .refused(.foreign))
        }
    }

    @Test func `come from another cluster in vain, with the same key`() {
        let key = SecretKey.random()
        var here = PacketSeal(keys: GossipKeys(key: key, clusterID: "here"))
        var there = PacketSeal(keys: GossipKeys(key: key, clusterID: "there"))
        #expect(there.open(here.seal([1])) == .refused(.foreign))
    }

    @Test func `without a key belong to a cluster by its name`() {
        var here = PacketSeal(keys: GossipKeys(key: nil, clusterID: "here"))
        var same = PacketSeal(keys: GossipKeys(key: nil, clusterID: "here"))
        var keyed = PacketSeal(keys: GossipKeys(key: .random(), clusterID: "here"))
        #expect(same.open(here.seal([1])) == .packet([1], under: .unkeyed))
        #expect(keyed.open(here.seal([1])) == .refused(.unknownKey(.unkeyed)))
    }

    @Test func `count once, a late one too, and an old one not at all`() {
        var sender = PacketSeal(keys: keys)
        var receiver = PacketSeal(keys: keys)
        let packets = (0..<1_100).map { sender.seal([UInt8($0 % 256)]) }
        #expect(receiver.open(packets[1_099]) != .refused(.replayed))
        #expect(receiver.open(packets[76]) != .refused(.replayed))
        #expect(receiver.open(packets[75]) == .refused(.replayed))
        for place in [76, 1_099] { #expect(receiver.open(packets[place]) == .refused(.replayed)) }
        // One's own, sent back.
        #expect(sender.open(packets[5]) == .refused(.replayed))
    }

    @Test func `of ever more sessions cost no more memory`() {
        var windows = ReplayWindows()
        for session in 0..<UInt64(ReplayWindows.sessionLimit + 10) {
            #expect(windows.accept(1, of: session) == true)
        }
        #expect(windows.sessionCount == ReplayWindows.sessionLimit)
        let newest = UInt64(ReplayWindows.sessionLimit + 9)
        #expect(windows.accept(1, of: newest) == false)
    }

    @Test func `to a stranger are no longer than what came`() {
        let sender = Sender(name: NodeName("a"), bootEpoch: 1, position: .start)
        let statement = Frame.statement(
            Statement(
                Member(
                    name: NodeName("b"),
                    role: .node,
                    address: PeerAddress("10.0.0.1:7946"),
                    standing: Standing(bootEpoch: 1, incarnation: 0, state: .alive)
                ),
                by: NodeName("a")
            )
        )
        let asked = [Frame.ping(1, target: nil, from: sender), statement]
        var seal = PacketSeal(keys: keys)
        let received = seal.seal(PacketCodec.encode(asked)).count
        let answer = [.ack(1, from: sender)] + [Frame](repeating: statement, count: 20)
        let told = PacketManners.answer(answer, toStrangerWho: received)
        #expect(told.first == .ack(1, from: sender))
        #expect(told.count < answer.count)
        #expect(seal.seal(PacketCodec.encode(told)).count <= received)
        // An ack says more than a short ping, and whoever joins needs it.
        #expect(PacketManners.answer(answer, toStrangerWho: 10) == [.ack(1, from: sender)])
        #expect(PacketManners.answer([statement], toStrangerWho: 10).isEmpty)
    }
}
