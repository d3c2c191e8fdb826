import TestSupport
import Testing

@testable import ClusterSimulator

/// A sample of what `make sim-cluster` runs for hours.
@Suite struct `Whole clusters under troubles that their seeds draw` {
    @Test(.tags(.randomized))
    func `start nothing twice, lose nothing and are on time, whatever happens`() {
        for seed in 500_001...500_200 as ClosedRange<UInt64> {
            let scenario = Scenario(seed: seed)
            let outcome = scenario.run()
            #expect(outcome.violations.isEmpty, "\(scenario.command)")
        }
    }

    @Test(.tags(.randomized))
    func `with each kind of trouble alone do so too`() {
        for (place, trouble) in Trouble.allCases.enumerated() {
            let seed = UInt64(600_000 + place)
            let scenario = Scenario(seed: seed, troubles: [trouble], hours: 1)
            #expect(scenario.run().violations.isEmpty, "\(scenario.command)")
        }
    }

    @Test(.tags(.randomized))
    func `do the same again under the same seed`() {
        for seed in 1...8 as ClosedRange<UInt64> {
            #expect(Scenario(seed: seed).run() == Scenario(seed: seed).run(), "seed \(seed)")
        }
        #expect(Scenario(seed: 1).run().trace != Scenario(seed: 2).run().trace)
    }

    @Test func `in health write once a run`() {
        let outcome = Scenario(seed: 3, troubles: [], hours: 2).run()
        #expect(outcome.violations.isEmpty)
        #expect(outcome.starts > 100)
        #expect(Double(outcome.claims) <= 1.2 * Double(outcome.wonClaims))
    }

    @Test func `tell a planted mistake with its seed, its story and how to see it again`() throws {
        let find = try #require(MutationGate.find(.cursorNotCompared))
        let drawn = Scenario(seed: find.seed).troubles.filter { $0 != .blackout }
        let needed = MutationGate.needed(for: .cursorNotCompared)
        let scenario = Scenario(
            seed: find.seed,
            troubles: Trouble.allCases.filter { drawn.contains($0) || needed.contains($0) },
            mutant: .cursorNotCompared,
            hours: 1
        )
        let outcome = scenario.run(isTelling: true)
        #expect(outcome.violations.first == find.violation)
        #expect(scenario.command.hasPrefix("simulate-cluster --seed \(find.seed) --troubles "))
        #expect(scenario.command.hasSuffix(" --mutant cursor-not-compared --hours 1"))
        #expect((3...30).contains(outcome.timeline.count))
    }
}

@Suite struct `The checks` {
    /// The ones that are found at once; `simulate-cluster mutants` tries all.
    @Test(
        .tags(.randomized),
        arguments: [
            Mutant.cursorNotCompared, .trustFromAnswer, .expireWithoutBeat, .fenceNotRaised,
            .finishWithoutFence, .unknownIsRefused, .editWithoutEras, .onlyFirstClaims,
            .historyIgnored, .sessionReused, .suspendNotCounted, .bodyNotCompared, .silentSkip,
        ]
    )
    func `notice a mistake made on purpose`(_ mutant: Mutant) {
        #expect(MutationGate.find(mutant) != nil, "\(mutant.rawValue)")
    }
}
