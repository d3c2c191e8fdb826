// The contract of a log store: the output of every run, while it runs and after.

package import Vocabulary

/// Keeps what runs print.
///
/// Offsets count the bytes of text a run has printed since its start, both streams together in the
/// order they arrived; they never change, so a link to an offset survives truncation. A run's log
/// keeps its head and its tail within the limit it was opened with and says what is missing.
package protocol LogSink: Sendable {
    /// Opens the log of `run`; opening it again changes nothing.
    func open(_ run: RunID, job: UID, limit: Int) async throws(LogError)
    /// Appends `lines` in order; answers the offset after the last.
    func append(_ lines: [LogLine], to run: RunID) async throws(LogError) -> Int64
    /// Marks the log complete: readers that follow are told so.
    func close(_ run: RunID) async throws(LogError)
    /// Lines from `offset` on, at most `limit` bytes of text, and where the log stands.
    ///
    /// - Throws: ``LogError/noSuchLog(_:)``.
    func read(_ run: RunID, from offset: Int64, limit: Int) async throws(LogError) -> LogPage
    /// Waits until the log of `run` grows beyond `offset` or is closed, at most `timeout`.
    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async
    /// Removes logs by age and, per job, by count; answers how many went.
    func prune(_ policy: LogRetention) async throws(LogError) -> Int
}

/// Where a line came from.
package enum LogStream: String, Sendable, Hashable {
    case out
    case err
    /// Written by Rota itself, such as why a run was ended.
    case note
}

/// One line of output, without its newline.
package struct LogLine: Equatable, Sendable {
    package let stream: LogStream
    package let at: Instant
    /// The bytes as printed; not necessarily UTF-8.
    package let text: [UInt8]

    package init(stream: LogStream, at: Instant, text: [UInt8]) {
        self.stream = stream
        self.at = at
        self.text = text
    }
}

/// A stretch of a log.
package struct LogPage: Equatable, Sendable {
    /// Lines with the offset each starts at.
    package let lines: [(offset: Int64, line: LogLine)]
    /// Where to read on.
    package let next: Int64
    /// The offset after everything printed so far.
    package let end: Int64
    package let isComplete: Bool
    /// Bytes in the middle that the limit dropped: `[from, until)`; empty if none.
    package let missing: Range<Int64>

    package init(
        lines: [(offset: Int64, line: LogLine)],
        next: Int64,
        end: Int64,
        isComplete: Bool,
        missing: Range<Int64>
    ) {
        self.lines = lines
        self.next = next
        self.end = end
        self.isComplete = isComplete
        self.missing = missing
    }

    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.next == rhs.next && lhs.end == rhs.end && lhs.isComplete == rhs.isComplete
            && lhs.missing == rhs.missing
            && lhs.lines.elementsEqual(rhs.lines) { $0.offset == $1.offset && $0.line == $1.line }
    }
}

/// Which logs stay.
package struct LogRetention: Equatable, Sendable {
    /// Logs closed longer ago than this go.
    package var age: Duration
    /// Per job, the newest this many stay.
    package var runsPerJob: Int
    /// The whole sink's bytes; the oldest closed logs go first.
    package var totalBytes: Int64
    package var now: Instant

    package init(age: Duration, runsPerJob: Int, totalBytes: Int64, now: Instant) {
        self.age = age
        self.runsPerJob = runsPerJob
        self.totalBytes = totalBytes
        self.now = now
    }
}

/// Why a log could not be written or read.
package enum LogError: Error, Equatable, Sendable {
    /// Never there, or removed by retention.
    case noSuchLog(RunID)
    case full(String)
    case unavailable(String)
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSuchLog(let run): "there is no log of run \(run); retention may have removed it"
        case .full(let why): "the disk for logs is full: \(why). Free space or lower keep.log"
        case .unavailable(let why): "the log store does not answer: \(why)"
        }
    }
}
