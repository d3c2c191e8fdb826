import Gossip
import GossipSimulator
import TestSupport
import Testing
import Vocabulary

/// What has gone wrong in other gossip systems; each test names its class.
@Suite struct `Failures known from the field` {
    private let stranger = PeerAddress("10.9.9.9:7946")

    private func joined(_ count: Int, seed: UInt64) -> Simulator {
        let cluster = Simulator(count, seed: seed, seeds: 2)
        cluster.startAll()
        cluster.run(for: .seconds(6))
        #expect(cluster.areViewsEqual)
        return cluster
    }

    private func claim(
        _ name: String,
        at address: String = "10.9.9.8:7946",
        boot: UInt64 = 5,
        _ state: MemberState,
        by accuser: String = "n1",
        tags: [String: String] = [:]
    ) -> Frame {
        var member = Simulator.member(NodeName(name), PeerAddress(address), bootEpoch: boot)
        member.standing.state = state
        member.tags = tags
        return .statement(Statement(member, by: NodeName(accuser)))
    }

    /// Class: a mass restart leaves members for ever dead in each other's eyes.
    @Test func `a restart of all at once, half of them unnoticed, leaves nobody dead`() {
        let cluster = joined(30, seed: 1)
        for index in 0..<30 { cluster.crash(index) }
        cluster.run(for: .seconds(2))
        for index in 0..<30 { cluster.restart(index, keepsList: index % 2 == 0) }
        #expect(cluster.run(until: \.areViewsEqual, atMost: .seconds(5)) != nil)
    }

    /// Class: an isolated node never returns, since nobody dials the forgotten.
    @Test func `a member forgotten after three days is still dialled, and taken back`() {
        var tuning = GossipTuning()
        tuning.failedKept = .seconds(90)
        let cluster = Simulator(3, seed: 2, seeds: 1, tuning: tuning)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.crash(2)
        cluster.run(for: .seconds(300))
        #expect(cluster.member(2, seenBy: 1) == nil)
        cluster.restart(2, keepsList: true, contacts: [])
        #expect(cluster.run(until: \.areViewsEqual, atMost: .seconds(13)) != nil)
    }

    /// Class: nobody dials those that left, though they are back where nobody heard of it.
    @Test func `those that left are found again where nobody heard of their return`() {
        let cluster = joined(5, seed: 3)
        for index in 0..<3 { cluster.tell(.leave, on: index) }
        cluster.run(for: .seconds(3))
        for index in 3..<5 { cluster.nodes[index].island = 1 }
        for index in 0..<3 { cluster.restart(index, keepsList: true) }
        cluster.run(for: .seconds(60))
        #expect(cluster.state(of: 0, seenBy: 3) == .left)
        for index in 3..<5 { cluster.nodes[index].island = 0 }
        #expect(cluster.run(until: \.areViewsEqual, atMost: .seconds(13)) != nil)
    }

    /// Class: a half-dead node that can speak and not be spoken to poisons all others.
    @Test func `a newcomer that cannot be reached is never passed on, and is complained about`() {
        let cluster = Simulator(6, seed: 4, seeds: 2)
        for index in 0..<5 { cluster.start(index) }
        cluster.run(for: .seconds(5))
        for index in 0..<5 { cluster.cuts.insert(Link(from: index, to: 5)) }
        cluster.start(5)
        cluster.run(for: .seconds(30))
        for index in 0..<5 {
            #expect(cluster.member(5, seenBy: index) == nil)
            #expect(cluster.nodes[index].machine.members.allSatisfy { $0.incarnation == 0 })
        }
    }

    /// Class: an advertised address that only its owner can use, behind NAT or in a container.
    @Test func `a newcomer at a wrong address is told of as unreachable and not as a member`() {
        let cluster = joined(3, seed: 5)
        let lost = claim("n9", at: "172.17.0.2:7946", .alive, by: "n9")
        cluster.tell(.packet([lost], from: stranger), on: 0)
        cluster.run(for: .seconds(5))
        #expect(
            cluster.nodes[0].notes.contains(
                .unreachable(NodeName("n9"), at: PeerAddress("172.17.0.2:7946"))
            )
        )
        for node in cluster.nodes { #expect(node.machine.members.count == 3) }
        #expect(cluster.nodes[0].machine.gauges.guests == 0)
    }

    /// Class: rebroadcast storms and queues without bound.
    @Test func `ten thousand claims about five members leave at most a place for each`() {
        let cluster = joined(5, seed: 6)
        var chance = SeededGenerator(seed: 6)
        for round in 0..<10_000 {
            let states = [MemberState.alive, .suspect, .failed]
            let state = states[Int.random(in: 0..<3, using: &chance)]
            let frame = claim(
                "n\(Int.random(in: 1..<5, using: &chance))",
                at: "10.0.0.1:7946",
                boot: 1_000 + UInt64(round / 100),
                state
            )
            cluster.tell(.packet([frame], from: stranger), on: 0)
        }
        #expect(cluster.nodes[0].machine.gauges.rumours <= 5)
    }

    /// Class: what is left is never forgotten, until newcomers cannot take the state in.
    @Test func `of thousands that left only so many are remembered, and sent to no member`() {
        let cluster = joined(3, seed: 7)
        for index in 0..<5_000 {
            let frame = claim("gone-\(index)", at: "10.8.0.\(index):1", .left)
            cluster.tell(.packet([frame], from: stranger), on: 0)
        }
        #expect(cluster.nodes[0].machine.gauges.members <= 2 + 2 * 64)
        cluster.run(for: .seconds(130))
        #expect(cluster.nodes[0].machine.gauges.members <= 2 + 64)
        #expect(cluster.areViewsEqual)
    }

