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
    /// What this copy came by last, for those who follow it closely.
    nonisolated let recent: RecentChanges
    private let lock: FileLock
    /// How long the objects may be behind the log, unless somebody reads them.
    private static let settlingPause = Duration.milliseconds(200)

    var file: ReplicaFile
    private var isSettlingPlanned = false
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
        recent = RecentChanges(at: file.meta.position, isWaiting: !file.waiting.isEmpty)
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
        recent.close()
        await reader.close()
        if let fresh { await fresh.copy.discard() }
        fresh = nil
        // Without it the next process does so.
        _ = try? file.change { meta throws(SQLiteError) in meta }
        try? file.close()
        lock.unlock()
    }

    /// Where this copy stands on the disk; asked without waiting for what it is doing.
    package nonisolated func position() async -> Position { recent.position }

    /// How many objects are not deleted.
    package var count: Int {
        try? settle()
        return Int(file.meta.live)
    }

    /// The oldest revision after which all changes are kept.
    package var floor: Revision { file.meta.floor.revision }

    package func apply(_ batches: [ChangeBatch]) throws(ReplicaError) -> ApplyOutcome {
        let result = try commit(batches)
        if case .refused(_, let why) = result { throw .refused(why) }
        if quarantineCount > 0 { try forgetQuarantine() }
        return result.outcome ?? .applied(file.meta.position)
    }

    /// Applies `batches` in one transaction and tells of it.
    private func commit(_ batches: [ChangeBatch]) throws(ReplicaError) -> ReplicaFile.Application {
        let (result, applied) = try attempt { file throws(SQLiteError) in
            try file.apply(batches, mayWait: true)
        }
        if let last = applied.last {
            file.newestAt = last.madeAt
            recent.append(applied, isWaiting: !file.waiting.isEmpty)
            announce()
        }
        try compact(afterApplying: batches.count)
        settleSoon()
        return result
    }

    /// Brings the objects to where the log is.
    func settle() throws(ReplicaError) {
        guard !file.waiting.isEmpty else { return }
        try write { _, meta in meta }
    }

    /// Has the objects follow the log, with whatever else comes in the meantime.
    private func settleSoon() {
        guard !file.waiting.isEmpty, !isSettlingPlanned else { return }
        isSettlingPlanned = true
        loop.call(at: SystemClock.monotonic.advanced(by: Self.settlingPause)) { [weak self] in
            self?.assumeIsolated { replica in
                replica.isSettlingPlanned = false
                // What does not work now is tried again, and told to whoever reads or writes.
                do throws(ReplicaError) { try replica.settle() } catch { replica.settleSoon() }
            }
        }
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
        let result = try commit(sound)
        if case .refused(let revision, let why) = result {
            try quarantine(revision, why)
            throw .quarantined(revision, why: why, isNew: true)
        }
        if let known, result.outcome == nil {
            throw .quarantined(known.revision, why: known.why, isNew: false)
        }
        return result.outcome ?? .applied(file.meta.position)
    }

    package nonisolated func take(
        _ batches: [ChangeBatch],
        report: @escaping @Sendable (Result<ApplyOutcome, ReplicaError>, Position) -> Void
    ) {
        loop.call {
            self.assumeIsolated { replica in
                let result: Result<ApplyOutcome, ReplicaError>
                do throws(ReplicaError) { result = .success(try replica.take(batches)) } catch {
                    result = .failure(error)
                }
                report(result, replica.file.meta.position)
            }
        }
    }

    package nonisolated func recent(after revision: Revision, limit: Int) -> [ChangeBatch]? {
        recent.changes(after: revision, limit: limit, bytes: settings.pageBytes)
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
        if recent.position != position { recent.restart(at: position) }
        for observer in observers.withLock({ $0 }) { observer(position) }
    }

    func write(
        _ work: (ReplicaFile, ReplicaMeta) throws(SQLiteError) -> ReplicaMeta
    ) throws(ReplicaError) {
        try attempt { file throws(SQLiteError) in
            try file.change { meta throws(SQLiteError) in try work(file, meta) }
        }
        recent.settled()
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

    /// Applies `batches` up to the first that does not follow; answers also which were.
    ///
    /// With `mayWait`, a few are only logged: the objects follow with the next ``change(_:)``.
    func apply(
        _ batches: [ChangeBatch],
        mayWait: Bool = false
    ) throws(SQLiteError) -> (result: Application, applied: [ChangeBatch]) {
        let waits = mayWait && waiting.hasRoom(for: batches)
        var result = Application.all
        var applied: [ChangeBatch] = []
        func accept(_ before: ReplicaMeta) throws(SQLiteError) -> ReplicaMeta {
            var meta = before
            for batch in batches {
                switch try judge(batch, at: meta.position) {
                case .follows:
                    let bytes = try connection.append(batch, number: meta.nextLogged)
                    meta.advance(over: [batch], bytes: bytes)
                    if !waits { for record in batch.records { meta.live += try put(record) } }
                    applied.append(batch)
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
        if waits {
            try log { before throws(SQLiteError) in (try accept(before), applied) }
        } else {
            try change { before throws(SQLiteError) in try accept(before) }
        }
        return (result, applied)
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

    var quarantineCount: Int64 {
        (try? connection.integer("SELECT count(*) FROM quarantine")) ?? 0
    }
}

extension ChangeBatch {
    /// When the store made it, by its own clock.
    var madeAt: Instant { records.first?.updatedAt ?? .epoch }
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
