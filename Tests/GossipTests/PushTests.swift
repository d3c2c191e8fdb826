import Gossip
import GossipSimulator
import TestSupport
import Testing
import Vocabulary

/// One member of twenty that gets changes first, and the clock it lives by.
private struct Publisher {
    struct Sent {
        let frames: [Frame]
        let address: PeerAddress
        let at: MonotonicInstant
    }

    let tuning = GossipTuning()
    private(set) var now = MonotonicInstant(sinceBoot: .seconds(100))
    private(set) var sent: [Sent] = []
    private var machine: GossipMachine
    private var alarms: [MonotonicInstant] = []
    var list = ModelList()

    init() {
        var tuning = tuning
        tuning.knocks = false
        machine = GossipMachine(
            me: Simulator.member(NodeName("me"), PeerAddress("10.0.0.0:1"), bootEpoch: 5),
            contacts: [],
            position: .start,
            tuning: tuning,
            seed: 1
        )
        hear(.start)
        for number in 1..<20 {
            let name = NodeName("n\(number)")
            let address = PeerAddress("10.0.0.\(number):1")
            let statement = Statement(Simulator.member(name, address, bootEpoch: 5), by: name)
            hear(.packet([.statement(statement)], from: address))
        }
        // Probes are not what this is about: nobody answers, and within this time nobody is failed.
        pass(.milliseconds(50))
        sent = []
    }

    mutating func hear(_ event: GossipEvent) {
        for action in machine.handle(event, at: now) {
            switch action {
            case .send(let frames, let address):
                sent.append(Sent(frames: frames, address: address, at: now))
            case .wake(let due): alarms.append(due)
            case .apply(let batches):
                _ = list.apply(batches)
                hear(.applied(.applied(list.position)))
            case _: break
            }
        }
    }

    /// Lets time go by, with every alarm at its instant.
    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        while let due = alarms.min(), due <= end {
            alarms.removeAll { $0 <= due }
            now = max(now, due)
            hear(.wake)
        }
        now = end
    }

    /// The list here gets one more change, which is to be passed on.
    @discardableResult
    mutating func publish(body: Int) -> ChangeBatch {
        let batch = list.next(body: body)
        _ = list.apply([batch])
        hear(.published(batch))
        return batch
    }

    /// Packets with changes in them, in the order sent.
    var pushes: [Sent] {
        sent.filter { !$0.batches.isEmpty }
    }

    /// The highest revision that each member has been told of, pushed or announced.
    var told: [PeerAddress: Revision] {
        var told: [PeerAddress: Revision] = [:]
        for packet in sent {
            for frame in packet.frames {
                switch frame {
                case .batch(let batch):
                    told[packet.address] = max(
                        told[packet.address] ?? .zero,
                        batch.position.revision
                    )
                case .have(let sender):
                    told[packet.address] = max(
                        told[packet.address] ?? .zero,
                        sender.position.revision
                    )
                case _: break
                }
            }
        }
        return told
    }
}

extension Publisher.Sent {
    var batches: [ChangeBatch] {
        frames.compactMap { if case .batch(let batch) = $0 { batch } else { nil } }
    }
}

/// What these are to catch: a lone change that waits, packets that do not fit,
/// floods that are pushed one by one, and the end of a flood that nobody is told of.
@Suite struct `Pushed changes` {
    @Test func `go out at once from a quiet member, to several others`() {
        var publisher = Publisher()
        let before = publisher.now
        let batch = publisher.publish(body: 150)
        // What is due now is carried out now, be it by a wake.
        publisher.pass(.zero)
        let pushes = publisher.pushes
        #expect(pushes.allSatisfy { $0.batches == [batch] && $0.at == before })
        let addresses = pushes.map(\.address)
        #expect(Set(addresses).count == addresses.count)
        // Three by chance, and the neighbour in the ring.
        #expect(addresses.count == 4)
        #expect(!addresses.contains(PeerAddress("10.0.0.0:1")))
    }

