// A piece of a copy of the list on its way to a member that starts afresh.

package import Vocabulary

/// Some objects in key order, as bytes that only whoever keeps copies can read.
///
/// Gossip carries them without looking inside; the digest is over `rows` and checked before any
/// of it is believed.
package struct SnapshotChunk: Equatable, Sendable {
    /// Where the sender's copy stood when this was read.
    package var position: Position
    /// The sender has dropped tombstones up to here.
    package var tombFloor: Revision
    package var count: Int
    /// Nothing comes after this in key order.
    package var isLast: Bool
    package var digest: Digest
    package var rows: [UInt8]

    package init(
        position: Position,
        tombFloor: Revision,
        count: Int,
        isLast: Bool,
        digest: Digest,
        rows: [UInt8]
    ) {
        self.position = position
        self.tombFloor = tombFloor
        self.count = count
        self.isLast = isLast
        self.digest = digest
        self.rows = rows
    }
}
