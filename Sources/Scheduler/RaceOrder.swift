// Who goes first, by rendezvous hashing over those who may.

internal import Vocabulary

/// Ranks this node among the candidates for a job.
struct RaceOrder: Sendable {
    private var candidates: [Candidate] = []
    private var names: [NodeName] = []
    /// Ranks for jobs that any node may run, by virtual shard; forgotten when members change.
    private var cache: [VirtualShard: Int?] = [:]

    mutating func update(_ present: [Candidate]) {
        let sorted = present.sorted { $0.name < $1.name }
        guard sorted != candidates else { return }
        candidates = sorted
        names = sorted.filter { !$0.isDraining }.map(\.name)
        cache = [:]
    }

    /// 0 for the first; `nil` if this node may not run the job, or is draining.
    ///
    /// - Complexity: O(1) for a shard asked for before, else O(nodes · log nodes).
    mutating func rank(of me: NodeName, for entry: JobEntry) -> Int? {
        let shard = VirtualShard(of: entry.uid)
        let selector = entry.job.spec.selector
        guard selector == NodeSelector() else {
            let able = candidates.filter {
                !$0.isDraining && selector.matches(name: $0.name, tags: $0.tags)
            }
            return shard.ranked(able.map(\.name)).firstIndex(of: me)
        }
        if let known = cache[shard] { return known }
        let rank = shard.ranked(names).firstIndex(of: me)
        cache[shard] = rank
        return rank
    }
}
