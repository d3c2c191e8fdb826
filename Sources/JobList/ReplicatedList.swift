// One peer's copy of the list, as gossip and the feed see it.

package import Vocabulary

/// A copy of the list that follows the store commit by commit.
package protocol ReplicatedList: Sendable {
    /// How far this copy is.
    func position() async -> Position
    /// Applies `batches`, oldest first, up to the first that does not follow.
    ///
    /// - Throws: ``ReplicaError/refused(_:)`` at a batch that contradicts its own digests; what
    ///   stood before it is applied, it and what follows are not.
    func apply(_ batches: [ChangeBatch]) async throws(ReplicaError) -> ApplyOutcome
    /// The batches after `revision`, oldest first, at most `limit`; fewer if they are large.
    ///
    /// Only an empty answer means that there are no more.
    ///
    /// - Throws: ``ReplicaError/compacted(floor:)`` if `revision` is not part of the kept history.
    func changes(
        after revision: Revision,
        limit: Int
    ) async throws(ReplicaError) -> [ChangeBatch]
    /// Every object, tombstones included, in key order after `key`; only an empty page is the end.
    ///
    /// The copy may move on between two pages: then their positions differ.
    func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) async throws(ReplicaError) -> (records: [ObjectRecord], position: Position)
    /// Replaces the whole copy in one transaction.
    func install(
        _ records: [ObjectRecord],
        at position: Position
    ) async throws(ReplicaError)
}

/// What came of applying batches.
package enum ApplyOutcome: Equatable, Sendable {
    /// All applied or known already.
    case applied(Position)
    /// The next batch starts at `next`, further on: ask for what lies between.
    case gap(have: Position, next: Position)
    /// The batch contradicts this copy's history: start from a snapshot.
    case diverged(have: Position)
}

/// Why a copy of the list could not be read or written.
package enum ReplicaError: Error, Equatable, Sendable {
    case compacted(floor: Revision)
    case full(String)
    case corrupt(String)
    case unavailable(String)
    /// What was handed in contradicts its own digests: it was damaged or forged on the way.
    case refused(String)
}

extension ReplicaError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .compacted(let floor): "changes before \(floor) are no longer kept; list again"
        case .full(let why): "the disk of the replica is full: \(why). Free space"
        case .corrupt(let why): "the replica is damaged and will be fetched again: \(why)"
        case .unavailable(let why): "the replica does not answer: \(why)"
        case .refused(let why): "changes were refused, ask somebody else for them: \(why)"
        }
    }
}
