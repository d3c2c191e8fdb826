// How changes spread and how gaps are repaired.

internal import Vocabulary

/// Where the copy of the list stands, what waits for it, and what is being fetched.
struct ChangeRelay: Equatable, Sendable {
    enum Repair: Equatable, Sendable {
        case idle
        /// Something is missing; a push may still bring it.
        case waiting(until: MonotonicInstant, prefer: PeerAddress?)
        /// A member was asked by datagram when the copy stood at `before`.
        case wanting(from: PeerAddress, before: Revision, until: MonotonicInstant)
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

    /// Who wants the changes after one revision.
    struct Want: Equatable, Sendable {
        let revision: Revision
        var addresses: [PeerAddress]
    }

    struct Outgoing: Equatable, Sendable {
        let frame: Frame
        let size: Int
        let source: PeerAddress?
    }

    static let heldCount = 4_096
    static let applyCount = 1_000
    static let poisonedCount = 64

    var applied: Position
    /// Received and not applied yet, in order of revision.
    private(set) var held: [Held] = []
    private(set) var heldBytes = 0
    /// The last revision of what is being applied; `nil` while nothing is.
    var applyingThrough: Revision?
    var repair = Repair.idle
    /// Something came in this event that may be applicable.
    var hasFresh = false
    /// Who wants which changes, as heard in this event.
    var wants: [Want] = []
    /// How many in a row were asked and had nothing for us.
    var barren = 0
    /// Who does not answer datagrams that ask for changes.
    var mute: PeerAddress?
    /// Who was of no help last time.
    var avoided: PeerAddress?
    /// Where the last batches came from.
    var source: PeerAddress?
    /// The copy could not be written: no use in fetching before this.
    var pause: MonotonicInstant?
    /// Waits to be pushed.
    private(set) var outgoing: [Outgoing] = []
    private(set) var outgoingBytes = 0
    /// When it is pushed.
    private(set) var pushDue: MonotonicInstant?
    /// The last revision that was pushed, or will be.
    var pushedThrough: Revision
    /// How far apart pushes are: wider the more there is to push.
    private(set) var window = Duration.milliseconds(2)
    /// When something went out last.
    var turnedAt: MonotonicInstant?
    /// When the head is announced, unless what led to it is pushed by then.
    var announceDue: MonotonicInstant?
    /// There was too much to push: the head is announced whatever was pushed.
    var mustAnnounce = false
    /// The head that was announced to many last.
    var announcedThrough = Revision.zero
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
        pushedThrough = applied.revision
    }

    var isApplying: Bool { applyingThrough != nil }

    var nextDue: MonotonicInstant? {
        var dues: [MonotonicInstant] = []
        switch repair {
        case .waiting(let until, _), .wanting(_, _, let until): dues.append(until)
        case .idle, .fetching, .installing, .settling: break
        }
        if let tailDue { dues.append(tailDue) }
        if let pushDue { dues.append(pushDue) }
        if let announceDue { dues.append(announceDue) }
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
        guard revision > applied.revision, !poisoned.contains(revision) else { return false }
        let place = place(of: revision)
        return place == held.count || held[place].batch.position.revision != revision
    }

    mutating func hold(_ batch: ChangeBatch, size: Int) {
        held.insert(Held(batch: batch, size: size), at: place(of: batch.position.revision))
        heldBytes += size
    }

    mutating func dropApplied() {
        poisoned.removeAll { $0 <= applied.revision }
        let count = held.prefix { $0.batch.position.revision <= applied.revision }.count
        guard count > 0 else { return }
        for held in held[..<count] { heldBytes -= held.size }
        held.removeFirst(count)
    }

    /// Forgets what waits at `revision` and beyond.
    mutating func dropHeld(from revision: Revision = .zero) {
        let place = place(of: revision)
        for held in held[place...] { heldBytes -= held.size }
        held.removeSubrange(place...)
    }

    /// The first place in `held` that is not before `revision`.
    private func place(of revision: Revision) -> Int {
        var (low, high) = (0, held.count)
        while low < high {
            let middle = (low + high) / 2
            if held[middle].batch.position.revision < revision {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
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

    // Pushing.

    /// Has it pushed at the end of this event, or a window after what went out last.
    mutating func push(_ item: Outgoing, at now: MonotonicInstant) {
        outgoing.append(item)
        outgoingBytes += item.size
        pushDue = pushDue ?? nextTurn(after: now)
    }

    func nextTurn(after now: MonotonicInstant) -> MonotonicInstant {
        turnedAt.map { max(now, $0 + window) } ?? now
    }

    /// What waits, in packets of at most `room`.
    ///
    /// While there is always something to push the windows get wider: members that are busy with
    /// every single change keep whoever makes them from making more.
    mutating func takeOutgoing(
        room: Int,
        _ tuning: GossipTuning,
        at now: MonotonicInstant
    ) -> [[Frame]] {
        var packets: [[Frame]] = []
        var left = 0
        for item in outgoing {
            if item.size > left {
                packets.append([])
                left = room
            }
            packets[packets.count - 1].append(item.frame)
            left -= item.size
        }
        let isSoon = turnedAt.map { $0.duration(to: now) < tuning.streamPause } ?? false
        let isStream = isSoon || outgoing.count > 1
        window =
            isStream
            ? min(tuning.longestPushWindow, window * 2) : max(tuning.pushWindow, window / 2)
        turnedAt = now
        dropOutgoing()
        return packets
    }

    /// There is too much to push.
    mutating func turnToAnnouncing(_ tuning: GossipTuning) {
        dropOutgoing()
        widen(tuning)
        mustAnnounce = true
    }

    private mutating func widen(_ tuning: GossipTuning) {
        window = min(tuning.longestAnnounceWindow, window * 2)
    }

    private mutating func dropOutgoing() {
        outgoing = []
        outgoingBytes = 0
        pushDue = nil
    }
}
