// The copy of the list on this machine's disk, which follows the store commit by commit.

internal import LockLease
package import Platform
internal import SQLite
internal import Synchronization
package import Vocabulary

/// The list on disk: objects, a log of the last batches, and the position both belong to.
///
/// Runs on a thread of its own, so reading and writing never hold up the caller's loop. Commits are
/// not synced one by one: what a power cut takes is fetched again, the store being the truth. A
/// file that turns out to be damaged is renamed to `….damaged-<instant>` and a fresh one is started
/// at ``Position/start``, to be filled from a snapshot.
package actor Replica: ReplicatedList {
    /// Where this actor runs; the feed's timers run there too.
    package nonisolated let loop: EventLoop
    private nonisolated let observers = Mutex<[@Sendable (Position) -> Void]>([])
    nonisolated let settings: ReplicaSettings
    /// How often rows were mended behind the readers' backs.
    nonisolated let mendCount = Mutex(0)
    /// Reads pages on a thread and a connection of its own, so that no reader delays a write.
    nonisolated let reader: ReplicaReader
    private let lock: FileLock
    var file: ReplicaFile
    private var isClosed = false
    private var quarantineCount: Int64 = 0
    /// Up to where members that are there, or were within the hour, still need changes.
    var needed: Revision?
    /// The copy that is to replace this one, and whether somebody is working on it.
    var fresh: (copy: FreshCopy, isTaken: Bool)?
    /// Where damaged files were put since this replica was opened.
    package var filesSetAside: [String] = []

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Opens or makes the file.
    ///
    /// - Throws: ``ReplicaError/unavailable(_:)`` if the file cannot be opened, belongs to another
    ///   process, or is some other program's database.
    package init(_ settings: ReplicaSettings) throws(ReplicaError) {
        // A second process on the same replica would be a second node of the same name.
        lock = try ReplicaLock.take(settings.path)
        let (file, damaged): (ReplicaFile, String?)
        do throws(ReplicaError) {
            (file, damaged) = try ReplicaFile.open(settings.path)
        } catch {
            // What is not ours is left as it was, without our lock beside it.
            try? FileStore.remove(ReplicaLock.path(settings.path))
            throw error
        }
        FreshCopy.discard(settings.path)
        self.settings = settings
        self.file = file
        filesSetAside = damaged.map { [$0] } ?? []
        quarantineCount = file.quarantineCount
        reader = ReplicaReader(settings.path)
        loop = EventLoop(name: "replica")
    }

    deinit {
        loop.stop()
    }

    /// Calls `observer` on the replica's thread after every change of position, for ever.
    ///
    /// It must not wait: the replica's next call waits for it.
    package nonisolated func observe(_ observer: @escaping @Sendable (Position) -> Void) {
        observers.withLock { $0.append(observer) }
    }

    /// Lets go of the file, so that it can be opened again; every later call that reads or writes
    /// throws ``ReplicaError/unavailable(_:)``.
    package func close() async {
        isClosed = true
        await reader.close()
        if let fresh { await fresh.copy.discard() }
        fresh = nil
        try? file.close()
        lock.unlock()
    }

    package func position() -> Position { file.meta.position }

    /// How many objects are not deleted.
    package var count: Int { Int(file.meta.live) }

    /// The oldest revision after which all changes are kept.
    package var floor: Revision { file.meta.floor.revision }

    package func apply(_ batches: [ChangeBatch]) throws(ReplicaError) -> ApplyOutcome {
        let before = file.meta.position
        let result = try attempt { file throws(SQLiteError) in try file.apply(batches) }
        if file.meta.position != before { announce() }
        try compact(afterApplying: batches.count)
        if case .refused(_, let why) = result { throw .refused(why) }
        if quarantineCount > 0 { try forgetQuarantine() }
        return result.outcome ?? .applied(file.meta.position)
    }

    package func take(_ batches: [ChangeBatch]) throws(ReplicaError) -> ApplyOutcome {
        var sound = batches
        var known: (revision: Revision, why: String)?
        if quarantineCount > 0 {
            for (place, batch) in batches.enumerated() {
                let revision = batch.position.revision
                guard revision > file.meta.position.revision,
                    let why = try quarantined(revision)
                else { continue }
                known = (revision, why)
                sound.removeSubrange(place...)
                break
            }
        }
        let before = file.meta.position
        let result = try attempt { file throws(SQLiteError) in try file.apply(sound) }
        if file.meta.position != before { announce() }
        try compact(afterApplying: batches.count)
        if case .refused(let revision, let why) = result {
            try quarantine(revision, why)
            throw .quarantined(revision, why: why, isNew: true)
        }
        if let known, result.outcome == nil {
            throw .quarantined(known.revision, why: known.why, isNew: false)
        }
        return result.outcome ?? .applied(file.meta.position)
    }

    private func quarantined(_ revision: Revision) throws(ReplicaError) -> String? {
        try attempt { file throws(SQLiteError) in
            try file.connection.query(
                "SELECT why FROM quarantine WHERE epoch=? AND sequence=?",
                revision.columns
            ) { $0.text(0) }.first
        }
    }

    private func quarantine(_ revision: Revision, _ why: String) throws(ReplicaError) {
        _ = try attempt { file throws(SQLiteError) in
            try file.connection.run(
                "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?)",
                revision.columns + [.text(why)]
            )
        }
        quarantineCount = file.quarantineCount
    }

    /// What the copy has come past is settled: the store has decided.
    private func forgetQuarantine() throws(ReplicaError) {
        let position = file.meta.position.revision
        _ = try attempt { file throws(SQLiteError) in
            try file.connection.run(
                "DELETE FROM quarantine WHERE (epoch, sequence)<=(?, ?)",
                position.columns
            )
        }
        quarantineCount = file.quarantineCount
    }

    func announce() {
        let position = file.meta.position
        for observer in observers.withLock({ $0 }) { observer(position) }
    }

    func write(
        _ work: (ReplicaFile, ReplicaMeta) throws(SQLiteError) -> ReplicaMeta
    ) throws(ReplicaError) {
        try attempt { file throws(SQLiteError) in
            try file.change { meta throws(SQLiteError) in try work(file, meta) }
        }
    }

    /// Runs `work` on the file; if that shows the file to be damaged, starts a fresh one.
    func attempt<Result>(
        _ work: (ReplicaFile) throws(SQLiteError) -> Result
    ) throws(ReplicaError) -> Result {
        guard !isClosed else { throw .unavailable("it was closed") }
        if file.isClosed { try startAfresh() }
        do throws(SQLiteError) {
            return try work(file)
        } catch {
            if error.isDamage {
                do throws(SQLiteError) { try file.close() } catch { throw ReplicaError(error) }
                try startAfresh()
            }
            throw ReplicaError(error)
        }
    }

    /// A reader found what it was reading, `generation`, to be damaged.
    func noticeDamage(in generation: Int) throws(ReplicaError) {
        guard !isClosed, reader.generation.current == generation else { return }
        do throws(SQLiteError) { try file.close() } catch { throw ReplicaError(error) }
        try startAfresh()
    }

    private func startAfresh() throws(ReplicaError) {
        reader.generation.advance()
        let (fresh, damaged) = try ReplicaFile.replace(settings.path)
        file = fresh
        quarantineCount = 0
        filesSetAside.append(damaged)
        announce()
    }
}

