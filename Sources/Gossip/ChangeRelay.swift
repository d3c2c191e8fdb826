// How changes spread and how gaps are repaired.

internal import Vocabulary

/// Where the copy of the list stands, what waits for it, and what is being fetched.
struct ChangeRelay: Equatable, Sendable {
    enum Repair: Equatable, Sendable {
        case idle
        /// Something is missing; a push may still bring it.
        case waiting(until: MonotonicInstant, prefer: PeerAddress?)
        case fetching
        /// A snapshot is replacing the copy.
        case installing
        /// What was fetched is being applied.
        case settling(from: PeerAddress, before: Revision)
    }

    struct Held: Equatable, Sendable {
        let batch: ChangeBatch
        let size: Int
    }

    static let heldCount = 4_096
    static let applyCount = 1_000
    static let poisonedCount = 64

    var applied: Position
    /// Received and not applied yet, in order of revision.
    var held: [Held] = []
    var isApplying = false
    var repair = Repair.idle
    /// Who was of no help last time.
    var avoided: PeerAddress?
    /// Where the last batches came from.
    var source: PeerAddress?
    /// The copy could not be written: no use in fetching before this.
    var pause: MonotonicInstant?
    /// How often in a row.
    var failures = 0
    /// Revisions beyond `applied` that are taken from no member, in order; the store decides.
    var poisoned: [Revision] = []
    /// When the store is asked itself, unless members help before.
    var storeDue: MonotonicInstant?
    /// How often in a row it has been asked without any progress.
    var storeAsked = 0
    /// Announcements of our head still to make.
    var tailLeft = 0
    var tailDue: MonotonicInstant?
    /// The head about whose history we complained last.
    var complaint: Position?

    init(applied: Position) {
        self.applied = applied
    }

    var heldBytes: Int { held.reduce(0) { $0 + $1.size } }

    var nextDue: MonotonicInstant? {
        var dues: [MonotonicInstant] = []
        if case .waiting(let until, _) = repair { dues.append(until) }
        if let tailDue { dues.append(tailDue) }
        if let storeDue { dues.append(storeDue) }
        return dues.min()
    }

    /// Whether the next step has to come from the store.
    var isPoisoned: Bool { !poisoned.isEmpty }

    mutating func poison(_ revision: Revision) {
        guard revision > applied.revision, !poisoned.contains(revision) else { return }
        poisoned.append(revision)
        poisoned.sort()
        if poisoned.count > Self.poisonedCount { poisoned.removeLast() }
    }

    /// Whether a batch of this revision is neither applied, nor waiting, nor set aside.
    func isNew(_ revision: Revision) -> Bool {
        revision > applied.revision && !poisoned.contains(revision) && !held.contains { $0.batch.position.revision == revision }
    }

    mutating func hold(_ batch: ChangeBatch, size: Int) {
        let place = held.firstIndex { $0.batch.position.revision > batch.position.revision }
        held.insert(Held(batch: batch, size: size), at: place ?? held.count)
    }

    mutating func dropApplied() {
        poisoned.removeAll { $0 <= applied.revision }
        held.removeAll { $0.batch.position.revision <= applied.revision }
    }

    /// The held batches that follow what is applied, each the one before it.
    ///
    /// One that starts before where the copy stands belongs to another history; the copy knows
    /// better than we do what that means.
    func applicable() -> [ChangeBatch] {
        var chain: [ChangeBatch] = []
        var end = applied.revision
        for held in held.prefix(Self.applyCount) {
            guard held.batch.previous.revision <= end else { break }
            chain.append(held.batch)
            end = held.batch.position.revision
        }
        return chain
    }
}
