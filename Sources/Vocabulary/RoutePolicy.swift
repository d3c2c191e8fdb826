// Who goes first for a job, among those that may run it.

/// The order in which the eligible nodes try to claim a job's runs.
///
/// It says who goes first, never who may: but for ``node(_:)``, whoever is next covers for a first
/// that is dead, full or out of the race.
package enum RoutePolicy: Hashable, Sendable {
    /// By rendezvous hashing of the job's virtual shard: jobs spread evenly, each stays put.
    case spread
    /// The least busy first, as far as gossip has told; equals by rendezvous hashing.
    case leastLoaded
    /// Where the job last ran; else as ``spread``.
    case sticky
    /// One after the other, instant by instant.
    case roundRobin
    /// Only this one, however long it is away.
    case node(NodeName)
}

/// Where a job last ran, for jobs whose route is ``RoutePolicy/sticky``.
package struct Placement: Hashable, Sendable {
    package let job: UID
    package let node: NodeName
    /// Of the run that started there; the greatest of a job counts.
    package let fence: Fence

    package init(job: UID, node: NodeName, fence: Fence) {
        self.job = job
        self.node = node
        self.fence = fence
    }
}

extension JobSpec {
    /// Whether a node may run the job at all, by its selector and its route.
    package func admits(name: NodeName, tags: [String: String]) -> Bool {
        if case .node(let only) = route, only != name { return false }
        return selector.matches(name: name, tags: tags)
    }

    /// Whether the job's instants, present or past, depend on time zone data.
    package var isZoned: Bool { schedule != nil && timeZone != "UTC" }
}
