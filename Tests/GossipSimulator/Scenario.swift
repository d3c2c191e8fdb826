// One seed: which nodes, which troubles when, and what must hold during and after them.

internal import Gossip
internal import Vocabulary

/// What came of a scenario.
package struct ScenarioOutcome: Equatable, Sendable {
    /// What must never be and was; empty is good.
    package var violations: [String]
    /// The same for the same scenario, always.
    package var trace: UInt64
    package var nodes: Int
    package var faults: [Fault]
    package var events: Int
    /// From the end of all troubles to equal views and lists, in virtual seconds.
    package var healedAfter: Double?
}

/// A cluster, its troubles and its checks, all from one seed.
///
/// Of what a cluster as a whole must keep, this checks what gossip answers for: that every copy of
/// the list is one that the store had, that what is handed on only moves forward, that all agree
/// once troubles are over, that healthy members are not called failed, that queues stay short and
/// kills are delivered once or reported, and that nothing deleted or outdated comes back. That no
/// run starts under an old list is for the tests of stores and scheduler: no claim happens here.
package final class Scenario {
    private static let bound = Duration.seconds(45)

    let seed: UInt64
    let faults: [Fault]
    let cluster: Simulator
    var chance: SeededGenerator
    var kills: [Kill] = []
    /// A direction or island that mends itself at the end of the round with this number.
    var mendings: [Int: [() -> Void]] = [:]
    var round = 0
    var isLossHigh = false

    struct Kill {
        let order: KillOrder
        let teller: Int
        let tellerLife: Int
        let target: Int
        let targetLife: Int
    }

    /// - Parameters:
    ///   - seed: Decides everything.
    ///   - nodes: How many; otherwise drawn, mostly few.
    ///   - faults: Which troubles; otherwise drawn.
    package init(seed: UInt64, nodes: Int? = nil, faults: [Fault]? = nil) {
        var chance = SeededGenerator(seed: seed ^ 0x05CE_0A21_05CE_0A21)
        let isLarge = Int.random(in: 0..<10, using: &chance) == 0
        let count = Int.random(in: isLarge ? 13...40 : 2...12, using: &chance)
        let drawn = Fault.allCases.filter { _ in Int.random(in: 0..<4, using: &chance) == 0 }
        self.seed = seed
        self.faults = faults ?? drawn
        self.chance = chance
        cluster = Simulator(nodes ?? count, seed: seed, seeds: 2)
        cluster.isTailing = true
    }

    /// How somebody repeats this scenario.
    package var command: String {
        let words = faults.map(\.rawValue).joined(separator: ",")
        return "simulate-gossip --seed \(seed) --nodes \(originals) --faults \(words)"
    }

    lazy var originals = cluster.nodes.count

    package func run() -> ScenarioOutcome {
        _ = originals
        prepare()
        for index in cluster.nodes.indices {
            cluster.start(index)
            if index % 3 == 2 { cluster.run(for: .milliseconds(draw(0...300))) }
        }
        cluster.run(for: .milliseconds(draw(0...5_000)))
        for round in 0..<draw(10...30) {
            self.round = round
            for mend in mendings.removeValue(forKey: round) ?? [] { mend() }
            for fault in faults { cause(fault) }
            commitSome()
            cluster.run(for: .milliseconds(draw(200...1_500)))
            checkBounds()
        }
        heal()
        let healed = cluster.run(
            until: { $0.areViewsEqual && $0.areListsEqual },
            atMost: Self.bound
        )
        if healed == nil {
            report("not in agreement \(Self.bound) after the last trouble: \(disagreement)")
        } else {
            checkQuiet()
        }
        checkKills()
        checkWrongs()
        return ScenarioOutcome(
            violations: cluster.violations,
            trace: cluster.trace,
            nodes: originals,
            faults: faults,
            events: cluster.events,
            healedAfter: healed?.inSeconds
        )
    }

    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }

    func isLucky(oneIn count: Int) -> Bool { draw(1...count) == 1 }

    /// One of the nodes that run, if there is one.
    func anyLive() -> SimulatedNode? { cluster.live.randomElement(using: &chance) }

    func report(_ violation: String) {
        cluster.violations.append(violation)
    }

    private func commitSome() {
        guard cluster.isStoreUp, isLucky(oneIn: 2) else { return }
        let isBurst = faults.contains(.burst) && isLucky(oneIn: 5)
        for _ in 0..<(isBurst ? draw(10...60) : 1) {
            let size = isBurst && isLucky(oneIn: 10) ? 20_000 : 100
            let writers = cluster.live.filter { $0.island == 0 && $0.away(at: cluster.time) == nil }
            if let writer = writers.randomElement(using: &chance), !isLucky(oneIn: 6) {
                cluster.commit(on: writer.index, body: size)
            } else {
                cluster.commitSilently(body: size)
            }
        }
    }
}
