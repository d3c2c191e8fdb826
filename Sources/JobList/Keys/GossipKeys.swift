// The ring that a member goes by now, shared by everything that seals, opens or signs in.

package import Sealing
internal import Synchronization
internal import Vocabulary

/// A member's keys, which may be exchanged while packets fly.
package final class GossipKeys: Sendable {
    /// What is derived from one key of the ring.
    struct Derived: Sendable {
        let id: KeyID
        let packets: SecretKey
        let streams: SecretKey
        let memberToken: [UInt8]

        init(_ entry: KeyRing.Entry) {
            id = entry.id
            packets = Hashing.derive(entry.key, purpose: "rota gossip packets 1")
            streams = Hashing.derive(entry.key, purpose: "rota gossip streams 2")
            memberToken = Array(
                ("member_" + Hashing.derive(entry.key, purpose: "member api").base64).utf8
            )
        }
    }

    /// One ring with everything derived from it; never changes.
    final class View: Sendable {
        let ring: KeyRing
        let used: Derived
        private let byID: [Derived?]

        init(_ ring: KeyRing) {
            self.ring = ring
            var byID = [Derived?](repeating: nil, count: 256)
            for entry in ring.entries { byID[Int(entry.id.rawValue)] = Derived(entry) }
            guard let used = byID[Int(ring.used.rawValue)] else {
                preconditionFailure("the key in use is in the ring")
            }
            self.byID = byID
            self.used = used
        }

        subscript(id: KeyID) -> Derived? { byID[Int(id.rawValue)] }
        var all: [Derived] { byID.compactMap(\.self) }
    }

    let clusterID: [UInt8]
    /// The first 8 bytes of the cluster's fingerprint.
    let clusterMark: UInt64
    private let current: Mutex<View>

    package init(_ ring: KeyRing) {
        clusterID = Array(ring.clusterID.utf8)
        clusterMark = Hashing.digest(clusterID).high
        current = Mutex(View(ring))
    }

    /// `key`: `nil` on loopback only, where the cluster's name takes its place.
    package convenience init(key: SecretKey?, clusterID: String) {
        self.init(
            key.map { KeyRing(first: $0, clusterID: clusterID) } ?? KeyRing(keyless: clusterID)
        )
    }

    var view: View { current.withLock(\.self) }

    package var ring: KeyRing { view.ring }

    /// Whether there is a key at all, rather than the cluster's name in its place.
    package var isSecret: Bool { view.ring.used != .unkeyed }

    /// Goes by `ring` from now on, if it is a later one of the same cluster.
    ///
    /// - Returns: Whether it was.
    @discardableResult
    package func install(_ ring: KeyRing) -> Bool {
        current.withLock { view in
            guard ring.clusterID == view.ring.clusterID, ring.version > view.ring.version else {
                return false
            }
            view = View(ring)
            return true
        }
    }

    // Calls between members.

    /// What members send one another as bearer token: derived from the key in use, never stored.
    package var memberToken: String { String(decoding: view.used.memberToken, as: UTF8.self) }

    /// Whether `text` is the token of a member under any key of the ring.
    package func isMemberToken(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        // All are compared, so that the time tells nothing.
        return view.all.count { Hashing.areEqual(bytes, $0.memberToken) } > 0
    }
}
