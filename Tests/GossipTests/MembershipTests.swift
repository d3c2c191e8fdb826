import Gossip
import GossipSimulator
import TestSupport
import Testing
import Vocabulary

@Suite struct `Membership` {
    @Test(arguments: [3, 12, 50])
    func `of a cluster started at once is complete within three seconds`(count: Int) {
        for seed in 1...UInt64(count == 50 ? 1 : 4) {
            let cluster = Simulator(count, seed: seed)
            cluster.startAll()
            let took = cluster.run(until: { $0.areViewsEqual }, atMost: .seconds(3))
            #expect(took != nil, "seed \(seed)")
        }
    }

    @Test(.tags(.randomized))
    func `agrees again after loss, doubling and disorder, and loses no healthy member for good`() {
        for seed in 1...24 as ClosedRange<UInt64> {
            let cluster = Simulator(8, seed: seed)
            cluster.startAll()
            cluster.weather = Weather(loss: 0.2, duplication: 0.1, latency: 100...60_000)
            cluster.run(for: .seconds(20))
            cluster.weather = Weather()
            let took = cluster.run(until: { $0.areViewsEqual }, atMost: .seconds(20))
            #expect(took != nil, "seed \(seed)")
        }
    }

    @Test func `survives the crash and return of most members at once`() {
        let cluster = Simulator(30, seed: 3)
        cluster.startAll()
        cluster.run(for: .seconds(8))
        for index in 5..<30 { cluster.crash(index) }
        cluster.run(for: .seconds(25))
        #expect(cluster.areViewsEqual)
        for index in 5..<30 { cluster.restart(index, keepsList: true) }
        let took = cluster.run(until: { $0.areViewsEqual }, atMost: .seconds(5))
        #expect(took != nil)
    }

