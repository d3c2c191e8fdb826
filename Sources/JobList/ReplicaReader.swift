// Reads the copy of the list beside the thread that writes it.

internal import Platform
internal import SQLite
internal import Synchronization
internal import Vocabulary

/// Counts the files that were the replica, so that a reader of an earlier one lets go of it.
final class FileGeneration: Sendable {
    private let number = Mutex(0)

    var current: Int { number.withLock(\.self) }

    func advance() { number.withLock { $0 += 1 } }
}

/// A read-only connection with a thread of its own; each call sees one state of the list.
///
/// The write-ahead log lets it read while the writer writes; neither waits for the other. Hundreds
/// of watchers take turns here, and cost the writer nothing but the processor's time.
/// <https://www.sqlite.org/wal.html#concurrency>
actor ReplicaReader {
    private nonisolated let loop = EventLoop(name: "replica-reader")
    nonisolated let generation = FileGeneration()
    private let path: String
    private var connection: Connection?
    private var opened = 0
    private var isDetached = false
    private var isClosed = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    init(_ path: String) {
        self.path = path
    }

    deinit {
        loop.stop()
    }

    /// Runs `work` on one state of the list.
    func read<Result: Sendable>(
        _ work: @Sendable (Connection) throws(SQLiteError) -> Result
    ) async throws(ReplicaError) -> Result {
        while isDetached {
            await withCheckedContinuation { waiting.append($0) }
        }
        guard !isClosed else { throw .unavailable("it was closed") }
        do throws(SQLiteError) {
            let connection = try current()
            try connection.run("BEGIN")
            defer { _ = try? connection.run("COMMIT") }
            return try work(connection)
        } catch {
            throw ReplicaError(error)
        }
    }

    private func current() throws(SQLiteError) -> Connection {
        let wanted = generation.current
        if let connection, opened == wanted { return connection }
        let connection = try Connection(path: path, isReadOnly: true)
        try connection.execute("PRAGMA busy_timeout=500; PRAGMA cache_size=-4096")
        // Closing must never touch journals: they may be a successor's by then.
        try connection.disableCheckpoints()
        self.connection = connection
        opened = wanted
        return connection
    }

    /// Lets go of the file before another takes its place; calls wait for ``attach()``.
    func detach() {
        isDetached = true
        connection = nil
    }

    func attach() {
        isDetached = false
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    func close() {
        isClosed = true
        connection = nil
        attach()
    }
}
