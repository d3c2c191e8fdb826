// Reads the central log store.

internal import Platform
internal import Postgres
package import Vocabulary

/// Reads logs from a PostgreSQL server by one connection, on a thread of its own.
///
/// The server is reached at the first call. While somebody waits it is asked every 50 ms, once for
/// all who wait.
package actor PostgresLogReader: LogReader {
    /// How often the server is asked while somebody waits.
    private static let interval = Duration.milliseconds(50)

    private let loop: EventLoop
    private let link: PostgresLogLink
    private var waiters = LogWaiters()
    private var isLooking = false

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// A reader of `url`: `postgres://user@host:port/database?schema=rota_logs`.
    ///
    /// - Throws: ``LogError/misconfigured(_:)`` for a URL that makes no sense.
    package init(url: String) throws(LogError) {
        self.init(try PostgresLogURL(url))
    }

    init(_ url: PostgresLogURL) {
        link = PostgresLogLink(url)
        loop = EventLoop(name: "rota-log-read")
    }

    deinit {
        loop.stop()
    }

    package func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage {
        let count = LogRow.chunkCount(for: limit)
        var (row, chunks) = try fetch(run, from: offset, count: count)
        var page = row.page(from: offset, limit: limit)
        while true {
            for chunk in chunks where !page.add(chunk) { return page.page }
            guard let last = chunks.last, last.end < row.end else { return page.page }
            // All that follows may be missing; then the last chunk comes again. One that is damaged
            // ends where it starts, and must not be come back to.
            chunks = try fetch(run, from: max(last.end, last.start + 1), count: count + 1).chunks
                .filter { $0.start > last.start }
        }
    }

    package func facts(of run: RunID) async throws(LogError) -> RunFacts {
        let answer = try link.repeated([PostgresLogQueries.facts(of: run)])[0]
        guard let row = answer.first else { throw .noSuchLog(run) }
        return RunFacts(stored: row.text(0))
    }

    /// The row of `run`, and some chunks from the one at `offset` on, of one moment.
    private func fetch(
        _ run: RunID,
        from offset: Int64,
        count: Int
    ) throws(LogError) -> (row: LogRow, chunks: [LogChunk]) {
        let step = PostgresLogQueries.rowAndChunks(of: run, from: offset, count: count)
        let answer = try link.repeated([step])[0]
        guard let row = PostgresLogQueries.row(answer) else { throw .noSuchLog(run) }
        return (row, PostgresLogQueries.chunks(answer))
    }

    package func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        guard let answer = try? link.repeated([PostgresLogQueries.row(of: run)]),
            let row = PostgresLogQueries.row(answer[0]), !row.isClosed, row.end <= offset
        else { return }
        await withCheckedContinuation { continuation in
            let number = waiters.add(continuation, for: run, beyond: offset)
            loop.call(at: SystemClock.monotonic.advanced(by: timeout)) { [weak self] in
                self?.assumeIsolated { $0.waiters.expire(number, of: run) }
            }
            armLook()
        }
    }

    /// Has those go on at once who wait for `run`, which now ends at `end`.
    func grew(_ run: RunID, to end: Int64) {
        waiters.grew(run, to: end)
    }

    func ended(_ run: RunID) {
        waiters.ended(run)
    }

    private func armLook() {
        guard !isLooking, !waiters.isEmpty else { return }
        isLooking = true
        loop.call(at: SystemClock.monotonic.advanced(by: Self.interval)) { [weak self] in
            self?.assumeIsolated { $0.look() }
        }
    }

    private func look() {
        isLooking = false
        let runs = waiters.runs
        guard !runs.isEmpty else { return }
        // Without an answer all go on: whoever waits finds out by reading.
        let answer = try? link.repeated([PostgresLogQueries.ends(of: runs)])[0]
        let ends = answer.map(PostgresLogQueries.ends) ?? [:]
        for run in runs {
            if let end = ends[run] { waiters.grew(run, to: end) } else { waiters.ended(run) }
        }
        armLook()
    }
}
