// Mistakes on purpose: if one of them goes unnoticed, the checks are too weak.

/// A mistake that somebody could make; each lives in the simulated world, none in the product.
package enum Mutant: String, CaseIterable, Sendable {
    /// The store takes a claim whose cursor lies behind its own.
    case cursorNotCompared = "cursor-not-compared"
    /// Instants are claimed if there is no record of them, and records are pruned.
    case recordsInsteadOfCursor = "records-instead-of-cursor"
    /// Trust runs from when the answer came.
    case trustFromAnswer = "trust-from-answer"
    /// A session is expired although its beat moved on.
    case expireWithoutBeat = "expire-without-beat"
    /// The next attempt gets the fence of the one before.
    case fenceNotRaised = "fence-not-raised"
    /// A finish counts whatever became of the run meanwhile.
    case finishWithoutFence = "finish-without-fence"
    /// A claim of unknown outcome is sent again under another id.
    case newIDForUnknown = "new-id-for-unknown"
    /// A claim of unknown outcome counts as refused.
    case unknownIsRefused = "unknown-is-refused"
    /// What became of an unknown claim is read, not asked for by the same claim.
    case unknownIsRead = "unknown-is-read"
    /// An edit forgets what the job said before.
    case editWithoutEras = "edit-without-eras"
    /// Each node looks only at its own runs before it starts another.
    case overlapIsLocal = "overlap-is-local"
    /// Only the first in the ranking ever claims.
    case onlyFirstClaims = "only-first-claims"
    /// Nobody looks whether the store went back.
    case historyIgnored = "history-ignored"
    /// A new session gets the number of one that has been.
    case sessionReused = "session-reused"
    /// Time spent suspended does not count.
    case suspendNotCounted = "suspend-not-counted"
    /// One node has other rules for time zones, and takes part.
    case zonesDiffer = "zones-differ"
    /// An edit does not wait for the store's word: old claims still count.
    case staleRevisionTaken = "stale-revision-taken"
    /// A node runs the body it has, whatever the grant names.
    case bodyNotCompared = "body-not-compared"
    /// The session is not looked at in the claim.
    case deadSessionClaims = "dead-session-claims"
    /// The node starts what was granted without looking at its trust.
    case startWithoutTrust = "start-without-trust"
    /// The store takes instants that lie in its future.
    case futureTaken = "future-taken"
    /// What waits in a queue is dropped.
    case queueDropped = "queue-dropped"
    /// Missed instants are passed over without a word.
    case silentSkip = "silent-skip"
    /// Nobody gives the runs of a dead session their verdict.
    case noTakeover = "no-takeover"
}