    @Test(.tags(.randomized))
    func `holds nobody to have failed at five per cent loss`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            let cluster = Simulator(10, seed: seed)
            cluster.startAll()
            cluster.weather = Weather(loss: 0.05)
            cluster.run(for: .seconds(40))
            #expect(cluster.wrongfulFailures == 0, "seed \(seed)")
        }
    }

    @Test func `finds a crashed member out within eight seconds, everywhere`() {
        for seed in 1...5 as ClosedRange<UInt64> {
            let cluster = Simulator(7, seed: seed)
            cluster.startAll()
            cluster.run(for: .seconds(5))
            cluster.crash(3)
            let took = cluster.run(
                until: { cluster in
                    [0, 1, 2, 4, 5, 6].allSatisfy { cluster.state(of: 3, seenBy: $0) == .failed }
                },
                atMost: .seconds(8)
            )
            #expect(took != nil, "seed \(seed)")
        }
    }

    @Test func `takes a restarted member back though all hold it to have failed`() {
        let cluster = Simulator(6, seed: 5)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.crash(4)
        cluster.run(for: .seconds(15))
        #expect(cluster.state(of: 4, seenBy: 0) == .failed)
        cluster.restart(4, keepsList: true)
        let took = cluster.run(until: { $0.areViewsEqual }, atMost: .seconds(3))
        #expect(took != nil)
    }

    @Test func `takes a member back whose clock went backwards and whose epoch was lost`() {
        let cluster = Simulator(4, seed: 6)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.crash(3)
        cluster.nodes[3].bootEpoch = 10
        cluster.restart(3, keepsList: true)
        let took = cluster.run(until: { $0.areViewsEqual }, atMost: .seconds(5))
        #expect(took != nil)
        #expect(cluster.nodes[3].bootEpoch > 1_000)
    }

    @Test(.tags(.randomized))
    func `heals a partition that outlasted every suspicion`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            let cluster = Simulator(8, seed: seed)
            cluster.startAll()
            cluster.run(for: .seconds(5))
            for index in 4..<8 { cluster.nodes[index].island = 1 }
            cluster.run(for: .seconds(40))
            #expect(cluster.state(of: 7, seenBy: 0) == .failed, "seed \(seed)")
            #expect(cluster.state(of: 0, seenBy: 7) == .failed, "seed \(seed)")
            for index in 4..<8 { cluster.nodes[index].island = 0 }
            // The other side's grave verdicts about our own side must not be believed meanwhile.
            var isOwnSideTrusted = true
            let took = cluster.run(
                until: { cluster in
                    for (one, other) in [(0, 1), (2, 3), (4, 5), (6, 7), (3, 0), (5, 6)] {
                        isOwnSideTrusted =
                            isOwnSideTrusted && cluster.state(of: one, seenBy: other) != .failed
                    }
                    return cluster.areViewsEqual
                },
                atMost: .seconds(15)
            )
            #expect(isOwnSideTrusted, "seed \(seed)")
            #expect(took != nil, "seed \(seed)")
        }
    }

    /// Those that started together must not call on the others together, every ten seconds.
    @Test(.tags(.randomized))
    func `in two halves of two agrees again soon, whenever they meet`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            let cluster = Simulator(4, seed: seed)
            cluster.startAll()
            cluster.run(for: .seconds(5))
            for index in 2..<4 { cluster.nodes[index].island = 1 }
            cluster.run(for: .seconds(20 + Int(seed)))
            #expect(cluster.state(of: 2, seenBy: 0) == .failed)
            for index in 2..<4 { cluster.nodes[index].island = 0 }
            let took = cluster.run(until: \.areViewsEqual, atMost: .seconds(7))
            #expect(took != nil, "seed \(seed)")
        }
    }

    @Test func `takes an isolated member back that was alone for an hour`() {
        let cluster = Simulator(5, seed: 8)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        cluster.nodes[4].island = 1
        cluster.run(for: .seconds(3_600))
        cluster.nodes[4].island = 0
        let took = cluster.run(until: { $0.areViewsEqual }, atMost: .seconds(15))
        #expect(took != nil)
    }

    @Test func `finds a seed that is up only long after its cluster, and knows nobody itself`() {
        let cluster = Simulator(4, seed: 16)
        let seed = cluster.nodes[3].address
        for index in 0..<3 {
            let node = cluster.nodes[index]
            cluster.nodes[index].machine = GossipMachine(
                me: Simulator.member(node.name, node.address, bootEpoch: 1_000),
                contacts: [cluster.nodes[0].address, seed],
                position: .start,
                seed: UInt64(index)
            )
            cluster.start(index)
        }
        cluster.run(for: .seconds(30))
        cluster.restart(3, keepsList: true, contacts: [])
        let took = cluster.run(until: { $0.areViewsEqual }, atMost: .seconds(13))
        #expect(took != nil)
    }

    @Test func `forgives a frozen member, and is not accused by it when it thaws`() {
        let cluster = Simulator(6, seed: 9)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.nodes[2].frozenUntil = MonotonicInstant(sinceBoot: .seconds(1_025))
        cluster.run(for: .seconds(20.5))
        #expect(cluster.nodes[2].notes.contains { if case .stalled = $0 { true } else { false } })
        let took = cluster.run(until: { $0.areViewsEqual }, atMost: .seconds(15))
        #expect(took != nil)
        #expect(cluster.wrongfulFailures == 0)
    }

    @Test func `suspects nobody whom others can reach`() {
        let cluster = Simulator(6, seed: 14)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.cut(0, 1)
        cluster.cut(2, 3)
        cluster.run(for: .seconds(30))
        #expect(cluster.areViewsEqual)
        #expect(cluster.nodes.allSatisfy { $0.machine.members.allSatisfy { $0.incarnation == 0 } })
    }

    @Test func `sends an accusation back to whoever still believes the accused alive`() {
        let cluster = Simulator(4, seed: 15)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        let before = cluster.nodes[0].machine.members.first { $0.name == NodeName("n3") }
        cluster.crash(3)
        cluster.run(for: .seconds(15))
        guard let stale = before else { return #expect(Bool(false), "n3 was never seen") }
        var machine = cluster.nodes[0].machine
        let claim = Frame.statement(Statement(stale, by: NodeName("n9")))
        let address = PeerAddress("10.0.0.9:7946")
        let actions = machine.handle(.packet([claim], from: address), at: cluster.time)
        let told = actions.contains { action in
            guard case .send(let frames, address) = action else { return false }
            return frames.contains { frame in
                guard case .statement(let statement) = frame else { return false }
                return statement.member.name == stale.name && statement.member.state == .failed
            }
        }
        #expect(told)
    }

    @Test func `knows within a second that a member left, and does not call it failed`() {
        let cluster = Simulator(6, seed: 10)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.tell(.leave, on: 5)
        cluster.run(for: .seconds(1))
        #expect(cluster.nodes[5].hasLeft)
        for other in 0..<5 { #expect(cluster.state(of: 5, seenBy: other) == .left) }
        cluster.restart(5, keepsList: true)
        let took = cluster.run(until: { $0.areViewsEqual }, atMost: .seconds(3))
        #expect(took != nil)
    }

    @Test func `says goodbye to whoever is still at the door`() {
        let address = PeerAddress("10.0.0.1:1")
        let name = NodeName("n1")
        let mine = Simulator.member(NodeName("me"), PeerAddress("10.0.0.0:1"), bootEpoch: 5)
        var machine = GossipMachine(me: mine, contacts: [], position: .start, seed: 1)
        let now = MonotonicInstant(sinceBoot: .seconds(100))
        _ = machine.handle(.start, at: now)
        let guest = Statement(Simulator.member(name, address, bootEpoch: 5), by: name)
        _ = machine.handle(.packet([.statement(guest)], from: address), at: now)
        let actions = machine.handle(.leave, at: now)
        let isTold = actions.contains { action in
            guard case .send(let frames, address) = action else { return false }
            return frames.contains { frame in
                guard case .statement(let statement) = frame else { return false }
                return statement.member.name == mine.name && statement.member.state == .left
            }
        }
        #expect(isTold, "it may have let us in already, and would call us failed")
        #expect(!actions.contains(.left), "nobody has heard it yet")
    }

    @Test func `spreads flags`() {
        let cluster = Simulator(6, seed: 11)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.tell(.flags(isDraining: true, isStale: false), on: 2)
        cluster.run(for: .seconds(1))
        for node in cluster.nodes {
            #expect(node.machine.members.first { $0.name == NodeName("n2") }?.isDraining == true)
        }
    }

    @Test func `spreads what a member says of itself, its load with its signs of life`() {
        let cluster = Simulator(6, seed: 11)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.tell(.load(MemberLoad(running: 3, slots: 8)), on: 2)
        cluster.tell(.zoneData("2026b"), on: 2)
        cluster.run(for: .seconds(6))
        for node in cluster.nodes {
            let seen = node.machine.members.first { $0.name == NodeName("n2") }
            #expect(seen?.zoneData == "2026b")
            #expect(seen?.load == MemberLoad(running: 3, slots: 8))
        }
    }

    @Test func `measures every clock, finds the wrong one, and corrects for its own jumps`() {
        let cluster = Simulator(6, seed: 17)
        cluster.nodes[2].clockOffset = .milliseconds(700)
        cluster.startAll()
        cluster.run(for: .seconds(12))
        func seen(_ index: Int, by other: Int) -> Duration? {
            cluster.nodes[other].machine.members
                .first { $0.name == cluster.nodes[index].name }?.clockOffset
        }
        func isAbout(_ offset: Duration?, _ milliseconds: Int64) -> Bool {
            abs((offset ?? .seconds(9)).milliseconds - milliseconds) <= 2
        }
        #expect(isAbout(seen(2, by: 0), 700))
        #expect(isAbout(seen(1, by: 0), 0))
        #expect(isAbout(cluster.nodes[0].machine.clockOffset, 0))
        #expect(isAbout(cluster.nodes[2].machine.clockOffset, -700))
        // Its clock is put right by a jump; it need not measure everybody again to know.
        cluster.nodes[2].clockOffset = .zero
        cluster.run(for: .milliseconds(600))
        #expect(isAbout(cluster.nodes[2].machine.clockOffset, 0))
        let steps = cluster.nodes[2].notes.compactMap { note -> Duration? in
            if case .clockStepped(let step) = note { step } else { nil }
        }
        #expect(steps.count == 1 && isAbout(steps.first, -700))
        let trip = cluster.nodes[0].machine.members.first { $0.name == NodeName("n1") }?.roundTrip
        #expect(trip.map { $0 > .microseconds(100) && $0 < .milliseconds(3) } == true)
    }

    @Test func `complains about another process of the same name and does not flap`() {
        let cluster = Simulator(4, seed: 12)
        let twin = Simulator.member(
            NodeName("n1"),
            PeerAddress("10.0.0.3:7946"),
            bootEpoch: 2_000
        )
        cluster.nodes[3].machine = GossipMachine(
            me: twin,
            contacts: [cluster.nodes[0].address],
            position: .start,
            seed: 99
        )
        cluster.startAll()
        cluster.run(for: .seconds(10))
        #expect(
            cluster.nodes[1].notes.contains(.nameTaken(by: PeerAddress("10.0.0.3:7946")))
        )
    }

    @Test func `costs a quiet member less than six packets and a kilobyte a second`() {
        let cluster = Simulator(10, seed: 13)
        cluster.startAll()
        cluster.run(for: .seconds(20))
        let (packets, bytes) = (cluster.packets, cluster.bytes)
        cluster.run(for: .seconds(20))
        #expect(cluster.packets - packets < 20 * 10 * 6)
        #expect(cluster.bytes - bytes < 20 * 10 * 1_000)
    }

    @Test func `is decided by the seed alone`() {
        func trace(_ seed: UInt64) -> UInt64 {
            let cluster = Simulator(6, seed: seed)
            cluster.startAll()
            cluster.weather = Weather(loss: 0.1, duplication: 0.05, latency: 100...20_000)
            for round in 0..<20 {
                cluster.commit(on: round % 6)
                cluster.run(for: .milliseconds(300))
            }
            return cluster.trace
        }
        #expect(trace(1) == trace(1))
        #expect(trace(1) != trace(2))
    }
}
