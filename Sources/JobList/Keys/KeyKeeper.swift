// Keeps a member's keys up to date: from the store, sealed to its identity, whoever was away.

package import LockLease
package import Platform
package import Sealing
internal import Gossip
internal import Synchronization
package import Vocabulary

/// Tells the store of this member, and takes over every later ring that was sealed to it.
///
/// Keys travel by the store alone. What gossip brings only says that there is something new: who
/// has an old key may speak there.
package final class KeyKeeper: Sendable {
    /// What is this member's own.
    package struct Place: Sendable {
        package let name: NodeName
        package let folder: String
        package let identity: Identity

        package init(name: NodeName, folder: String, identity: Identity) {
            self.name = name
            self.folder = folder
            self.identity = identity
        }
    }

    /// How often a member looks that is cut off, or could not do what it wanted.
    static let retryPeriod = Duration.seconds(10)
    private static let memberPage = 500
    private static let memberLimit = 20_000

    let place: Place
    let store: any LeaseStore
    let replica: Replica
    let feed: ChangeFeed
    package let keys: GossipKeys
    let gossip: GossipDriver
    let log: DaemonLog
    private let complaints = Mutex(ComplaintBook())
    private let isDone = Mutex(false)

    package init(
        place: Place,
        store: any LeaseStore,
        replica: Replica,
        feed: ChangeFeed,
        keys: GossipKeys,
        gossip: GossipDriver,
        log: DaemonLog
    ) {
        self.place = place
        self.store = store
        self.replica = replica
        self.feed = feed
        self.keys = keys
        self.gossip = gossip
        self.log = log
    }

    private var me: Member? { gossip.members.first { $0.name == place.name } }
    private var isMaster: Bool { me?.role == .master }

    // Looking.

    /// Fetches the ring, registers this member, and tells gossip where the others are.
    ///
    /// Does what it can: what the store does not answer now is tried again by ``run()``.
    package func look() async {
        do throws(StoreError) {
            try await fetch()
            try await register()
            try await findOthers()
            if isMaster { try await sealToNewcomers() }
            isDone.withLock { $0 = true }
        } catch {
            isDone.withLock { $0 = false }
            log.debug("keys.store-away", ["why": "\(error)"])
            await findOthersInList()
        }
    }

    /// Looks whenever the list says that there is something new, until cancelled.
    package func run() async {
        let kinds: Set<ObjectKind> = isMaster ? [.keyring, .member] : [.keyring]
        while !Task.isCancelled {
            let cursor = feed.cursor(since: nil, filter: FeedFilter(kinds: kinds))
            await withTaskCancellationHandler {
                await follow(cursor)
            } onCancel: {
                cursor.cancel()
            }
        }
    }

    private func follow(_ cursor: FeedCursor) async {
        do throws(FeedError) {
            while true {
                let items = try await cursor.next(timeout: Self.retryPeriod)
                let isNews = items.contains { item in
                    switch item {
                    case .put, .delete: true
                    case .bookmark, .lagging: false
                    }
                }
                if isNews || isAlone || !isDone.withLock(\.self) { await look() }
            }
        } catch .cancelled {
            return
        } catch {
            log.debug("keys.list-restarted", ["why": "\(error)"])
        }
    }

    private var isAlone: Bool { gossip.members.count(where: \.isPresent) <= 1 }

    /// Takes over the store's ring if it is later than ours and was sealed to us.
    func fetch() async throws(StoreError) {
        guard let record = try await store.object(SealedRing.key), !record.isDeleted else { return }
        do throws(KeyRingError) {
            let sealed = try SealedRing(body: record.body)
            guard sealed.cluster == keys.ring.clusterFingerprint else {
                throw .otherCluster(theirs: keys.ring.clusterFingerprint, ours: sealed.cluster)
            }
            guard sealed.version > keys.ring.version else { return }
            guard let ring = try sealed.opened(by: place.identity, of: place.name) else {
                return complainOfNoLetter(sealed)
            }
            install(ring)
        } catch {
            guard mayComplain("ring") else { return }
            log.error("keys.refused", ["why": "\(error)"])
        }
    }

    /// Goes by `ring` from now on, and after a restart.
    func install(_ ring: KeyRing) {
        guard keys.install(ring) else { return }
        do throws(SystemError) { try KeyFiles.keep(ring, in: place.folder) } catch {
            log.warning("keys.not-kept", ["why": "\(error)"])
        }
        let ids = ring.entries.map(\.id.description).joined(separator: ",")
        log.info(
            "keys.changed",
            ["version": "\(ring.version)", "keys": ids, "use": "\(ring.used)"]
        )
    }

    private func complainOfNoLetter(_ sealed: SealedRing) {
        guard mayComplain("letter") else { return }
        let lacking = sealed.labels.map(\.id).filter { keys.ring[$0] == nil }
        log.error(
            "keys.lacking",
            [
                "lacks": lacking.map(\.description).joined(separator: ","),
                "use": "\(sealed.used)",
                "mend": "a running master seals the ring to this member within seconds. If there "
                    + "is none, start one, or start this member with the file `keys` of another "
                    + "as --cluster-key-file",
            ]
        )
    }

    private func mayComplain(_ kind: String) -> Bool {
        complaints.withLock { $0.mayComplain(kind, of: "", at: SystemClock.monotonic) }
    }

    // Registering.

    /// Sees to it that the list says where this member is and what seals to it.
    private func register() async throws(StoreError) {
        guard let me else { return }
        let document = MemberDocument(
            role: me.role,
            gossip: me.address.text,
            identity: place.identity.publicHalf,
            cluster: keys.ring.clusterFingerprint
        )
        let key = MemberDocument.key(of: place.name)
        let record = try await store.object(key)
        if let record, !record.isDeleted, record.body == document.body { return }
        try await commit([
            ObjectEdit(
                key: key,
                expecting: .any,
                uid: Self.newUID(),
                change: .put(body: document.body, gate: nil)
            )
        ])
    }

    /// Commits for this member, and hands the batch on at once.
    func commit(_ edits: [ObjectEdit]) async throws(StoreError) {
        let id = RequestID(Hashing.digest(SecureRandom.bytes(16)).description)
        let batch = try await store.commit(edits, id: id, author: place.name.text)
        // A copy that is behind gets it with what it lacks: everybody follows the store's log.
        guard case .applied(batch.position)? = try? await replica.apply([batch]) else { return }
        gossip.publish(batch)
    }

    static func newUID() -> UID { UID(Hashing.digest(SecureRandom.bytes(16)).description) }

    // The others.

    /// Everybody the store knows to be of this cluster.
    func registered() async throws(StoreError) -> [NodeName: MemberDocument] {
        var found: [NodeName: MemberDocument] = [:]
        let first = ObjectKey(tenant: "system", kind: .member, name: "")
        var last = first
        while found.count < Self.memberLimit {
            let (records, _) = try await store.snapshot(after: last, limit: Self.memberPage)
            for record in records {
                guard record.key.tenant == first.tenant, record.key.kind == first.kind else {
                    return found
                }
                take(record, into: &found)
            }
            guard let end = records.last?.key else { break }
            last = end
        }
        return found
    }

    private func take(_ record: ObjectRecord, into found: inout [NodeName: MemberDocument]) {
        guard !record.isDeleted, let document = MemberDocument(record.body) else { return }
        guard document.cluster == keys.ring.clusterFingerprint else {
            guard mayComplain("cluster of \(record.key.name)") else { return }
            log.warning(
                "gossip.other-cluster",
                [
                    "peer": record.key.name, "theirs": document.cluster,
                    "ours": keys.ring.clusterFingerprint,
                    "mend": "both use one store and two keys: give both the same "
                        + "--cluster-key-file",
                ]
            )
            return
        }
        found[NodeName(record.key.name)] = document
    }

    private func findOthers() async throws(StoreError) {
        guard isAlone else { return }
        await meet(try await registered())
    }

    /// The same from this member's own copy of the list, for when the store is away.
    private func findOthersInList() async {
        var found: [NodeName: MemberDocument] = [:]
        let records = try? await replica.records(
            kind: .member,
            tenant: "system",
            after: nil,
            limit: Self.memberPage
        )
        for record in records ?? [] { take(record, into: &found) }
        await meet(found)
    }

    private func meet(_ members: [NodeName: MemberDocument]) async {
        let addresses = members.filter { $0.key != place.name }.map(\.value.gossip).sorted()
        if !addresses.isEmpty { await gossip.meet(addresses) }
    }

    // For masters.

    /// Seals the ring as it is to members that have come, or come with another identity, since.
    private func sealToNewcomers() async throws(StoreError) {
        guard let record = try await store.object(SealedRing.key), !record.isDeleted,
            let sealed = try? SealedRing(body: record.body), sealed.version == keys.ring.version,
            sealed.cluster == keys.ring.clusterFingerprint
        else { return }
        let wanted = try await registered().mapValues(\.identity)
        guard wanted.contains(where: { sealed.recipients[$0.key] != $0.value }) else { return }
        do throws(StoreError) {
            try await commit([edit(keys.ring, to: wanted, over: record)])
        } catch .conflict {
            // Another master was first, with the same.
        }
    }

    func edit(
        _ ring: KeyRing,
        to recipients: [NodeName: PublicIdentity],
        over record: ObjectRecord?
    ) -> ObjectEdit {
        var recipients = recipients
        recipients[place.name] = place.identity.publicHalf
        let expected = record.flatMap { $0.isDeleted ? nil : EditExpectation.version($0.version) }
        return ObjectEdit(
            key: SealedRing.key,
            expecting: expected ?? .absent,
            uid: Self.newUID(),
            change: .put(body: SealedRing(ring, to: recipients).body, gate: nil)
        )
    }
}
