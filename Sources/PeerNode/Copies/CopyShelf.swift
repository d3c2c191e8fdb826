// Copies of other nodes' logs, in a file of their own.

internal import LogSink
internal import Platform
internal import Vocabulary

/// Keeps what neighbours hand over of their logs.
struct CopyShelf: Sendable {
    /// Copies of finished logs go after so long, or when their job's logs do.
    static let ageInSeconds = 7 * 86_400
    private static let age = Duration.seconds(ageInSeconds)
    /// A copy that is still open after so long will never be complete.
    private static let openAge = Duration.seconds(30 * 86_400)
    private static let totalBytes: Int64 = 1 << 30
    /// What a neighbour's job may have kept of one log here.
    static let logLimit = 64 << 20

    private let sink: SQLiteLogSink

    /// What is kept here.
    var reader: any LogReader { sink }

    init(dataFolder: String) throws(LogError) {
        sink = try SQLiteLogSink(path: dataFolder + "/copies.db")
    }

    /// Adds a page that was read from `offset` on; answers where the copy ends now.
    ///
    /// A page that starts beyond the end of the copy is not taken: its sender goes on at the end.
    ///
    /// `keep`: What the job says of its logs, which counts here as far as copies are kept at all.
    ///
    /// - Returns: `nil` for a page that no log has; nothing of it is taken.
    func take(
        _ page: LogPage,
        from offset: Int64,
        of run: RunID,
        job: UID,
        keep wish: Retention
    ) async throws(LogError) -> Int64? {
        guard let pieces = page.pieces else { return nil }
        var keep = Retention()
        keep.runs = .max
        keep.age = min(wish.age, Self.age)
        keep.logBytes = min(wish.logBytes, Self.logLimit)
        try await sink.open(run, job: job, keep: keep)
        let present = try await sink.read(run, from: 0, limit: 1)
        var end = present.end
        guard !present.isComplete, offset <= end else { return end }
        for (start, batch) in pieces {
            if start > end { try await sink.skip(run, to: start) }
            end = try await sink.append(batch, to: run, at: start)
        }
        if page.next > end {
            try await sink.skip(run, to: page.next)
            end = page.next
        }
        if page.isComplete, end == page.end { try await sink.close(run) }
        return end
    }

    /// Removes old copies; answers how many went.
    func prune(at now: Instant) async throws(LogError) -> Int {
        try await sink.close(openedBefore: now.advanced(by: .zero - Self.openAge))
        return try await sink.prune(
            LogRetention(age: Self.age, runsPerJob: .max, totalBytes: Self.totalBytes, now: now)
        )
    }
}
