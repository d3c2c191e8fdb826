// Which nodes take part in the race for a job, and what keeps the others out.

/// A node that may take part in the race, as one member knows it by gossip.
package struct Candidate: Equatable, Sendable {
    package var name: NodeName
    package var tags: [String: String]
    /// It takes no new runs.
    package var isDraining: Bool
    /// Its copy of the list is too old to decide by, by its own word.
    package var isStale = false
    /// Its wall clock is off by more than the bound, by its own word.
    package var isClockOff = false
    /// The release of its time zone data; empty if it does not say.
    package var zoneData = ""
    /// Runs under way there, by its last word.
    package var running = 0
    /// How many it would have under way at once; 0 if it does not say.
    package var slots = 0
    /// How far its wall clock is ahead of ours; `nil` before it is known.
    package var clockOffset: Duration?

    package init(name: NodeName, tags: [String: String] = [:], isDraining: Bool = false) {
        self.name = name
        self.tags = tags
        self.isDraining = isDraining
    }

    /// How busy it is, in eighths of its slots, from 0 to 8.
    ///
    /// Coarse, so that members who heard of its load at different times mostly agree.
    package var loadInEighths: Int {
        slots > 0 ? min(8, max(0, running) * 8 / slots) : 0
    }
}

/// What keeps a node out of the race for a job.
package enum Obstacle: Equatable, Sendable, CustomStringConvertible {
    /// The job's selector does not match it; what it lacks, as in `gpu=1`.
    case selector(String)
    /// The job's route names another node.
    case route(NodeName)
    case draining
    /// Its clock is off, and another's is not; by how much, as far as we know.
    case clock(Duration?)
    /// Its list is too old, and another's is not.
    case stale
    /// Its time zone data is of the one release, and the other counts.
    case zoneData(String, wanted: String)

    package var description: String {
        switch self {
        case .selector(let lack): "does not match where: \(lack)"
        case .route(let name): "the route names \(name.text)"
        case .draining: "is draining"
        case .clock(let offset?): "its clock is off by \(DurationText.format(offset.magnitude))"
        case .clock(nil): "its clock is off"
        case .stale: "its list is too old to decide by"
        case .zoneData(let own, let wanted): "has tzdata \(own) where \(wanted) counts"
        }
    }
}

extension Duration {
    fileprivate var magnitude: Duration { self < .zero ? .zero - self : self }
}

