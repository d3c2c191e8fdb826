// The digest that chains every commit of the list to the one before it.

internal import Sealing
package import Vocabulary

extension ChangeBatch {
    /// The digest of the history up to and including a commit of `records` at `revision`.
    ///
    /// Every field of a record takes part; its body does through its own digest. A reader that
    /// computes this from what it was sent, and compares it with ``ChangeBatch/position``, knows
    /// that nothing was left out, reordered or changed since `previous`.
    ///
    /// - Complexity: O(`records`), independent of the size of the bodies.
    package static func digest(
        after previous: Position,
        revision: Revision,
        records: [ObjectRecord]
    ) -> Digest {
        var bytes = PackedBytes()
        bytes.put(previous.digest)
        bytes.put(revision)
        bytes.put(Int64(records.count))
        for record in records {
            bytes.put(record.key.tenant)
            bytes.put(record.key.kind.rawValue)
            bytes.put(record.key.name)
            bytes.put(record.uid.text)
            bytes.put(record.version.rawValue)
            bytes.put(record.isDeleted ? 1 : 0)
            bytes.put(record.digest)
            bytes.put(record.createdAt.unixMilliseconds)
            bytes.put(record.updatedAt.unixMilliseconds)
            bytes.put(record.author)
        }
        return Hashing.digest(bytes.bytes)
    }

    /// Whether the batch's own position follows from its contents.
    package var isChained: Bool {
        Self.digest(after: previous, revision: position.revision, records: records)
            == position.digest
    }
}
