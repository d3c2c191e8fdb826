// Bytes from a task become stamped lines, in batches for the log.

package import LogSink
internal import Platform
package import Vocabulary

/// Splits output into lines and keeps them until they are taken.
///
/// Lines are not looked at one by one: what is read at once and ends with a newline is copied at
/// once. A line longer than 64 KB is split. Memory is bounded: of more than ``limit`` bytes of
/// lines that nobody has taken, the first and the last stay, and a note between them says how many
/// bytes went. Secrets are replaced before lines are split, so none is to be seen in two halves.
package struct OutputCollector: Sendable {
    package static let lineLimit = 65_536
    /// From so many bytes on a batch need not wait for more.
    package static let batchLimit = 65_536
    /// The most that waits, and how much does unless somebody says otherwise.
    package static let pendingLimit = 1 << 20

    /// The line of a stream that has not ended.
    private var parts: [LogStream: [UInt8]] = [:]
    private var filters: [LogStream: SecretFilter] = [:]
    private let mask: SecretMask?
    private var pending = OutputBacklog(limit: pendingLimit)

    /// - Parameter mask: What is not to be seen in the log.
    package init(mask: SecretMask = .none) {
        self.mask = mask.isEmpty ? nil : mask
    }

    /// How many bytes of lines may wait, at most ``pendingLimit``.
    package var limit: Int {
        get { pending.limit }
        set { pending.limit = min(newValue, Self.pendingLimit) }
    }

    package var isEmpty: Bool { pending.isEmpty }
    /// Bytes of lines that wait to be taken.
    package var pendingBytes: Int { pending.size }

    /// Adds what `stream` printed at `now`.
    package mutating func take(_ bytes: [UInt8], from stream: LogStream, at now: Instant) {
        guard let mask else {
            split(bytes, from: stream, at: now)
            return
        }
        let clean = filters[stream, default: SecretFilter(mask)].take(bytes)
        split(clean, from: stream, at: now)
    }

    /// Adds lines of Rota's own.
    package mutating func note(_ text: String, at now: Instant) {
        let line = Array(text.utf8) + [LogLine.newline]
        pending.append(line, in: 0..<line.count, from: .note, at: now)
    }

    /// Ends the lines that have no newline yet.
    package mutating func endLines(at now: Instant) {
        for stream in [LogStream.out, .err] {
            if let rest = filters[stream]?.end() { split(rest, from: stream, at: now) }
            if let part = parts.removeValue(forKey: stream), !part.isEmpty {
                let end = [LogLine.newline]
                add(end, in: 0..<1, behind: part, from: stream, at: now)
            }
        }
    }

    /// Takes all lines that wait; none if there are none.
    package mutating func takeBatch() -> LogBatch { pending.take() }

    /// Drops all lines that wait; answers how many bytes that were, with those dropped before.
    mutating func discard() -> Int {
        defer { _ = pending.take() }
        return pending.sizeInAll
    }

    private mutating func split(_ bytes: [UInt8], from stream: LogStream, at now: Instant) {
        var part = parts.removeValue(forKey: stream) ?? []
        var place = 0
        // In pieces that cannot hold a line that is too long and its end.
        while place < bytes.count {
            let end = min(place + Self.lineLimit, bytes.count)
            splitPiece(bytes, in: place..<end, &part, from: stream, at: now)
            place = end
        }
        if !part.isEmpty { parts[stream] = part }
    }

    /// Adds what is at most as long as a line may be.
    private mutating func splitPiece(
        _ bytes: [UInt8],
        in range: Range<Int>,
        _ part: inout [UInt8],
        from stream: LogStream,
        at now: Instant
    ) {
        var range = range
        if !part.isEmpty {
            let first = bytes.firstIndex(of: LogLine.newline, in: range) ?? range.upperBound
            let room = Self.lineLimit - part.count
            if first - range.lowerBound > room {
                // A line that is too long is cut at the limit, wherever its bytes were cut.
                part += bytes[range.prefix(room)]
                add([LogLine.newline], in: 0..<1, behind: part, from: stream, at: now)
                part = []
                range = range.dropFirst(room)
            }
        }
        if let last = bytes.lastIndex(of: LogLine.newline, in: range) {
            let lines = range.lowerBound..<last + 1
            add(bytes, in: lines, behind: part, from: stream, at: now)
            part.removeAll(keepingCapacity: true)
            range = last + 1..<range.upperBound
        }
        part += bytes[range]
    }

    /// Adds the whole lines in `bytes[range]`, of the first of which `start` is the beginning.
    private mutating func add(
        _ bytes: [UInt8],
        in range: Range<Int>,
        behind start: [UInt8],
        from stream: LogStream,
        at now: Instant
    ) {
        pending.append(bytes, in: range, behind: start, from: stream, at: now)
    }
}
