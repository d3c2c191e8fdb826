// Keeps a copy of the list caught up with the store.

internal import Gossip
package import LockLease
package import Platform
package import Vocabulary

/// How a catching-up ended.
package enum TailReport: Equatable, Sendable {
    /// The copy is where the store's head was when last looked at.
    case current(Position)
    /// Another call is catching up already and will look at the head once more.
    case underWay
    /// The store could not be read; ask again later.
    case storeAway(have: Position, StoreError)
    /// The copy could not be written.
    case replicaFailed(ReplicaError)
    /// The store's history ends before this copy's, or differs at the same revision: it was
    /// restored or lost its tail. Nothing was changed; nothing may run until somebody accepts it.
    case regressed(have: Position, store: Position)
}

/// Settings of one ``StoreTailer``.
package struct TailerSettings: Equatable, Sendable {
    package var batchesPerPage = 1_000
    package var recordsPerPage = 5_000

    package init() {}
}

/// Pulls what the store committed into a copy of the list.
///
/// Call ``catchUp()`` at the start, when a renewal or pulse shows a head beyond the copy, and when
/// gossip left a gap for too long. It looks by itself, so calling it too often only costs a pulse.
package actor StoreTailer {
    private let store: any LeaseStore
    private let list: any ReplicatedList
    private let settings: TailerSettings
    private let log: DaemonLog?
    /// What was last said of why the copy cannot be written.
    private var complaint: ReplicaError?
    private var isCatchingUp = false
    private var isAskedAgain = false

    package init(
        store: any LeaseStore,
        list: any ReplicatedList,
        settings: TailerSettings = TailerSettings(),
        log: DaemonLog? = nil
    ) {
        self.store = store
        self.log = log
        self.list = list
        self.settings = settings
    }

    /// Brings the copy to the store's head: page by page, or from a snapshot where history is gone.
    package func catchUp() async -> TailReport {
        guard !isCatchingUp else {
            isAskedAgain = true
            return .underWay
        }
        isCatchingUp = true
        defer { isCatchingUp = false }
        var report: TailReport
        repeat {
            isAskedAgain = false
            report = await pull()
        } while isAskedAgain
        complain(of: report)
        return report
    }

    /// Says once why the copy stays behind: it is tried again every second.
    private func complain(of report: TailReport) {
        guard case .replicaFailed(let error) = report else { return complaint = nil }
        guard complaint != error else { return }
        complaint = error
        log?.warning("list.not-written", ["why": "\(error)"])
    }

    private func pull() async -> TailReport {
        let have = await list.position()
        do {
            var plan = TailPlan(have: have, head: try await store.pulse().head)
            while true {
                switch plan.next {
                case .changes(let revision):
                    let batches = try await changes(after: revision)
                    plan.took(try await batches.mapAsync { try await list.apply($0) })
                case .snapshot: plan.installed(try await install())
                case .done(let report): return report
                }
            }
        } catch let error as StoreError {
            return .storeAway(have: await list.position(), error)
        } catch let error as ReplicaError {
            return .replicaFailed(error)
        } catch {
            return .storeAway(have: have, .unavailable("\(error)"))
        }
    }

    /// `nil` if the store no longer has that history.
    private func changes(after revision: Revision) async throws(StoreError) -> [ChangeBatch]? {
        do throws(StoreError) {
            return try await store.changes(after: revision, limit: settings.batchesPerPage)
        } catch {
            if case .compacted = error { return nil }
            throw error
        }
    }

    /// Takes over the store's whole list, page by page, as of one position.
    private func install() async throws -> Position {
        let installation = try await list.beginInstallation()
        do {
            reading: while true {
                switch await installation.progress().next {
                case .finished: break reading
                case .chunk(let key, _):
                    let (records, position) = try await store.snapshot(
                        after: key,
                        limit: settings.recordsPerPage
                    )
                    try await installation.add(
                        SnapshotChunk(records, at: position, isLast: records.isEmpty)
                    )
                case .changes(let revision):
                    // Compacted in the middle of a read: what was read is of no use any more.
                    guard let batches = try await changes(after: revision), !batches.isEmpty else {
                        throw StoreError.unavailable("the list changed faster than it was read")
                    }
                    try await installation.amend(batches)
                }
            }
        } catch {
            await list.dropInstallation()
            throw error
        }
        return try await list.finishInstallation()
    }

    /// What the store says of `keys` now; `nil` for what it does not have.
    package func truth(
        of keys: [ObjectKey]
    ) async throws(StoreError) -> [(key: ObjectKey, record: ObjectRecord?)] {
        var rows: [(key: ObjectKey, record: ObjectRecord?)] = []
        for key in keys { rows.append((key, try await store.object(key))) }
        return rows
    }
}

extension Optional {
    fileprivate func mapAsync<Result>(
        _ work: (Wrapped) async throws -> Result
    ) async throws -> (Wrapped, Result)? {
        guard let value = self else { return nil }
        return (value, try await work(value))
    }
}
