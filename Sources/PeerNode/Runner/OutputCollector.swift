// Bytes from a task become stamped lines, in batches for the log.

package import LogSink
package import Vocabulary

/// Splits output into lines and keeps them until they are taken.
///
/// A line longer than 64 KB is split. Memory is bounded: beyond 1 MB of lines that nobody has
/// taken, further ones are dropped and a note says how many bytes went.
package struct OutputCollector: Equatable, Sendable {
    package static let lineLimit = 65_536
    package static let batchLimit = 65_536
    static let pendingLimit = 1 << 20

    private var parts: [LogStream: [UInt8]] = [:]
    private var pending: [LogLine] = []
    private var firstPending = 0
    /// Bytes of lines that wait to be taken.
    package private(set) var pendingBytes = 0
    private var droppedBytes = 0

    package init() {}

    package var isEmpty: Bool { firstPending == pending.count }

    /// Adds what `stream` printed at `now`.
    package mutating func take(_ bytes: [UInt8], from stream: LogStream, at now: Instant) {
        var part = parts.removeValue(forKey: stream) ?? []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            part += rest[..<end]
            rest = rest[(end + 1)...]
            add(part, from: stream, at: now)
            part = []
        }
        part += rest
        while part.count >= Self.lineLimit {
            add(Array(part.prefix(Self.lineLimit)), from: stream, at: now)
            part.removeFirst(Self.lineLimit)
        }
        if !part.isEmpty { parts[stream] = part }
    }

    /// Adds a line of Rota's own.
    package mutating func note(_ text: String, at now: Instant) {
        append(LogLine(stream: .note, at: now, text: Array(text.utf8)))
    }

    /// Ends the lines that have no newline yet.
    package mutating func endLines(at now: Instant) {
        for stream in [LogStream.out, .err] {
            if let part = parts.removeValue(forKey: stream) { add(part, from: stream, at: now) }
        }
        noteDropped(at: now)
    }

    /// Takes the oldest lines, about 64 KB at most; none if there are none.
    package mutating func takeBatch() -> [LogLine] {
        var size = 0
        var end = firstPending
        while end < pending.count, size == 0 || size + pending[end].size <= Self.batchLimit {
            size += pending[end].size
            end += 1
        }
        let batch = Array(pending[firstPending..<end])
        firstPending = end
        pendingBytes -= size
        // Compact now and then, so that taking stays O(1) a line.
        if firstPending * 2 >= pending.count {
            pending.removeFirst(firstPending)
            firstPending = 0
        }
        return batch
    }

    private mutating func add(_ text: [UInt8], from stream: LogStream, at now: Instant) {
        var rest = text[...]
        repeat {
            let piece = rest.prefix(Self.lineLimit)
            rest = rest[piece.endIndex...]
            guard pendingBytes + piece.count < Self.pendingLimit else {
                droppedBytes += piece.count + 1
                continue
            }
            noteDropped(at: now)
            append(LogLine(stream: stream, at: now, text: Array(piece)))
        } while !rest.isEmpty
    }

    private mutating func noteDropped(at now: Instant) {
        guard droppedBytes > 0 else { return }
        let text = "\(droppedBytes) bytes are missing here: the log store was too slow for them"
        droppedBytes = 0
        append(LogLine(stream: .note, at: now, text: Array(text.utf8)))
    }

    private mutating func append(_ line: LogLine) {
        pending.append(line)
        pendingBytes += line.size
    }
}
