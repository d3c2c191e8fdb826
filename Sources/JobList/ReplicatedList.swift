// One peer's copy of the list, as gossip and the feed see it.

package import Gossip
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
    /// The same as bytes for another copy, and the last key in them.
    func chunk(
        after key: ObjectKey?,
        limit: Int
    ) async throws(ReplicaError) -> (chunk: SnapshotChunk, lastKey: ObjectKey?)
    /// As ``apply(_:)``, for batches that members tell of; what a member says is not yet the truth.
    ///
    /// - Throws: ``ReplicaError/quarantined(_:why:isNew:)`` at a batch that was or is set aside.
    func take(_ batches: [ChangeBatch]) async throws(ReplicaError) -> ApplyOutcome
    /// The same for whoever cannot wait: `report` is called once, on a thread of the list's, with
    /// what came of it and where the copy stands then; calls are worked off in order.
    func take(
        _ batches: [ChangeBatch],
        report: @escaping @Sendable (Result<ApplyOutcome, ReplicaError>, Position) -> Void
    )
    /// As ``changes(after:limit:)``, if that can be told at once.
    func recent(after revision: Revision, limit: Int) -> [ChangeBatch]?

    /// Begins a copy that is to replace this one, or goes on with one that was broken off.
    ///
    /// - Throws: ``ReplicaError/unavailable(_:)`` while another caller works on one.
    func beginInstallation() async throws(ReplicaError) -> any ListInstallation
    /// Lets somebody else go on with the installation, or this caller later.
    func pauseInstallation() async
    /// Throws away what was taken so far.
    func dropInstallation() async
    /// Has the finished installation take this copy's place.
    ///
    /// Until it does, this copy is whole and in use; a crash leaves the one or the other. If this
    /// copy went further meanwhile by itself, it stays. Afterwards there is no installation any
    /// more, except that one which could not take the place yet is kept as it is: the next caller
    /// of ``beginInstallation()`` need only finish it.
    ///
    /// - Returns: Where the copy stands now.
    func finishInstallation() async throws(ReplicaError) -> Position
}

extension ReplicatedList {
    package func take(
        _ batches: [ChangeBatch],
        report: @escaping @Sendable (Result<ApplyOutcome, ReplicaError>, Position) -> Void
    ) {
        Task {
            let result: Result<ApplyOutcome, ReplicaError>
            do throws(ReplicaError) { result = .success(try await take(batches)) } catch {
                result = .failure(error)
            }
            report(result, await position())
        }
    }

    package func recent(after revision: Revision, limit: Int) -> [ChangeBatch]? { nil }

    package func chunk(
        after key: ObjectKey?,
        limit: Int
    ) async throws(ReplicaError) -> (chunk: SnapshotChunk, lastKey: ObjectKey?) {
        let (records, position) = try await snapshot(after: key, limit: limit)
        let chunk = SnapshotChunk(records, at: position, isLast: records.isEmpty)
        return (chunk, records.last?.key)
    }

    /// Replaces the whole copy by `records`, which are in key order.
    package func install(
        _ records: [ObjectRecord],
        at position: Position
    ) async throws(ReplicaError) {
        await dropInstallation()
        let installation = try await beginInstallation()
        do throws(ReplicaError) {
            try await installation.add(SnapshotChunk(records, at: position, isLast: true))
            _ = try await finishInstallation()
        } catch {
            await dropInstallation()
            throw error
        }
    }
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
    /// A member's batch of this revision was set aside, now or earlier; the store has to decide.
    case quarantined(Revision, why: String, isNew: Bool)
}

extension ReplicaError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .compacted(let floor): "changes before \(floor) are no longer kept; list again"
        case .full(let why): "the disk of the replica is full: \(why). Free space"
        case .corrupt(let why): "the replica is damaged and will be fetched again: \(why)"
        case .unavailable(let why): "the replica does not answer: \(why)"
        case .quarantined(let revision, let why, _):
            "the changes of \(revision) were set aside, the store decides: \(why)"
        case .refused(let why): "changes were refused, ask somebody else for them: \(why)"
        }
    }
}