/// The nodes that take part in the race for a job.
///
/// Selector, route and draining are the user's word and always count. A clock that is off, a stale
/// list and other time zone data are our own doubts: each counts only while it leaves somebody, so
/// that a job is rather run by a doubtful node than by none. Whoever is left may claim; safety
/// rests with the store alone.
package struct Eligibility: Equatable, Sendable {
    /// By name.
    package private(set) var eligible: [Candidate]
    /// What keeps out the others, by name.
    package private(set) var obstacles: [NodeName: Obstacle] = [:]

    /// Whom a job admits, and whether it reads time zone data.
    package struct Terms: Hashable, Sendable {
        package let tags: [String: String]
        package let nodes: Set<NodeName>
        package let only: NodeName?
        package let isZoned: Bool

        package init(of spec: JobSpec) {
            tags = spec.selector.tags
            nodes = Set(spec.selector.nodes)
            if case .node(let name) = spec.route { only = name } else { only = nil }
            isZoned = spec.isZoned
        }

        /// What a node lacks that the selector asks for.
        fileprivate func lack(of candidate: Candidate) -> String? {
            if !nodes.isEmpty, !nodes.contains(candidate.name) {
                return "nodes \(nodes.sorted().map(\.text).joined(separator: ", "))"
            }
            let missing = tags.filter { candidate.tags[$0.key] != $0.value }
            return missing.min { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        }
    }

    /// - Complexity: O(members · log members).
    package init(of terms: Terms, among members: [Candidate]) {
        eligible = members.sorted { $0.name < $1.name }
        let release = terms.isZoned ? Self.commonRelease(of: eligible) : ""
        keepOut { candidate in
            terms.lack(of: candidate).map { .selector($0) }
        }
        if let only = terms.only { keepOut { $0.name == only ? nil : .route(only) } }
        keepOut { $0.isDraining ? .draining : nil }
        keepOutUnlessAll { $0.isClockOff ? .clock($0.clockOffset) : nil }
        keepOutUnlessAll { $0.isStale ? .stale : nil }
        guard terms.isZoned else { return }
        let telling = eligible.filter { !$0.zoneData.isEmpty }
        let isKnown = telling.contains { $0.zoneData == release }
        // Two releases may name different instants; so it is one of them, whatever is left.
        let chosen = isKnown ? release : Self.commonRelease(of: telling)
        keepOutUnlessAll {
            $0.zoneData.isEmpty || $0.zoneData == chosen
                ? nil : .zoneData($0.zoneData, wanted: chosen)
        }
    }

    /// All members: those who take part in the order in which they go first, then the others by
    /// name.
    ///
    /// Where the order changes from run to run, as for a round robin, it is that of `question`.
    package static func order(
        of members: [Candidate],
        for spec: JobSpec,
        in shard: VirtualShard,
        _ question: RouteQuestion? = nil
    ) -> [(name: NodeName, obstacle: Obstacle?)] {
        let who = Eligibility(of: Terms(of: spec), among: members)
        let first = shard.ranked(who.eligible, under: question ?? RouteQuestion(route: spec.route))
        let rest = who.obstacles.sorted { $0.key < $1.key }.map { ($0.key, Optional($0.value)) }
        return first.map { ($0, nil) } + rest
    }

    /// What most members have; of equally many, the newest.
    package static func commonRelease(of members: [Candidate]) -> String {
        var counts: [String: Int] = [:]
        for member in members where !member.zoneData.isEmpty {
            counts[member.zoneData, default: 0] += 1
        }
        return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? ""
    }

    private mutating func keepOut(_ obstacle: (Candidate) -> Obstacle?) {
        eligible = eligible.filter { candidate in
            guard let found = obstacle(candidate) else { return true }
            obstacles[candidate.name] = found
            return false
        }
    }

    private mutating func keepOutUnlessAll(_ obstacle: (Candidate) -> Obstacle?) {
        guard eligible.contains(where: { obstacle($0) == nil }) else { return }
        keepOut(obstacle)
    }
}

/// What a job's order of nodes depends on beside its shard.
package struct RouteQuestion: Hashable, Sendable {
    package var route: RoutePolicy
    /// Where it last ran, for ``RoutePolicy/sticky``.
    package var last: NodeName?
    /// Counts the job's instants, for ``RoutePolicy/roundRobin``.
    package var ordinal: Int64 = 0

    package init(route: RoutePolicy) {
        self.route = route
    }

    /// For jobs that say nothing of their route.
    package static let plain = RouteQuestion(route: .spread)
}

extension VirtualShard {
    /// `eligible` in the order in which they go first under a route, the same on every machine that
    /// knows the same of them.
    package func ranked(_ eligible: [Candidate], under question: RouteQuestion) -> [NodeName] {
        let plain = ranked(eligible.map(\.name))
        guard !plain.isEmpty else { return [] }
        switch question.route {
        case .spread, .node: return plain
        case .leastLoaded:
            let loads = eligible.reduce(into: [:]) { $0[$1.name] = $1.loadInEighths }
            return plain.enumerated()
                .map { (load: loads[$0.element] ?? 0, place: $0.offset, name: $0.element) }
                .sorted { ($0.load, $0.place) < ($1.load, $1.place) }
                .map(\.name)
        case .sticky:
            guard let last = question.last, plain.contains(last) else { return plain }
            return [last] + plain.filter { $0 != last }
        case .roundRobin:
            let count = Int64(plain.count)
            let start = Int((question.ordinal % count + count) % count)
            return Array(plain[start...] + plain[..<start])
        }
    }
}
