// Lines that wait for the log store, of which head and tail stay if they become too many.

internal import LogSink
internal import Vocabulary

/// The lines of one run that nobody has taken yet.
///
/// Within its limit it keeps all of them. Beyond, it keeps the first half of the limit and what
/// came last, and says between them how many bytes are missing. Cost: each byte is copied once,
/// and once more if the lines did not fit into the first half.
struct OutputBacklog: Sendable {
    private static let pieceLimit = 65_536

    /// How many bytes may wait; one that is lowered counts from the next lines on.
    var limit: Int
    private var head = LogBatch()
    /// In pieces, the oldest of which go first.
    private var tail: ArraySlice<LogBatch> = []
    private var tailSize = 0
    private var missing = 0
    /// When the last of the missing bytes went.
    private var missingAt = Instant.epoch

    init(limit: Int) {
        self.limit = limit
    }

    /// Bytes that wait.
    var size: Int { head.size + tailSize }
    /// Bytes that came since the last ``take()``, whether they are here or not.
    var sizeInAll: Int { size + missing }
    var isEmpty: Bool { size == 0 }

    /// Adds the whole lines in `bytes[range]`, of the first of which `start` is the beginning.
    mutating func append(
        _ bytes: [UInt8],
        in range: Range<Int>,
        behind start: [UInt8] = [],
        from stream: LogStream,
        at now: Instant
    ) {
        let size = start.count + range.count
        if tail.isEmpty, head.size + size <= limit / 2 {
            return head.append(bytes, in: range, behind: start, from: stream, at: now)
        }
        let room = min(Self.pieceLimit, limit / 16) - (tail.last?.size ?? .max)
        if room < size { tail.append(LogBatch()) }
        tail[tail.endIndex - 1].append(bytes, in: range, behind: start, from: stream, at: now)
        tailSize += size
        while tailSize > limit - limit / 2, tail.count > 1, let oldest = tail.popFirst() {
            tailSize -= oldest.size
            missing += oldest.size
            missingAt = now
        }
    }

    /// Takes all that waits, in order.
    mutating func take() -> LogBatch {
        defer {
            let size = head.size
            self = OutputBacklog(limit: limit)
            // Who prints much goes on doing so: better to make room once than in steps.
            if size >= Self.pieceLimit { head.reserve(size + Self.pieceLimit) }
        }
        guard !tail.isEmpty else { return head }
        var batch = head
        batch.reserve(size)
        if missing > 0 {
            let text = "\(missing) bytes are missing here: the log store did not take them in time"
            batch.append(LogLine(stream: .note, at: missingAt, text: Array(text.utf8)))
        }
        for piece in tail { batch.append(piece) }
        return batch
    }
}
