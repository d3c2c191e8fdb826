// The embedded store: one SQLite file for all nodes and masters of one host.

internal import Platform
package import Vocabulary

/// The embedded store: one SQLite file that all nodes and masters of one host share.
///
/// Runs on a thread of its own, because every write waits for its turn and for the disk; renewals
/// have a second one, so that none waits behind a claim of the same process. Between `BEGIN` and
/// `COMMIT` nothing suspends. How turns are taken is told at ``StoreFile``, who is alive at
/// ``SessionLocks``.
///
/// Further decisions of this back end, which ``InMemoryLeaseStore`` shares:
/// - A claim of which nothing was won changes nothing, and its repetition is decided afresh.
/// - A finish counts if the run is still open, also after its session was expired: a true report is
///   information. Once the run has been taken over, the answer is `stale`.
/// - Instants of manual runs never lie on a whole second, so that they name no scheduled run.
package actor SQLiteLeaseStore: LeaseStore {
    let settings: SQLiteStoreSettings
    var locks: SessionLocks
    private var openFile: StoreFile?
    private let renewals: RenewalLane
    private let upkeep: UpkeepLane
    private let loop: EventLoop

    /// Opens the store at `path`, or makes one.
    ///
    /// - Throws: ``StoreError/incompatible(_:)`` for a file that is no store or of a newer release,
    ///   and for a network file system; ``StoreError/corrupt(_:)`` for a damaged one.
    package init(
        path: String,
        settings: SQLiteStoreSettings = SQLiteStoreSettings()
    ) throws(StoreError) {
        self.settings = settings
        locks = SessionLocks(path: path)
        openFile = try StoreFile.open(path: path, settings: settings)
        renewals = try RenewalLane(path: path, settings: settings)
        upkeep = UpkeepLane(path: path, settings: settings)
        loop = EventLoop(name: "store")
    }

    deinit {
        loop.stop()
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Closes the file and lets go of every session's lock, as the end of the process would.
    ///
    /// Sessions stay as they are: close them first for an orderly end. Every later call answers
    /// `unavailable`.
    package func shutDown() async {
        locks.dropAll()
        openFile = nil
        await renewals.shutDown()
    }

    func file() throws(StoreError) -> StoreFile {
        guard let openFile else { throw .unavailable("this store has been shut down") }
        return openFile
    }

    package func pulse() throws(StoreError) -> StorePulse {
        let meta = try file().meta()
        return StorePulse(head: meta.head, triggers: meta.triggers, kills: meta.kills)
    }

    // MARK: What has a thread of its own

    package func renew(_ session: SessionID) async throws(StoreError) -> Renewal {
        try await renewals.renew(session)
    }

    /// Looks through the whole file once a day.
    package func examine() async throws(StoreError) -> [String] {
        try await upkeep.checkDaily()
        return []
    }

    /// Writes all that is committed to a new file at `target`, while the store goes on working.
    ///
    /// - Throws: ``StoreError/unavailable(_:)`` if there is such a file already.
    package func backUp(to target: String) async throws(StoreError) {
        try await upkeep.backUp(to: target)
    }
}
