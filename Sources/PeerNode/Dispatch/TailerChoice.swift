// Which members fetch new edits from the store at once.

package import Vocabulary

/// Chooses the few members that tail the store's log and inject what gossip missed.
package enum TailerChoice {
    package static let count = 3

    /// Whether `me` is among the first ``count`` of the alive members by rendezvous hashing.
    package static func includes(_ me: NodeName, among alive: [NodeName]) -> Bool {
        alive.map { (StableHash.of("tailer/\($0.text)"), $0) }
            .sorted { $0 > $1 }
            .prefix(count)
            .contains { $0.1 == me }
    }
}
