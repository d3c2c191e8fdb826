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
    let settings: ReplicaSettings
    private var file: ReplicaFile
    private var isClosed = false
    /// Where damaged files were put since this replica was opened.
    package private(set) var filesSetAside: [String] = []

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Opens or makes the file.
    ///
    /// - Throws: ``ReplicaError/unavailable(_:)`` if the file cannot be opened, belongs to another
    ///   process, or is some other program's database.
    package init(_ settings: ReplicaSettings) throws(ReplicaError) {
        let (file, damaged) = try ReplicaFile.open(settings.path)
        self.settings = settings
        self.file = file
        filesSetAside = damaged.map { [$0] } ?? []
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
    package func close() {
        isClosed = true
        try? file.close()
    }

    package func position() -> Position { file.meta.position }

    /// How many objects are not deleted.
    package var count: Int { Int(file.meta.live) }

    /// The oldest revision after which all changes are kept.
    package var floor: Revision { file.meta.floor.revision }

    package func apply(_ batches: [ChangeBatch]) throws(ReplicaError) -> ApplyOutcome {
        let before = file.meta.position
        var outcome: ApplyOutcome?
        var refusal: String?
        try write { file, meta throws(SQLiteError) in
            var meta = meta
            for batch in batches {
                let verdict = try judge(batch, in: file, at: meta.position)
                switch verdict {
                case .follows:
                    try file.append(batch, to: &meta)
                    continue
                case .known: continue
                case .gap: outcome = .gap(have: meta.position, next: batch.previous)
                case .diverged: outcome = .diverged(have: meta.position)
                case .refused(let why): refusal = why
                }
                break
            }
            return meta
        }
        if file.meta.position != before { announce() }
        try compact()
        if let refusal { throw .refused(refusal) }
        return outcome ?? .applied(file.meta.position)
    }

    package func install(
        _ records: [ObjectRecord],
        at position: Position
    ) throws(ReplicaError) {
        for record in records {
            if let why = ChainRule.flaw(in: record) { throw .refused(why) }
            guard record.revision <= position.revision else {
                throw .refused("\(record.key) is newer than the snapshot's \(position.revision)")
            }
        }
        try write { file, _ throws(SQLiteError) in
            try file.connection.run("DELETE FROM object")
            try file.connection.run("DELETE FROM log")
            var meta = ReplicaMeta(position: position, floor: position)
            for record in records { meta.live += try file.connection.put(record) }
            return meta
        }
        announce()
    }

    private func judge(
        _ batch: ChangeBatch,
        in file: ReplicaFile,
        at have: Position
    ) throws(SQLiteError) -> ChainRule.Verdict {
        var logged: Digest?
        if batch.position.revision < have.revision {
            logged = try file.connection.logged(batch.position.revision)?.position.digest
        }
        return ChainRule.judge(batch, at: have) { _ in logged }
    }

    /// Drops the oldest batches, a tenth of the limit at a time, and the tombstones behind them.
    ///
    /// A tombstone serves only readers that ask for changes from before it; no kept history does.
    private func compact() throws(ReplicaError) {
        let kept = file.meta.nextLogged - file.meta.firstLogged
        let limit = Int64(settings.keptBatches)
        guard kept > limit + limit / 10 else { return }
        try write { file, meta throws(SQLiteError) in
            var meta = meta
            let first = meta.nextLogged - limit
            let last = try file.connection.query(
                "SELECT epoch, sequence, digest FROM log WHERE number=?",
                [.integer(first - 1)]
            ) { $0.position(at: 0) }.first
            guard let floor = last ?? nil else { return meta }
            try file.connection.run("DELETE FROM log WHERE number<?", [.integer(first)])
            try file.connection.run(
                "DELETE FROM object WHERE deleted=1 AND (epoch, sequence)<=(?, ?)",
                floor.revision.columns
            )
            meta.firstLogged = first
            meta.floor = floor
            return meta
        }
    }

    private func announce() {
        let position = file.meta.position
        for observer in observers.withLock({ $0 }) { observer(position) }
    }

    private func write(
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

    private func startAfresh() throws(ReplicaError) {
        let (fresh, damaged) = try ReplicaFile.replace(settings.path)
        file = fresh
        filesSetAside.append(damaged)
        announce()
    }
}

extension ReplicaFile {
    /// Appends `batch` to the log and applies it to the objects.
    fileprivate func append(
        _ batch: ChangeBatch,
        to meta: inout ReplicaMeta
    ) throws(SQLiteError) {
        try connection.append(batch, number: meta.nextLogged)
        for record in batch.records { meta.live += try connection.put(record) }
        meta.nextLogged += 1
        meta.position = batch.position
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
