// Hints that are worth more the sooner they arrive; what they say is also in the store.

package import Vocabulary

/// A shard whose instants have their verdicts up to a point.
package struct SettledShard: Hashable, Sendable, CustomStringConvertible {
    package let shard: VirtualShard
    /// Every instant of the shard's jobs up to here is decided.
    package let through: Instant

    package init(shard: VirtualShard, through: Instant) {
        self.shard = shard
        self.through = through
    }

    package var description: String { "shard \(shard.number) through \(through)" }
}

/// What one peer tells others beside the list and the membership.
package enum Signal: Equatable, Sendable {
    /// Repeated until acknowledged; delivered once per order sent.
    case kill(KillOrder)
    /// Best effort, once to everybody.
    case settled([SettledShard])
    /// The sender has no slot for what is due in these shards up to then: best effort, once to
    /// everybody.
    case passed([SettledShard])
    /// Where jobs have started whose route asks for that: best effort, once to everybody.
    case ran([Placement])
    /// There are new triggers in the store: best effort, once to everybody.
    case triggers
}
