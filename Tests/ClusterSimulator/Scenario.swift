// One seed: which cluster, which troubles, and what must hold during and after them.

internal import Vocabulary

/// What came of a scenario.
package struct ScenarioOutcome: Equatable, Sendable {
    /// What must never be and was, the first first; empty is good.
    package var violations: [Violation]
    /// The same for the same scenario, always.
    package var trace: UInt64
    package var troubles: [Trouble]
    package var events: Int
    package var jobs: Int
    package var starts: Int
    package var claims: Int
    package var wonClaims: Int
    /// Virtual time, without that in which everything was down, in milliseconds.
    package var milliseconds: Int64
    /// Executions that overlapped because the older one's node was cut off, stopped or dead.
    package var unfencedOverlaps: Int
    /// Starts that a restored store allowed once more before any node could notice.
    package var repeatsAfterRollback: Int
    /// The last lines before and after the first violation, if they were asked for.
    package var timeline: [String]
}

/// A whole cluster, its troubles and its checks, all from one seed.
///
/// Nodes are the product's cores, the store is the model that every back end is compared with;
/// network, clocks, processes and tasks are simulated. docs/simulation.md says what is checked.
package struct Scenario: Sendable {
    package let seed: UInt64
    package let troubles: [Trouble]
    package let mutant: Mutant?
    private let setup: Setup
    private let hours: Int64?

    /// - Parameters:
    ///   - seed: Decides everything.
    ///   - troubles: Which troubles; otherwise drawn, about a quarter of all.
    ///   - mutant: A mistake on purpose.
    ///   - hours: How long troubles go on; otherwise drawn, up to four hours.
    package init(
        seed: UInt64,
        troubles: [Trouble]? = nil,
        mutant: Mutant? = nil,
        hours: Int64? = nil
    ) {
        var chance = SeededGenerator(seed: seed ^ 0x0C1A_57E4_0C1A_57E4)
        func draw(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &chance) }
        var setup = Setup()
        let drawn = Trouble.allCases.filter { trouble in
            draw(0...(trouble == .blackout ? 29 : 3)) == 0
        }
        setup.troubles = troubles ?? drawn
        setup.epoch = Self.beginnings[draw(0...Self.beginnings.count - 1)]
            .advanced(by: .seconds(draw(-3 * 3_600...0)))
        setup.nodes = [5, 5, 5, 3, 2, 1][draw(0...5)]
        setup.term = [10_000, 30_000, 60_000, 60_000, 60_000, 120_000][draw(0...5)]
        setup.isOnOneHost = draw(0...3) == 0
        setup.jobs = draw(10...40)
        if setup.has(.narrow) { setup.slots = draw(1...4) }
        setup.length = hours.map { Int64.hours($0) } ?? Int64.minutes(Int64(draw(30...240)))
        self.seed = seed
        self.troubles = setup.troubles
        self.mutant = mutant
        self.setup = setup
        self.hours = hours
    }

    /// Days on which clocks change somewhere, and days like any other.
    private static let beginnings: [Instant] = [
        Instant(unixSeconds: 1_774_746_000),  // 2026-03-29T01:00Z: Berlin goes forward
        Instant(unixSeconds: 1_792_890_000),  // 2026-10-25T01:00Z: Berlin goes back
        Instant(unixSeconds: 1_772_953_200),  // 2026-03-08T07:00Z: New York goes forward
        Instant(unixSeconds: 1_793_512_800),  // 2026-11-01T06:00Z: New York goes back
        Instant(unixSeconds: 1_791_041_400),  // 2026-10-03T15:30Z: Lord Howe goes forward
        Instant(unixSeconds: 1_775_314_800),  // 2026-04-04T15:00Z: Lord Howe goes back
        Instant(unixSeconds: 1_780_272_000),  // 2026-06-01T00:00Z
        Instant(unixSeconds: 1_798_758_000),  // 2026-12-31T23:00Z
    ]

    /// How somebody repeats this scenario.
    package var command: String {
        let words = troubles.map(\.rawValue).joined(separator: ",")
        let mistake = mutant.map { " --mutant \($0.rawValue)" } ?? ""
        let length = hours.map { " --hours \($0)" } ?? ""
        let list = words.isEmpty ? "none" : words
        return "simulate-cluster --seed \(seed) --troubles \(list)\(mistake)\(length)"
    }

    /// Runs it from beginning to end; with `isTelling` it also writes down a timeline.
    package func run(isTelling: Bool = false) -> ScenarioOutcome {
        let world = World(seed: seed, setup: setup, mutant: mutant)
        if isTelling { world.lines = [] }
        world.nodes = (0..<setup.nodes).map { SimulatedNode($0, in: world) }
        world.makeJobs()
        // Masters and nodes of a new cluster need a moment to find each other.
        world.evidence.trouble(nil, from: 0, to: setup.term)
        for node in world.nodes { node.start() }
        let nemesis = Nemesis(world, until: setup.length)
        let pause: ClosedRange<Int64> =
            setup.has(.edits) ? .seconds(1)...Int64.seconds(20) : .seconds(20)...Int64.minutes(8)
        world.keepBusy(every: pause, until: setup.length)
        var step: Int64 = 0
        while step < setup.length, world.evidence.violations.isEmpty {
            step = min(setup.length, step + .minutes(10))
            world.run(until: step)
        }
        if world.evidence.violations.isEmpty {
            nemesis.heal()
            world.run(until: world.now + setup.term * 8 + .minutes(4))
            Checker(world).run()
        }
        return outcome(of: world)
    }

    private func outcome(of world: World) -> ScenarioOutcome {
        let evidence = world.evidence
        return ScenarioOutcome(
            violations: evidence.violations,
            trace: world.trace,
            troubles: troubles,
            events: world.events,
            jobs: world.master?.names.count ?? 0,
            starts: evidence.starts.count,
            claims: evidence.claims,
            wonClaims: evidence.wonClaims,
            milliseconds: max(0, world.now - evidence.blackout),
            unfencedOverlaps: evidence.unfencedOverlaps,
            repeatsAfterRollback: evidence.repeatsAfterRollback,
            timeline: timeline(of: world)
        )
    }

    /// What happened around the first violation, to its subject and to all.
    private func timeline(of world: World) -> [String] {
        guard let lines = world.lines, let first = world.evidence.violations.first else {
            return []
        }
        let job = world.inspector.edits.values.first { $0.last?.key.name == first.subject }
        let words = [first.subject] + (job?.last.map { [$0.key.name] } ?? [])
        func matters(_ text: String) -> Bool {
            words.contains {
                text.contains("\($0) ") || text.hasSuffix($0) || text.contains("\($0):")
            }
                || !text.contains("starts job-") && !text.contains("edit of job-")
        }
        let near = lines.filter { $0.at <= first.at + 60_000 && matters($0.text) }.suffix(30)
        return near.map { "  \(world.instant($0.at)) \($0.text)" }
    }
}