    @Test func `always go to whoever comes next by name, and to others by chance`() {
        var publisher = Publisher()
        var others: Set<PeerAddress> = []
        for _ in 0..<20 {
            let before = publisher.pushes.count
            publisher.publish(body: 150)
            publisher.pass(.milliseconds(30))
            let addresses = publisher.pushes[before...].map(\.address)
            #expect(addresses.contains(PeerAddress("10.0.0.1:1")), "n1 comes after me")
            others.formUnion(addresses)
        }
        #expect(others.count > 15)
    }

    @Test(arguments: [(10, 150), (100, 150), (1_000, 150), (30, 1_100), (40, 700), (3, 20_000)])
    func `in a flood share packets that fit, and all of them are told of`(
        count: Int,
        body: Int
    ) throws {
        var publisher = Publisher()
        for _ in 0..<count {
            publisher.publish(body: body)
            publisher.pass(.microseconds(100))
        }
        publisher.pass(.milliseconds(300))
        let limit = publisher.tuning.packetLimit
        for packet in publisher.sent {
            #expect(PacketCodec.encode(packet.frames).count <= limit)
        }
        for push in publisher.pushes {
            let revisions = push.batches.map(\.position.revision)
            #expect(revisions == revisions.sorted())
            for batch in push.batches {
                #expect(PacketCodec.size(of: .batch(batch)) <= publisher.tuning.payloadLimit)
            }
        }
        // Nobody pushes without end: a packet costs each of its receivers as much as it costs us.
        var bytesPerWindow: [MonotonicInstant: Int] = [:]
        let first = publisher.pushes.first?.address
        for push in publisher.pushes where push.address == first {
            bytesPerWindow[push.at, default: 0] += PacketCodec.encode(push.frames).count
        }
        #expect(bytesPerWindow.values.allSatisfy { $0 <= publisher.tuning.pushLimit + 100 })
        let moments = Set(publisher.pushes.map(\.at)).count
        let span = Duration.microseconds(100) * count
        #expect(moments <= 2 + Int(span / publisher.tuning.pushWindow))
        // Whoever was told anything later than all else was told of the last one.
        let head = publisher.list.position.revision
        #expect(publisher.told.values.count { $0 == head } >= 5)
    }

    @Test func `share turns while they come without end, though their pace falters`() {
        var publisher = Publisher()
        let count = 100
        for number in 0..<count {
            publisher.publish(body: 150)
            publisher.pass(.milliseconds(number % 5 == 4 ? 20 : 9))
        }
        let moments = Set(publisher.pushes.map(\.at)).count
        #expect(moments < count * 2 / 3)
    }

    @Test func `are pushed again at once when the flood is over`() {
        var publisher = Publisher()
        for _ in 0..<500 { publisher.publish(body: 150) }
        publisher.pass(.milliseconds(500))
        let before = publisher.now
        let batch = publisher.publish(body: 150)
        publisher.pass(publisher.tuning.longestPushWindow)
        let push = publisher.pushes.last { $0.batches.contains(batch) }
        #expect(push.map { before.duration(to: $0.at) <= publisher.tuning.pushWindow } == true)
    }

    @Test(arguments: [1, 10, 300, 1_500])
    func `are with everybody soon, however many come at once`(count: Int) {
        let cluster = Simulator(20, seed: UInt64(count))
        cluster.startAll()
        cluster.run(for: .seconds(5))
        let before = cluster.packets
        for _ in 0..<count { cluster.commit(on: 3) }
        let took = cluster.run(until: { $0.areListsEqual }, atMost: .seconds(3))
        #expect(took != nil)
        #expect(cluster.nodes.allSatisfy { $0.storeAsked == 0 })
        // Sharing packets is what makes a flood cheaper than as many single changes.
        let each = (cluster.packets - before) / count
        #expect(each <= (count == 1 ? 1_000 : 250), "\(each) packets for each change")
    }
}
