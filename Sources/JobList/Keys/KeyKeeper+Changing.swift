// Changing the cluster's keys, as a master is asked to.

package import LockLease
package import Sealing
package import Vocabulary

/// Why a change of keys did not happen.
package enum KeyChangeError: Error, Equatable, Sendable {
    case ring(KeyRingError)
    case store(StoreError)
    /// This master was not given the ring that the store has.
    case lacking
    /// Others changed the ring again and again in the meantime.
    case contended
}

extension KeyKeeper {
    private static let attemptLimit = 5

    /// Replaces the ring by what `change` makes of the store's, and seals it to every member.
    ///
    /// `change`: Called again on the newer ring if somebody else was faster.
    ///
    /// - Returns: The ring as it is now; unchanged if `change` changes nothing.
    /// - Throws: What `change` throws, or why the store's ring could not be replaced.
    package func change(
        _ change: (KeyRing) throws(KeyRingError) -> KeyRing
    ) async throws(KeyChangeError) -> KeyRing {
        try await exchange(forgetting: []) { ring, _ throws(KeyRingError) in try change(ring) }
    }

    /// Adds a key that is not in use yet, and seals it to every member.
    ///
    /// A key that waits already is answered instead, unless one of the forgotten was given it.
    ///
    /// - Parameters:
    ///   - key: The new key.
    ///   - forgetting: Members that are given nothing from now on, unless they register again.
    ///   - now: When.
    ///   - author: By whom.
    /// - Returns: The ring as it is now; its last key is the one that waits.
    /// - Throws: Why there can be no further key, or the store's ring not be replaced.
    package func add(
        _ key: SecretKey,
        forgetting: Set<NodeName> = [],
        at now: Instant,
        by author: String
    ) async throws(KeyChangeError) -> KeyRing {
        try await exchange(forgetting: forgetting) { ring, given throws(KeyRingError) in
            forgetting.isDisjoint(with: given)
                ? try ring.adding(key, at: now, by: author).ring
                : try ring.replacingWaiting(with: key, at: now, by: author).ring
        }
    }

    /// `change` is also told to whom the ring has been sealed.
    private func exchange(
        forgetting: Set<NodeName>,
        _ change: (KeyRing, Set<NodeName>) throws(KeyRingError) -> KeyRing
    ) async throws(KeyChangeError) -> KeyRing {
        for _ in 0..<Self.attemptLimit {
            let (ring, record) = try await storeRing()
            let sealed = record.flatMap { try? SealedRing(body: $0.body) }
            let given = Set(sealed?.recipients.keys.map { $0 } ?? [])
            let next: KeyRing
            do throws(KeyRingError) { next = try change(ring, given) } catch { throw .ring(error) }
            if next == ring, forgetting.isEmpty { return ring }
            do throws(StoreError) {
                try await commit(try await edits(next, over: record, forgetting: forgetting))
                install(next)
                return next
            } catch {
                guard case .conflict = error else { throw .store(error) }
            }
        }
        throw .contended
    }

    /// The ring that the store has, which this master then has too; its own if there is none yet.
    private func storeRing() async throws(KeyChangeError) -> (KeyRing, ObjectRecord?) {
        do throws(StoreError) {
            try await fetch()
            let record = try await store.object(SealedRing.key)
            guard let record, !record.isDeleted else { return (keys.ring, nil) }
            let sealed = try? SealedRing(body: record.body)
            // One that is behind us is that of a restored store: ours goes over it.
            if let sealed, sealed.version <= keys.ring.version,
                sealed.cluster == keys.ring.clusterFingerprint
            {
                return (keys.ring, record)
            }
        } catch {
            throw .store(error)
        }
        throw .lacking
    }

    private func edits(
        _ ring: KeyRing,
        over record: ObjectRecord?,
        forgetting: Set<NodeName>
    ) async throws(StoreError) -> [ObjectEdit] {
        var members = try await registered().mapValues(\.identity)
        var edits: [ObjectEdit] = []
        for name in forgetting.sorted() where members.removeValue(forKey: name) != nil {
            edits.append(
                ObjectEdit(
                    key: MemberDocument.key(of: name),
                    expecting: .any,
                    uid: Self.newUID(),
                    change: .delete
                )
            )
        }
        return edits + [edit(ring, to: members, over: record)]
    }
}
