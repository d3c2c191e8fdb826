import LockLease
import Vocabulary

extension ChangeBatch {
    /// Whether the batch's own position follows from its contents.
    var isChained: Bool {
        ChainDigest.next(
            after: previous.digest,
            revision: position.revision,
            records: records
        ) == position.digest
    }
}