/// The lock that keeps a second process off a replica.
private enum ReplicaLock {
    static func path(_ path: String) -> String { path + ".lock" }

    static func take(_ path: String) throws(ReplicaError) -> FileLock {
        do throws(SystemError) {
            let lock = try FileLock(path: self.path(path))
            if try lock.tryLock() { return lock }
        } catch {
            throw .unavailable(error.description)
        }
        throw .unavailable("another process has it open")
    }
}

extension ReplicaFile {
    /// What came of applying batches in one transaction.
    enum Application {
        case all
        case stopped(ApplyOutcome)
        /// The batch of this revision contradicts its own digests; its elders are applied.
        case refused(Revision, String)

        var outcome: ApplyOutcome? {
            if case .stopped(let outcome) = self { outcome } else { nil }
        }
    }

    /// Applies `batches` up to the first that does not follow.
    func apply(_ batches: [ChangeBatch]) throws(SQLiteError) -> Application {
        var result = Application.all
        try change { before throws(SQLiteError) in
            var meta = before
            for batch in batches {
                switch try judge(batch, at: meta.position) {
                case .follows:
                    try append(batch, to: &meta)
                    continue
                case .known: continue
                case .gap:
                    result = .stopped(.gap(have: meta.position, next: batch.previous))
                case .diverged: result = .stopped(.diverged(have: meta.position))
                case .refused(let why): result = .refused(batch.position.revision, why)
                }
                break
            }
            return meta
        }
        return result
    }

    private func judge(
        _ batch: ChangeBatch,
        at have: Position
    ) throws(SQLiteError) -> ChainRule.Verdict {
        var logged: Digest?
        if batch.position.revision < have.revision {
            logged = try connection.logged(batch.position.revision)?.position.digest
        }
        return ChainRule.judge(batch, at: have) { _ in logged }
    }

    /// Appends `batch` to the log and applies it to the objects.
    private func append(
        _ batch: ChangeBatch,
        to meta: inout ReplicaMeta
    ) throws(SQLiteError) {
        meta.logBytes += try connection.append(batch, number: meta.nextLogged)
        for record in batch.records { meta.live += try put(record) }
        meta.nextLogged += 1
        meta.position = batch.position
    }

    var quarantineCount: Int64 {
        (try? connection.integer("SELECT count(*) FROM quarantine")) ?? 0
    }
}

extension SQLiteError {
    /// Whether the file itself is at fault, so that no repetition helps.
    var isDamage: Bool { [Self.corrupt, Self.notADatabase].contains(primaryCode) }
}

extension ReplicaError {
    init(_ error: SQLiteError) {
        switch error.primaryCode {
        case SQLiteError.full: self = .full(error.message)
        case SQLiteError.corrupt, SQLiteError.notADatabase: self = .corrupt(error.message)
        case SQLiteError.busy: self = .unavailable("another process has it open")
        case SQLiteError.constraint: self = .refused(error.message)
        case _: self = .unavailable(error.message)
        }
    }
}
