import Gossip
import GossipSimulator
import TestSupport
import Testing
import Vocabulary

/// Missing changes asked for by datagrams.
@Suite struct `Wants` {
    /// A cluster that has settled with some changes, and what the store would commit next.
    private func cluster(
        _ count: Int,
        seed: UInt64
    ) -> (cluster: Simulator, next: [ChangeBatch]) {
        let cluster = Simulator(count, seed: seed)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        for _ in 0..<3 { cluster.commit(on: 0) }
        cluster.run(for: .seconds(2))
        var next: [ChangeBatch] = []
        for _ in 0..<4 { next.append(cluster.commitSilently()) }
        return (cluster, next)
    }

    private func have(_ head: Position, _ peer: Member) -> GossipEvent {
        let sender = Sender(name: peer.name, bootEpoch: peer.bootEpoch, position: head)
        return .packet([.have(sender)], from: peer.address)
    }

    private func members(of machine: GossipMachine) -> [Member] {
        machine.members.filter { $0.name != NodeName("n0") }
    }

    /// Wakes `machine` until it asks somebody, at most a second.
    private func question(
        of machine: inout GossipMachine,
        _ now: inout MonotonicInstant
    ) -> (want: Revision?, stream: UInt64?, from: PeerAddress?) {
        for _ in 0..<200 {
            now = now.advanced(by: .milliseconds(5))
            for action in machine.handle(.wake, at: now) {
                switch action {
                case .send(let frames, let address):
                    for case .want(let revision) in frames { return (revision, nil, address) }
                case .exchange(let number, .pull, let address): return (nil, number, address)
                case _: break
                }
            }
        }
        return (nil, nil, nil)
    }

    private func applied(_ actions: [GossipAction]) -> [ChangeBatch] {
        actions.flatMap { action -> [ChangeBatch] in
            if case .apply(let batches) = action { batches } else { [] }
        }
    }

    @Test func `are answered to members, the same to all that want the same`() {
        let (cluster, _) = cluster(4, seed: 1)
        let peers = members(of: cluster.nodes[0].machine)
        let after = Revision(epoch: 1, sequence: 2)
        let packets = peers.map { HeardPacket([.want(after: after)], from: $0.address) }
        let stranger = HeardPacket([.want(after: after)], from: PeerAddress("10.9.9.9:1"))
        let actions = cluster.nodes[0].machine.handle(
            .packets([stranger] + packets + [packets[0]]),
            at: cluster.time
        )
        let supplies = actions.filter { if case .supply = $0 { true } else { false } }
        #expect(supplies == [.supply(after: after, to: peers.map(\.address))])
    }

    @Test func `bring packets that are not too long and end`() throws {
        let cluster = Simulator(2, seed: 2)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        for round in 0..<40 { cluster.commitSilently(body: round == 30 ? 2_000 : 300) }
        let log = try #require(cluster.store.changes(after: .zero, limit: 100))
        let packets = cluster.nodes[0].machine.gift(of: log)
        #expect(packets.count > 2)
        for packet in packets {
            #expect(PacketCodec.encode(packet).count <= GossipTuning().packetLimit)
        }
        var given: [ChangeBatch] = []
        for case .given(let batch) in packets.joined() { given.append(batch) }
        // The one that fits no packet ends it: what comes after does not follow.
        #expect(given == Array(log[..<30]))
        let ends = packets.map { if case .gaveAll? = $0.last { true } else { false } }
        #expect(ends == Array(repeating: false, count: packets.count - 1) + [true])
        let nothing = cluster.nodes[0].machine.gift(of: [])
        #expect(nothing.count == 1)
    }

