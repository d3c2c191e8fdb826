// Who has no slot for what is due, so that the next in the ranking need not wait for it.

internal import Vocabulary

/// What nodes have passed on, and what this node is about to.
struct PassBook: Sendable {
    private struct Pass: Sendable {
        let node: NodeName
        var through: Instant
    }

    /// Nodes remembered for one shard; more do not stand before this one in a race that matters.
    private static let limit = 8

    private var passes: [VirtualShard: [Pass]] = [:]
    private var ours: [VirtualShard: Instant] = [:]
    /// Up to when this node has told already.
    private var told: [VirtualShard: Instant] = [:]

    /// Takes over what `node` says, as far as it does not lie beyond `limit`.
    mutating func hear(_ notes: [SettledNote], by node: NodeName, upTo limit: Instant) {
        for note in notes {
            let through = min(note.through, limit)
            var known = passes[note.shard] ?? []
            if let index = known.firstIndex(where: { $0.node == node }) {
                known[index].through = max(known[index].through, through)
            } else {
                if known.count >= Self.limit { known.removeFirst() }
                known.append(Pass(node: node, through: through))
            }
            passes[note.shard] = known
        }
    }

    /// Who leaves to others what is due at `instant` in `shard`.
    func passing(_ shard: VirtualShard, at instant: Instant) -> [NodeName] {
        guard !passes.isEmpty, let known = passes[shard] else { return [] }
        return known.filter { $0.through >= instant }.map(\.node)
    }

    mutating func pass(_ shard: VirtualShard, through: Instant) {
        ours[shard] = max(ours[shard] ?? through, through)
    }

    /// Whether this node has left to others what is due at `instant`.
    func hasPassed(_ shard: VirtualShard, at instant: Instant) -> Bool {
        (told[shard] ?? .startOfTime) >= instant
    }

    /// What the others have not been told yet, in order.
    mutating func takeNews() -> [SettledNote] {
        guard !ours.isEmpty else { return [] }
        let news = ours.filter { $0.value > told[$0.key] ?? .startOfTime }
        ours = [:]
        for (shard, through) in news { told[shard] = through }
        return news.sorted { $0.key < $1.key }
            .map { SettledNote(shard: $0.key, through: $0.value) }
    }
}
