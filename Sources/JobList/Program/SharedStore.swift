// How a member opens the store that its cluster shares.

package import LockLease
package import Platform
internal import Vocabulary

/// The store that a member's settings name, with a memory of its history.
package enum SharedStore {
    /// Opens the store; one that is away is waited for later, one that can never work is refused.
    ///
    /// How far its history went is kept in `<folder>/history`.
    ///
    /// - Throws: ``StoreError`` for a store that is damaged, another one, of a newer release, or
    ///   refuses this member.
    package static func open(
        _ url: String,
        folder: String,
        log: DaemonLog
    ) async throws(StoreError) -> any LeaseStore {
        let witness = HistoryWitness(path: "\(folder)/history")
        let store = try openStore(url, witness: witness)
        do throws(StoreError) {
            let identity = try await store.identify()
            log.info("store.opened", ["id": identity.id, "head": "\(identity.head.revision)"])
        } catch {
            switch error {
            case .unavailable, .unknown, .full: log.warning("store.away", ["error": "\(error)"])
            // Members that run already can go on once somebody has accepted it.
            case .historyRegressed: log.error("store.refused", ["error": "\(error)"])
            case .sessionLost, .nodeNameInUse, .conflict, .compacted, .noSuchJob, .jobBusy,
                .anotherStore, .tooLarge, .corrupt, .incompatible:
                throw error
            }
        }
        return store
    }
}
