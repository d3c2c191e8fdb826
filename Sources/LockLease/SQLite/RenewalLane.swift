// Renewals on a thread and a connection of their own.

internal import Platform
internal import SQLite
internal import Vocabulary

/// Renews sessions without waiting for what else the same process asks of the store.
///
/// A claim storm would otherwise let the node's own heartbeat stand in its queue; only the turn on
/// the file is shared, and that is fair.
actor RenewalLane {
    private var openFile: StoreFile?
    private let loop: EventLoop

    init(path: String, settings: SQLiteStoreSettings) throws(StoreError) {
        openFile = try StoreFile.join(path: path, settings: settings)
        loop = EventLoop(name: "store-renewals")
    }

    deinit {
        loop.stop()
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    func shutDown() {
        openFile = nil
    }

    func renew(_ session: SessionID) throws(StoreError) -> Renewal {
        guard let file = openFile else { throw .unavailable("this store has been shut down") }
        return try file.write { () throws(StoreError) in
            let beat = try file.raiseBeat(of: session)
            let orders = try file.storedRuns(
                where: "session=? AND state='open' AND kill_author IS NOT NULL ORDER BY id",
                [.integer(session.rawValue)]
            ).compactMap(\.record.kill)
            let meta = try file.meta()
            return Renewal(beat: beat, head: meta.head, writes: meta.writes, kills: orders)
        }
    }
}

extension StoreFile {
    /// Raises the beat of a live session, which counts the running transaction as well.
    func raiseBeat(of session: SessionID) throws(StoreError) -> Beat {
        let raised = try first(
            "UPDATE session SET beat=beat+1 WHERE id=? AND live=1 RETURNING beat",
            [.integer(session.rawValue)]
        ) { $0.integer(0) }
        guard let raised else { throw .sessionLost }
        noteChange()
        noteBeat()
        return Beat(raised)
    }
}
