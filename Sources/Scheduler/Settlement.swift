// Which virtual shards are decided up to when: what this node may say, and what it was told.

internal import Vocabulary

/// Keeps the books of notes: what was heard, and what may be told.
struct Settlement: Sendable {
    /// The latest note for each shard.
    private var heard = Array(repeating: Instant.startOfTime, count: VirtualShard.count)
    /// How many jobs of each shard may have something due without verdict.
    private var undecided = Array(repeating: Int32(0), count: VirtualShard.count)
    /// Shards in which something was decided since the last note, and up to when.
    private var decided: [VirtualShard: Instant] = [:]

    /// Takes over notes, as far as they do not lie beyond `limit`.
    mutating func hear(_ notes: [SettledNote], upTo limit: Instant) {
        for note in notes {
            let through = min(note.through, limit)
            heard[note.shard.number] = max(heard[note.shard.number], through)
        }
    }

    /// Up to when others have said that `shard` is settled.
    func heard(of shard: VirtualShard) -> Instant {
        heard[shard.number]
    }

    mutating func count(_ shard: VirtualShard, undecided change: Int32) {
        undecided[shard.number] += change
    }

    mutating func decide(_ shard: VirtualShard, through: Instant) {
        decided[shard] = max(decided[shard] ?? through, through)
    }

    /// The shards with news and without anything undecided, in order; they are taken out.
    mutating func takeSettled() -> [(shard: VirtualShard, through: Instant)] {
        guard !decided.isEmpty else { return [] }
        let settled = decided.filter { undecided[$0.key.number] == 0 }
        for shard in settled.keys { decided[shard] = nil }
        return settled.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
