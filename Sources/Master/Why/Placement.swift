// On which node a job would run, as this master sees the members.

internal import Gossip
internal import Vocabulary

/// The nodes in the order in which they go first for a job, each with what keeps it out.
struct Placement: Equatable, Sendable {
    struct Place: Equatable, Sendable {
        let node: NodeName
        /// What keeps it out, as in `n1 is draining`; `nil`: it may run the job.
        let obstacle: String?
    }

    let places: [Place]

    init(_ places: [Place]) {
        self.places = places
    }

    /// `members` may hold masters, which run nothing, and nodes that are gone.
    init(of job: UID, _ spec: JobSpec, among members: [Member]) {
        let nodes = members.filter { $0.role == .node }
        let byName = Dictionary(nodes.map { ($0.name, $0) }) { first, _ in first }
        places = VirtualShard(of: job).ranked(nodes.map(\.name)).map { name in
            Place(node: name, obstacle: byName[name].flatMap { Self.obstacle(of: $0, to: spec) })
        }
    }

    private static func obstacle(of member: Member, to spec: JobSpec) -> String? {
        switch member.state {
        case .failed: return "is not alive"
        case .left: return "has left"
        case .alive, .suspect: break
        }
        let selector = spec.selector
        if !selector.nodes.isEmpty, !selector.nodes.contains(member.name) {
            return "is not among the job's nodes"
        }
        let missing = selector.tags.sorted { $0.key < $1.key }
            .first { member.tags[$0.key] != $0.value }
        if let (key, value) = missing { return "has no tag \(key)=\(value)" }
        if member.isDraining { return "is draining" }
        if member.isStale { return "has too old a copy of the list" }
        return nil
    }

    /// Those that may run it, in the order in which they try.
    var able: [NodeName] { places.filter { $0.obstacle == nil }.map(\.node) }

    /// `n2 (first of 2), then n3` and `n1 is draining; n4 has no tag gpu=1`; either may be empty.
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
            place.obstacle.map { "\(place.node) \($0)" }
        }
        let shown = unable.prefix(8).joined(separator: "; ")
        return (who, unable.count > 8 ? "\(shown); and \(unable.count - 8) more" : shown)
    }
}
