// The keys of one cluster: one seals, all open.

package import Sealing
package import Vocabulary

/// The number of a key in its ring, written on every packet; 0 stands for no key at all.
package struct KeyID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt8

    package init(_ rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let unkeyed = Self(0)
    package static let first = Self(1)

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    package var description: String { "\(rawValue)" }
}

/// A cluster's keys, in the order they were added.
///
/// A ring is replaced as a whole; of two, members believe the one with the greater version.
package struct KeyRing: Equatable, Sendable {
    /// Keys in one ring at most.
    package static let limit = 8

    package struct Entry: Equatable, Sendable {
        package let id: KeyID
        package let key: SecretKey
        package let addedAt: Instant
        package let author: String

        package init(id: KeyID, key: SecretKey, addedAt: Instant, author: String) {
            self.id = id
            self.key = key
            self.addedAt = addedAt
            self.author = author
        }
    }

    /// What a key is there for.
    package enum Duty: String, Sendable {
        /// Added after the one in use: some members may not have it yet.
        case waiting
        case used
        /// Before the one in use: some packets under it may still be on their way.
        case retired
    }

    /// Never changes, whatever keys come and go.
    package let clusterID: String
    /// 0 for a ring that was made from a single key.
    package let version: Int64
    package let entries: [Entry]
    /// The key that seals; always one of `entries`.
    package let used: KeyID

    /// - Returns: `nil` unless there are 1 to 8 keys of different ids, one of them in use.
    package init?(clusterID: String, version: Int64, entries: [Entry], used: KeyID) {
        guard (1...Self.limit).contains(entries.count), version >= 0,
            Set(entries.map(\.id)).count == entries.count,
            entries.contains(where: { $0.id == used })
        else { return nil }
        self.init(checked: clusterID, version, entries, used)
    }

    private init(checked clusterID: String, _ version: Int64, _ entries: [Entry], _ used: KeyID) {
        self.clusterID = clusterID
        self.version = version
        self.entries = entries
        self.used = used
    }

    /// The ring of a cluster that has never changed its key.
    package init(first key: SecretKey) {
        self.init(first: key, clusterID: ClusterIdentity.text(of: key))
    }

    /// The same with a name of its own.
    package init(first key: SecretKey, clusterID: String) {
        let entry = Entry(id: .first, key: key, addedAt: .epoch, author: "")
        self.init(checked: clusterID, 0, [entry], .first)
    }

    /// A ring for this machine alone: the cluster's name takes the place of a key.
    ///
    /// That keeps nothing secret, but clusters on one machine apart.
    package init(keyless clusterID: String) {
        let nobody = Hashing.blake2b([], length: SecretKey.length, key: [])
        guard let base = SecretKey(bytes: nobody) else { preconditionFailure("32 bytes are a key") }
        let key = Hashing.derive(base, purpose: "rota cluster \(clusterID)")
        let entry = Entry(id: .unkeyed, key: key, addedAt: .epoch, author: "")
        self.init(checked: clusterID, 0, [entry], .unkeyed)
    }

    package subscript(id: KeyID) -> Entry? { entries.first { $0.id == id } }

    package func duty(of id: KeyID) -> Duty? {
        guard let place = entries.firstIndex(where: { $0.id == id }),
            let current = entries.firstIndex(where: { $0.id == used })
        else { return nil }
        return place == current ? .used : place > current ? .waiting : .retired
    }

    /// 16 hexadecimal digits that tell clusters apart and nothing of their keys.
    package var clusterFingerprint: String { Self.fingerprint(ofCluster: clusterID) }

    package static func fingerprint(ofCluster clusterID: String) -> String {
        String(Hashing.digest(Array(clusterID.utf8)).description.prefix(16))
    }

    // Changes.

    /// The ring with `key` behind the others, not in use yet; and its id.
    ///
    /// Where a key waits already that one is answered, so that doing it twice adds one key.
    package func adding(
        _ key: SecretKey,
        at now: Instant,
        by author: String
    ) throws(KeyRingError) -> (ring: KeyRing, id: KeyID) {
        if let waiting = entries.last, duty(of: waiting.id) == .waiting {
            return (self, waiting.id)
        }
        return try appending(key, behind: entries, at: now, by: author)
    }

    /// The ring with `key` behind the others, in place of a key that waits already; and its id.
    ///
    /// Not the id of the one it replaces: who has not heard of that yet would take it for this one.
    package func replacingWaiting(
        with key: SecretKey,
        at now: Instant,
        by author: String
    ) throws(KeyRingError) -> (ring: KeyRing, id: KeyID) {
        let kept = entries.filter { duty(of: $0.id) != .waiting }
        return try appending(key, behind: kept, at: now, by: author)
    }

    private func appending(
        _ key: SecretKey,
        behind kept: [Entry],
        at now: Instant,
        by author: String
    ) throws(KeyRingError) -> (ring: KeyRing, id: KeyID) {
        guard kept.count < Self.limit else { throw .full(oldest: kept[0].id) }
        let entry = Entry(id: freeID, key: key, addedAt: now, author: author)
        return (next(kept + [entry], used), entry.id)
    }

    /// The ring that seals with the key called `id`.
    package func using(_ id: KeyID) throws(KeyRingError) -> KeyRing {
        guard self[id] != nil else { throw .noSuchKey(id, have: entries.map(\.id)) }
        return id == used ? self : next(entries, id)
    }

    /// The ring without the key called `id`.
    package func removing(_ id: KeyID) throws(KeyRingError) -> KeyRing {
        guard self[id] != nil else { throw .noSuchKey(id, have: entries.map(\.id)) }
        guard id != used else { throw .inUse(id) }
        return next(entries.filter { $0.id != id }, used)
    }

    private func next(_ entries: [Entry], _ used: KeyID) -> KeyRing {
        KeyRing(checked: clusterID, version + 1, entries, used)
    }

    /// The number after the newest, from 1 to 255 and round again; one that no key here has.
    private var freeID: KeyID {
        let taken = Set(entries.map(\.id.rawValue))
        var number = entries.last?.id.rawValue ?? 0
        repeat { number = number == .max ? 1 : number + 1 } while taken.contains(number)
        return KeyID(number)
    }
}

/// Why a ring cannot be changed, or a text is none.
package enum KeyRingError: Error, Equatable, Sendable {
    case noSuchKey(KeyID, have: [KeyID])
    case inUse(KeyID)
    case full(oldest: KeyID)
    /// A file or document that is no ring; what is wrong with it, without its contents.
    case unreadable(String)
    /// A ring of another cluster, by their fingerprints.
    case otherCluster(theirs: String, ours: String)
}

extension KeyRingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSuchKey(let id, let have):
            "there is no key \(id); there are \(have.map(\.description).joined(separator: ", "))"
        case .inUse(let id): "key \(id) is in use: packets are sealed with it"
        case .full(let oldest):
            "the ring has \(KeyRing.limit) keys, which is the most; remove one, such as \(oldest)"
        case .unreadable(let why): "no key ring: \(why)"
        case .otherCluster(let theirs, let ours):
            "the keys are those of cluster \(theirs), and this member belongs to cluster \(ours)"
        }
    }
}
