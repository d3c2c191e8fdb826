import Gossip
import GossipSimulator
import TestSupport
import Testing
import Vocabulary

/// What is promised of fifty nodes; each test tells one figure.
@Suite struct `Fifty nodes` {
    /// Fifty nodes that all know each other.
    private func joined(_ seed: UInt64) -> Simulator {
        let cluster = Simulator(50, seed: seed, seeds: 3)
        cluster.startAll()
        cluster.run(for: .seconds(12))
        #expect(cluster.areViewsEqual, "seed \(seed)")
        return cluster
    }

    @Test(.tags(.randomized))
    func `started at once all know each other within two seconds`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            let cluster = Simulator(50, seed: seed, seeds: 3)
            cluster.startAll()
            let took = cluster.run(until: \.areViewsEqual, atMost: .seconds(2))
            #expect(took != nil, "seed \(seed)")
        }
    }

    @Test(.tags(.randomized))
    func `all know of a crash within six and a half seconds`() {
        for seed in 1...6 as ClosedRange<UInt64> {
            let cluster = joined(seed)
            cluster.crash(17)
            let took = cluster.run(
                until: { cluster in
                    cluster.live.allSatisfy {
                        cluster.state(of: 17, seenBy: $0.index) == .failed
                    }
                },
                atMost: .seconds(6.5)
            )
            #expect(took != nil, "seed \(seed)")
            #expect(cluster.areViewsEqual, "seed \(seed)")
        }
    }

    @Test(.tags(.randomized))
    func `call nobody failed while eight of them run a third of the time`() {
        for seed in 1...3 as ClosedRange<UInt64> {
            let cluster = joined(seed)
            for _ in 0..<20 {
                for index in 0..<8 { cluster.freeze(index * 6, for: .seconds(4)) }
                cluster.run(for: .seconds(6))
            }
            let failed = cluster.live.flatMap { node in
                node.machine.members.filter { $0.state == .failed }
            }
            #expect(failed.isEmpty, "seed \(seed)")
            #expect(cluster.failures == 0, "seed \(seed)")
        }
    }

    @Test(.tags(.randomized))
    func `in two halves agree again within five seconds of their meeting`() {
        // Whenever that is: who started together must not look for the others at the same time.
        for (place, seconds) in [120, 21, 23, 25, 27, 29].enumerated() {
            let cluster = joined(UInt64(place + 1))
            for index in 25..<50 { cluster.nodes[index].island = 1 }
            cluster.run(for: .seconds(seconds))
            #expect(cluster.state(of: 40, seenBy: 3) == .failed)
            for index in 25..<50 { cluster.nodes[index].island = 0 }
            let took = cluster.run(until: \.areViewsEqual, atMost: .seconds(5))
            #expect(took != nil, "cut for \(seconds) s")
        }
    }

    @Test func `cost each four packets and less than 500 bytes a second while nothing happens`() {
        let cluster = joined(1)
        cluster.run(for: .seconds(10))
        let (packets, bytes) = (cluster.packets, cluster.bytes)
        cluster.run(for: .seconds(20))
        let sent = cluster.packets - packets
        #expect(sent <= 20 * 50 * 9 / 2)
        // Each packet is sealed, which adds 34 bytes.
        #expect(cluster.bytes - bytes + 34 * sent <= 20 * 50 * 500)
    }
}
