// One race: who takes part, in which order, and what is printed.

internal import Platform
internal import RaceWords
internal import Vocabulary

/// What can be raced for.
enum RaceLine: String, CaseIterable {
    case coldstart, idle, event, burst, crash, starved, heal, commit, node
}

/// Holds the lines that were asked for, ours and theirs by turns.
final class Race: Sendable {
    let nodes: Int
    let isLong: Bool
    let loop = EventLoop(name: "collector")
    let folder: String
    let hasSerf: Bool
    /// In a network namespace of our own, whose counters count nobody else.
    let isAlone: Bool

    let rounds: Int

    init(nodes: Int, isLong: Bool, rounds: Int?, isLonely: Bool) throws {
        guard (2...200).contains(nodes) else { throw RaceFailure("--nodes: from 2 to 200") }
        self.nodes = nodes
        self.isLong = isLong
        self.rounds = rounds ?? (isLong ? 5 : 2)
        let environment = Terminal.environment
        folder = environment["ROTA_RACE_FOLDER"] ?? "/tmp/rota-gossip-race-\(Machine.processID)"
        isAlone = environment["ROTA_RACE_ALONE"] == "yes"
        hasSerf = !isLonely && FileStore.exists(SerfCluster.program)
    }

    func run(_ lines: [RaceLine]) async throws {
        if !isAlone { say("# on the machine's own loopback: idle bytes count everybody's") }
        if !hasSerf { say("# without serf") }
        let wanted = Set(lines)
        if wanted.contains(.coldstart) { try await raceColdStart() }
        if !wanted.isDisjoint(with: [.idle, .event, .burst, .crash]) {
            try await raceStage(wanted)
        }
        if wanted.contains(.starved) { try await raceStarved() }
        if wanted.contains(.heal) { try await raceHeal() }
        if wanted.contains(.commit) { try await raceCommit() }
        if wanted.contains(.node) { try await measureNode() }
    }

    func ours(_ yard: SplitYard? = nil, hasStore: Bool = false) throws -> OurCluster {
        try OurCluster(
            Places(nodes: nodes, yard: yard),
            folder: "\(folder)/ours",
            on: loop,
            hasStore: hasStore
        )
    }

    func serf(_ yard: SplitYard? = nil) -> SerfCluster {
        SerfCluster(Places(nodes: nodes, yard: yard), on: loop)
    }

    /// Starts `cluster`, runs `work`, and ends it whatever comes of it.
    func with<Cluster: Contestant, Result>(
        _ cluster: Cluster,
        _ work: (Cluster) async throws -> Result
    ) async throws -> Result {
        do {
            try await cluster.start()
            let result = try await work(cluster)
            for complaint in cluster.ledger.complaints.prefix(5) { say("# \(complaint)") }
            await cluster.stop()
            return result
        } catch {
            for complaint in cluster.ledger.complaints { say("# \(complaint)") }
            await cluster.stop()
            throw error
        }
    }
}

/// The samples of one line.
struct Samples {
    private(set) var values: [Double] = []

    mutating func add(_ value: Double) { values.append(value) }
    mutating func add(_ duration: Duration) { values.append(duration.inSeconds * 1_000) }
    mutating func add(_ other: Samples) { values += other.values }

    var isEmpty: Bool { values.isEmpty }
    var median: Double { at(0.5) }
    var worst: Double { values.max() ?? 0 }

    /// The smallest value that `share` of all are not above.
    func at(_ share: Double) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let place = Int((share * Double(sorted.count)).rounded(.up)) - 1
        return sorted[min(max(0, place), sorted.count - 1)]
    }
}

/// Prints `BENCH name ours theirs unit ratio`; a ratio above 1 means that ours is better.
///
/// `theirs` is the goal where there is nobody to race against. A ratio of counts that may be 0 has
/// 1 added to both.
func bench(
    _ name: String,
    _ ours: Double,
    _ theirs: Double,
    _ unit: String,
    more: Bool = false,
    isCount: Bool = false
) {
    let (mine, other) = isCount ? (ours + 1, theirs + 1) : (ours, theirs)
    let ratio = more ? mine / max(other, 1e-9) : other / max(mine, 1e-9)
    let rounded = (ratio * 100).rounded() / 100
    say("BENCH \(name) \(tenths(ours)) \(tenths(theirs)) \(unit) \(rounded)")
}

func tenths(_ number: Double) -> Double { (number * 10).rounded() / 10 }