    /// Class: a message longer than a packet waits for ever, or is sent and never arrives.
    @Test func `what is too long for a packet is not queued, and reaches all by comparing`() {
        let cluster = joined(3, seed: 8)
        let tags = Dictionary(
            uniqueKeysWithValues: (0..<4).map {
                ("key-\($0)", String(repeating: "x", count: 400))
            }
        )
        let frame = claim("n9", .alive, by: "n1", tags: tags)
        cluster.tell(.packet([frame], from: stranger), on: 0)
        cluster.run(for: .milliseconds(300))
        #expect(cluster.nodes[0].machine.gauges.rumours == 0)
        cluster.run(for: .seconds(3))
        #expect(cluster.nodes[2].machine.members.contains { $0.name == NodeName("n9") })
        #expect(cluster.violations.isEmpty)
    }

    /// Class: an outdated copy brings back what was deleted.
    @Test func `a member that left is not brought back by who still believes it alive`() {
        let cluster = joined(4, seed: 9)
        guard let old = cluster.member(3, seenBy: 0) else { return #expect(Bool(false)) }
        cluster.tell(.leave, on: 3)
        cluster.run(for: .seconds(2))
        for _ in 0..<50 {
            let frame = Frame.statement(Statement(old, by: NodeName("n1")))
            cluster.tell(.packet([frame], from: stranger), on: 0)
        }
        cluster.run(for: .seconds(2))
        for index in 0..<3 { #expect(cluster.state(of: 3, seenBy: index) == .left) }
    }

    /// Class: heartbeats measured with a clock that people and machines set.
    @Test func `jumps of wall clocks, hours either way, make nobody suspect`() {
        let cluster = joined(5, seed: 10)
        for round in 0..<20 {
            cluster.nodes[round % 5].clockOffset = .seconds(round % 2 == 0 ? 7_200 : -7_200)
            cluster.run(for: .seconds(1))
        }
        #expect(cluster.areViewsEqual)
        for node in cluster.nodes {
            #expect(node.machine.members.allSatisfy { $0.incarnation == 0 })
        }
    }

    /// Class: a cloned machine makes its name flap for ever.
    @Test func `two processes of one name end in one of them, in peace`() {
        for epoch in [999, 1_000, 1_001] as [UInt64] {
            let cluster = joined(4, seed: 11)
            cluster.add(NodeName("n1"), at: PeerAddress("10.0.2.1:7946"), bootEpoch: epoch)
            cluster.start(4)
            cluster.run(for: .seconds(10))
            let before = cluster.live.map { $0.machine.members.map(\.standing) }
            cluster.run(for: .seconds(20))
            #expect(cluster.live.map { $0.machine.members.map(\.standing) } == before)
            let notes = cluster.nodes[1].notes + cluster.nodes[4].notes
            #expect(notes.contains { if case .nameTaken = $0 { true } else { false } })
            // The copy ends; the name goes back to the one that is left.
            cluster.crash(4)
            let took = cluster.run(until: \.areViewsEqual, atMost: .seconds(20))
            #expect(took != nil, "epoch \(epoch)")
            #expect(cluster.member(1, seenBy: 0)?.address == cluster.nodes[1].address)
        }
    }

    /// Class: a node that moves is refused, or its old address is dialled for ever.
    @Test func `a member that comes back elsewhere is found there`() {
        let cluster = joined(5, seed: 12)
        let address = PeerAddress("10.7.0.1:7946")
        cluster.restart(3, keepsList: true, at: address)
        #expect(cluster.run(until: \.areViewsEqual, atMost: .seconds(3)) != nil)
        for index in [0, 1, 2, 4] {
            #expect(cluster.member(3, seenBy: index)?.address == address)
        }
    }

    /// Class: heavy loss ends in everybody accusing everybody.
    @Test func `a fifth of all packets lost makes few suspects and no dead`() {
        let cluster = joined(30, seed: 13)
        cluster.weather.loss = 0.2
        cluster.run(for: .seconds(60))
        #expect(cluster.failures == 0)
        #expect(cluster.violations.isEmpty)
    }

    /// Class: a process that hangs is never found out, since its host still answers.
    @Test func `a process that is stopped for good is found out within fifteen seconds`() {
        let cluster = joined(10, seed: 15)
        cluster.freeze(4, for: .seconds(600))
        let took = cluster.run(
            until: { cluster in
                cluster.live.allSatisfy {
                    $0.index == 4 || cluster.state(of: 4, seenBy: $0.index) == .failed
                }
            },
            atMost: .seconds(15)
        )
        #expect(took != nil)
    }

    /// Class: those who cannot hear accuse those who can.
    @Test func `the word of one that doubts itself makes no suspect`() {
        let cluster = joined(5, seed: 14)
        guard let accuser = cluster.member(1, seenBy: 0) else { return #expect(Bool(false)) }
        func accuse(_ burden: UInt8) -> MemberState? {
            var machine = cluster.nodes[0].machine
            let sender = Sender(
                name: accuser.name,
                bootEpoch: accuser.bootEpoch,
                position: .start,
                vitals: Vitals(burden: burden)
            )
            var accused = cluster.member(3, seenBy: 0)
            accused?.standing.state = .suspect
            guard let accused else { return nil }
            let frames = [
                Frame.ping(1, target: NodeName("n0"), from: sender),
                .statement(Statement(accused, by: accuser.name)),
            ]
            _ = machine.handle(.packet(frames, from: accuser.address), at: cluster.time)
            return machine.members.first { $0.name == accused.name }?.state
        }
        #expect(accuse(3) == .suspect)
        #expect(accuse(4) == .alive)
    }
}