    @Test func `bring what is missing without a stream, and it is not pushed on`() throws {
        let (cluster, next) = cluster(4, seed: 3)
        var machine = cluster.nodes[0].machine
        var now = cluster.time
        let peer = members(of: machine)[0]
        let head = try #require(next.last).position
        _ = machine.handle(have(head, peer), at: now)
        let asked = question(of: &machine, &now)
        #expect(asked.want == machine.position.revision)
        #expect(asked.from == peer.address)
        let sender = Sender(name: peer.name, bootEpoch: peer.bootEpoch, position: head)
        let packets = next.map { HeardPacket([.given($0)], from: peer.address) }
        let end = HeardPacket([.gaveAll(sender)], from: peer.address)
        let actions = machine.handle(.packets(packets + [end]), at: now)
        // All of it in one transaction.
        #expect(applied(actions) == next)
        var sent = actions
        sent += machine.handle(.applied(.applied(head)), at: now)
        #expect(machine.position == head)
        var announced = false
        for case .send(let frames, _) in sent {
            for frame in frames {
                if case .have = frame { announced = true }
                if case .batch = frame { Issue.record("what was asked for was pushed on") }
            }
        }
        #expect(announced)
    }

    @Test func `without an answer are asked again on a stream`() throws {
        let (cluster, next) = cluster(4, seed: 4)
        var machine = cluster.nodes[0].machine
        var now = cluster.time
        let peer = members(of: machine)[0]
        _ = machine.handle(have(try #require(next.last).position, peer), at: now)
        #expect(question(of: &machine, &now).want != nil)
        let again = question(of: &machine, &now)
        #expect(again.stream != nil)
        #expect(again.from == peer.address)
    }

    @Test func `that bring nothing are asked of somebody else soon`() throws {
        let (cluster, next) = cluster(4, seed: 5)
        var machine = cluster.nodes[0].machine
        var now = cluster.time
        let peers = members(of: machine)
        let head = try #require(next.last).position
        _ = machine.handle(have(head, peers[0]), at: now)
        _ = machine.handle(have(head, peers[1]), at: now)
        let asked = question(of: &machine, &now)
        let source = try #require(peers.first { $0.address == asked.from })
        // It has lost what it announced, as after the end of its process.
        let sender = Sender(
            name: source.name,
            bootEpoch: source.bootEpoch,
            position: machine.position
        )
        _ = machine.handle(.packet([.gaveAll(sender)], from: source.address), at: now)
        let began = now
        let other = question(of: &machine, &now)
        #expect(other.want != nil)
        #expect(other.from != source.address)
        #expect(began.duration(to: now) <= .milliseconds(50))
    }

    @Test func `of everything are asked on a stream at once`() {
        let (cluster, next) = cluster(3, seed: 6)
        cluster.restart(0, keepsList: false)
        cluster.run(for: .milliseconds(1))
        var machine = cluster.nodes[0].machine
        var now = cluster.time
        #expect(machine.position == .start)
        let peers = cluster.nodes[1].machine.members.filter { $0.name == NodeName("n2") }
        guard let peer = peers.first, let last = next.last else { return }
        _ = machine.handle(have(last.position, peer), at: now)
        #expect(question(of: &machine, &now).want == nil)
    }
}

@Suite struct `Pushes` {
    /// By chance alone one of fifty would miss every fifth change or so.
    @Test(.tags(.randomized))
    func `leave nobody out while nothing is lost`() {
        let cluster = Simulator(50, seed: 21)
        cluster.startAll()
        cluster.run(for: .seconds(6))
        var missed = 0
        for round in 0..<200 {
            cluster.commit(on: round % 50)
            cluster.run(for: .milliseconds(25))
            missed += cluster.nodes.count { $0.list.position != cluster.store.position }
        }
        #expect(missed <= 2)
    }

    @Test func `of what came together go out together`() {
        let cluster = Simulator(4, seed: 22)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        let batches = [cluster.commitSilently(), cluster.commitSilently()]
        var machine = cluster.nodes[1].machine
        let from = cluster.nodes[0].address
        let heard = batches.map { HeardPacket([.batch($0)], from: from) }
        let actions = machine.handle(.packets(heard), at: cluster.time)
        let sent = actions.compactMap { action -> [Frame]? in
            guard case .send(let frames, _) = action else { return nil }
            let pushed = frames.filter { if case .batch = $0 { true } else { false } }
            return pushed.isEmpty ? nil : pushed
        }
        #expect(!sent.isEmpty)
        #expect(sent.allSatisfy { $0 == batches.map { .batch($0) } })
    }
}
