// What a batch is to a copy of the list: the next one, an old one, one too far on, or a lie.

internal import LockLease
internal import Vocabulary

/// Decides whether a batch follows.
enum ChainRule {
    enum Verdict: Equatable {
        case follows
        /// Applied already, or older than all that is kept.
        case known
        case gap
        case diverged
        /// The batch contradicts itself: why.
        case refused(String)
    }

    /// Judges `batch` for a copy that stands at `have`.
    ///
    /// A batch that contradicts itself says nothing about this copy's history, only about who sent
    /// it; one that is sound but joins elsewhere says that one of the two histories is not the
    /// store's. `digest` answers what this copy's log has as the digest of a revision, if any.
    static func judge(
        _ batch: ChangeBatch,
        at have: Position,
        logged digest: (Revision) -> Digest?
    ) -> Verdict {
        let revision = batch.position.revision
        if let why = flaw(in: batch) { return .refused(why) }
        if revision == have.revision {
            return batch.position.digest == have.digest ? .known : .diverged
        }
        if revision < have.revision {
            guard let logged = digest(revision) else { return .known }
            return logged == batch.position.digest ? .known : .diverged
        }
        if batch.previous == have { return .follows }
        return batch.previous.revision > have.revision ? .gap : .diverged
    }

    /// Whether each of `batches` is sound; that they follow one another is known.
    static func isChain(_ batches: [ChangeBatch]) -> Bool {
        batches.allSatisfy { flaw(in: $0) == nil }
    }

    /// Why `batch` cannot be what the store committed, or `nil`.
    private static func flaw(in batch: ChangeBatch) -> String? {
        let revision = batch.position.revision
        guard revision > batch.previous.revision, revision.sequence <= UInt64(Int64.max) else {
            return "\(revision) does not come after \(batch.previous.revision)"
        }
        guard !batch.records.isEmpty else { return "\(revision) changes nothing" }
        for record in batch.records {
            guard record.revision == revision else {
                return "\(record.key) is of revision \(record.revision), its batch of \(revision)"
            }
            if let why = flaw(in: record) { return why }
        }
        let expected = ChainDigest.next(
            after: batch.previous.digest,
            revision: revision,
            records: batch.records
        )
        guard expected == batch.position.digest else {
            return "the digest of \(revision) is \(batch.position.digest), not \(expected)"
        }
        return nil
    }

    /// Why `record` cannot be a committed state, or `nil`.
    static func flaw(in record: ObjectRecord) -> String? {
        guard !record.isDeleted || record.body.isEmpty else {
            return "\(record.key) is deleted and has a body"
        }
        guard ChainDigest.digest(ofBody: record.body) == record.digest else {
            return "the body of \(record.key) does not match its digest \(record.digest)"
        }
        return nil
    }
}
