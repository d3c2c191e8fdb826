import GossipSimulator
import TestSupport
import Testing

/// A sample of what `make sim` runs ten thousand of.
@Suite struct `Clusters under troubles that their seeds draw` {
    @Test(.tags(.randomized))
    func `agree afterwards, and keep every promise meanwhile`() {
        for seed in 20_001...20_120 as ClosedRange<UInt64> {
            let scenario = Scenario(seed: seed)
            let outcome = scenario.run()
            #expect(outcome.violations.isEmpty, "\(scenario.command)")
        }
    }

    @Test(.tags(.randomized))
    func `with each kind of trouble alone agree too`() {
        for (place, fault) in Fault.allCases.enumerated() {
            for seed in 1...3 as ClosedRange<UInt64> {
                let scenario = Scenario(seed: seed + UInt64(place) * 10, nodes: 6, faults: [fault])
                let outcome = scenario.run()
                #expect(outcome.violations.isEmpty, "\(scenario.command)")
            }
        }
    }

    @Test(.tags(.randomized))
    func `do the same again under the same seed`() {
        for seed in 1...12 as ClosedRange<UInt64> {
            #expect(Scenario(seed: seed).run() == Scenario(seed: seed).run(), "seed \(seed)")
        }
    }

    @Test func `of two hundred nodes agree within ten seconds and then cost next to nothing`() {
        let speed = SimulatorBench.run(nodes: 200, seconds: 5, seed: 1)
        #expect(speed.joinedAfter.map { $0 < 10 } == true)
        #expect(speed.idlePacketsPerNode <= 4.5)
        #expect(speed.idleBytesPerNode <= 500)
    }
}
