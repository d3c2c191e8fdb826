// The contract of a log store: the output of every run, while it runs and after.

package import Vocabulary

/// Keeps what runs print.
///
/// Offsets count the bytes a run has printed since its start, both streams together in the order
/// they arrived, each line with its newline; they never change, so a link to an offset survives
/// truncation. A last line that the task did not end with a newline counts one all the same.
///
/// A log keeps its head and its tail, half of its limit each, and says what is missing between
/// them. The tail is dropped in whole stretches of lines, so a little less than the limit may be
/// kept, never more. What is stored besides the text is at most two bytes a line and a few dozen
/// a stretch.
///
/// Every call on one run takes effect in the order it was made in by one caller. Nothing is
/// promised to survive a power cut within the last seconds. A crash of the process loses nothing
/// that was appended, except of a log that has overrun its limit and is printed to fast: of that,
/// at most the last 40 ms, most of which its limit would have dropped anyway.
///
/// One process at a time writes a run's log; any number of processes may read it meanwhile.
package protocol LogSink: LogReader {
    /// Opens the log of `run`; opening it again changes nothing, also when it is closed.
    ///
    /// - Parameters:
    ///   - run: Whose log it is.
    ///   - job: The job that retention counts it for.
    ///   - keep: How many bytes of text are kept, none with 0 or less; and how many logs of the job
    ///     for how long: what the newest run of a job says goes for all of them.
    /// - Throws: ``LogError`` if the store cannot take it.
    func open(_ run: RunID, job: UID, keep: Retention) async throws(LogError)
    /// Appends the lines of `batch` in order.
    ///
    /// Callers batch: a call costs as much as many thousand lines. A line is kept whole or not at
    /// all: one longer than half the limit is missing, and said to be.
    ///
    /// - Parameters:
    ///   - batch: The lines; those of one call are kept together.
    ///   - run: Whose log it is.
    ///   - offset: Where the batch starts, for a caller who repeats what may have been appended
    ///     already: what the log has of it is left out. `nil`: where the log ends.
    /// - Returns: The offset after the last line.
    /// - Throws: ``LogError/noSuchLog(_:)``, ``LogError/closed(_:)``, ``LogError/gap(_:from:to:)``;
    ///   nothing is appended then. ``LogError/unavailable(_:)`` from a server leaves open whether
    ///   anything was appended.
    func append(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?
    ) async throws(LogError) -> Int64
    /// Keeps what `run` has said of itself so far, in place of what was kept before.
    ///
    /// - Throws: ``LogError/noSuchLog(_:)``. A closed log takes it as well.
    func note(_ facts: RunFacts, of run: RunID) async throws(LogError)
    /// Marks the log complete: readers that follow are told so. Closing it again changes nothing.
    ///
    /// - Throws: ``LogError/noSuchLog(_:)``.
    func close(_ run: RunID) async throws(LogError)
    /// Removes closed logs by age, per job by count, and by the sink's size; answers how many went.
    ///
    /// What a job's newest run was opened with holds for the job, and `policy` for all. Open logs
    /// are never removed. Long work is done in small steps, between which others get on.
    func prune(_ policy: LogRetention) async throws(LogError) -> Int
}

extension LogSink {
    /// Appends `batch` where the log ends.
    package func append(_ batch: LogBatch, to run: RunID) async throws(LogError) -> Int64 {
        try await append(batch, to: run, at: nil)
    }

    /// Appends `lines` where the log ends.
    package func append(_ lines: [LogLine], to run: RunID) async throws(LogError) -> Int64 {
        try await append(LogBatch(lines), to: run, at: nil)
    }
}

/// Reads what runs printed, wherever it is kept.
package protocol LogReader: Sendable {
    /// Lines from `offset` on, at most `limit` bytes of text, and where the log stands.
    ///
    /// An offset inside a line answers the whole line, one inside what is missing the first line
    /// after it, and one beyond the end nothing. A page holds at least one line if there is any,
    /// so a reader that goes on at ``LogPage/next`` always gets on. Finding the place costs
    /// O(log n) in the size of the whole sink.
    ///
    /// - Throws: ``LogError/noSuchLog(_:)``.
    func read(_ run: RunID, from offset: Int64, limit: Int) async throws(LogError) -> LogPage
    /// What `run` has said of itself, as far as its writer has noted it.
    ///
    /// - Throws: ``LogError/noSuchLog(_:)``.
    func facts(of run: RunID) async throws(LogError) -> RunFacts
    /// Where the logs of `runs` stand, those that are there; cheap, since no line is read.
    func stands(of runs: [RunID]) async throws(LogError) -> [RunID: LogStand]
    /// Waits until the log of `run` grows beyond `offset`, is closed or removed, at most `timeout`.
    ///
    /// Returns at once for a log that is not there. A waiting reader costs no thread.
    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async
}

extension LogReader {
    /// Asks for one log after the other.
    package func stands(of runs: [RunID]) async throws(LogError) -> [RunID: LogStand] {
        var stands: [RunID: LogStand] = [:]
        for run in runs {
            do throws(LogError) {
                let page = try await read(run, from: .max, limit: 0)
                stands[run] = LogStand(end: page.end, isComplete: page.isComplete)
            } catch .noSuchLog {
                continue
            }
        }
        return stands
    }
}

/// How long a log is.
package struct LogStand: Equatable, Sendable {
    /// The offset after everything printed so far.
    package let end: Int64
    package let isComplete: Bool

    package init(end: Int64, isComplete: Bool) {
        self.end = end
        self.isComplete = isComplete
    }
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
    /// Logs closed longer ago than this go, also where their job would keep them longer.
    package var age: Duration
    /// Per job, the newest this many stay at most, open ones counted.
    package var runsPerJob: Int
    /// The whole sink's bytes of text; beyond it the logs closed first go first.
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
    /// Complete: nothing can be added any more.
    case closed(RunID)
    case full(String)
    case unavailable(String)
    /// A batch that starts beyond the log's end: something before it is missing.
    case gap(RunID, from: Int64, to: Int64)
    /// A `log:` setting that names no log store; with what to write instead.
    case misconfigured(String)
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSuchLog(let run): "there is no log of run \(run); retention may have removed it"
        case .closed(let run): "the log of run \(run) is complete; nothing can be added to it"
        case .full(let why): "the disk for logs is full: \(why). Free space or lower keep.log"
        case .unavailable(let why): "the log store does not answer: \(why)"
        case .gap(let run, let end, let start):
            "the log of run \(run) ends at \(end), before the \(start) that was to be added to"
        case .misconfigured(let why): why
        }
    }
}
