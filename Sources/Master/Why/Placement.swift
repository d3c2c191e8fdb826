// On which node a job would run, as this master sees the members.

internal import Gossip
internal import JobList
internal import Vocabulary

/// The nodes in the order in which they go first for a job, each with what keeps it out.
struct Placement: Equatable, Sendable {
    struct Place: Equatable, Sendable {
        let node: NodeName
        /// What keeps it out, as in `n1 is draining`; `nil`: it may run the job.
        let obstacle: String?
    }

    /// Those that may run it in their order, then the others.
    let places: [Place]
    /// All nodes, whatever is the matter with them, in the order that the job's shard gives them;
    /// empty where the order changes from run to run.
    let ranking: [NodeName]

    init(_ places: [Place], ranking: [NodeName] = []) {
        self.places = places
        self.ranking = ranking
    }

    /// `members` may hold masters, which run nothing, and nodes that are gone.
    init(of job: UID, _ spec: JobSpec, among members: [Member]) {
        let nodes = members.filter { $0.role == .node }
        let shard = VirtualShard(of: job)
        let alive = nodes.filter { $0.state == .alive }.map { Candidate($0) }
        let order = Eligibility.order(of: alive, for: spec, in: shard)
        let gone = nodes.filter { $0.state != .alive }.sorted { $0.name < $1.name }
        places =
            order.map { Place(node: $0.name, obstacle: $0.obstacle?.description) }
            + gone.map { Place(node: $0.name, obstacle: Self.words(of: $0.state)) }
        switch spec.route {
        case .spread, .node: ranking = shard.ranked(nodes.map(\.name))
        case .leastLoaded, .sticky, .roundRobin: ranking = []
        }
    }

    private static func words(of state: MemberState) -> String {
        switch state {
        case .alive: "is alive"
        case .suspect: "does not answer"
        case .failed: "is not alive"
        case .left: "has left"
        }
    }

    /// Those that may run it, in the order in which they try.
    var able: [NodeName] { places.filter { $0.obstacle == nil }.map(\.node) }

    func obstacle(of node: NodeName) -> String? {
        places.first { $0.node == node }?.obstacle
    }

    /// `n2 (first of 2), then n3` and `n1 is draining; n4 has left`; either may be empty.
    var words: (who: String, whoNot: String) {
        let able = able
        var who = ""
        if let first = able.first {
            who = able.count == 1 ? "\(first)" : "\(first) (first of \(able.count))"
            let others = able.dropFirst().prefix(4).map(\.text)
            if !others.isEmpty { who += ", then \(others.joined(separator: ", "))" }
            if able.count > 5 { who += " and \(able.count - 5) more" }
        }
        let unable = places.compactMap { place in
            place.obstacle.map { obstacle in
                let isClause = obstacle.hasPrefix("its ") || obstacle.hasPrefix("the ")
                return "\(place.node)\(isClause ? ":" : "") \(obstacle)"
            }
        }
        let shown = unable.prefix(8).joined(separator: "; ")
        return (who, unable.count > 8 ? "\(shown); and \(unable.count - 8) more" : shown)
    }
}
