// Which lines of one log stay: its head, its tail, and what is dropped between them.

/// Decides where the lines of one log go; a back end only stores what it says.
///
/// Memory: one number per chunk of the tail and at most one chunk of text.
struct LogLayout: Equatable, Sendable {
    /// What a back end has to do after lines were added.
    struct Change: Equatable, Sendable {
        /// To be stored, in order; a chunk replaces the one with the same start.
        let writes: [LogChunk]
        /// Chunks that start in here are to be removed, if they are not gone already.
        let dropped: Range<Int64>
    }

    private enum Region: Equatable {
        case head
        case tail
    }

    private let headLimit: Int
    private let tailLimit: Int
    /// No chunk grows beyond this unless one line does.
    private let chunkLimit: Int
    /// After everything printed so far.
    private(set) var end: Int64 = 0
    /// The head is `[0, headEnd)`, the tail `[tailStart, end)`.
    private(set) var headEnd: Int64 = 0
    private(set) var tailStart: Int64 = 0
    private var region = Region.head
    /// Where the chunks of the tail start, the oldest first.
    private var tailChunks: ArraySlice<Int64> = []
    /// The newest chunk, while it can take more lines.
    private var open: LogChunk?

    /// The layout of a log in which nothing has been printed.
    init(limit: Int) {
        let limit = max(0, limit)
        headLimit = limit / 2
        tailLimit = limit - headLimit
        // Small beside the tail, so that dropping a chunk leaves most of it.
        chunkLimit = min(max(limit / 64, min(1_024, tailLimit / 8)), 16_384)
    }

    /// The layout of a log as it was stored.
    ///
    /// The newest chunk is not added to; further lines start another one.
    init(limit: Int, end: Int64, missing: Range<Int64>, isHeadFull: Bool, tailChunks: [Int64]) {
        self.init(limit: limit)
        self.end = end
        headEnd = missing.lowerBound
        tailStart = missing.upperBound
        region = isHeadFull ? .tail : .head
        self.tailChunks = tailChunks[...]
    }

    var missing: Range<Int64> { headEnd..<tailStart }
    var isHeadFull: Bool { region == .tail }
    /// Bytes of text that are kept.
    var kept: Int64 { headEnd + (end - tailStart) }

    /// Adds `lines` in order.
    mutating func add(_ lines: [LogLine]) -> Change {
        var writes: [LogChunk] = []
        for line in lines {
            if region == .head, headEnd + Int64(line.size) > headLimit {
                seal(into: &writes)
                region = .tail
            }
            if let open, open.size + line.size > chunkLimit { seal(into: &writes) }
            var chunk = open ?? LogChunk(start: end)
            chunk.add(line)
            open = chunk
            end += Int64(line.size)
            switch region {
            case .head:
                headEnd = end
                tailStart = end
            case .tail:
                if tailChunks.last != chunk.start { tailChunks.append(chunk.start) }
                dropOldest()
            }
        }
        if let open { writes.append(open) }
        return Change(writes: writes.filter { !missing.contains($0.start) }, dropped: missing)
    }

    private mutating func seal(into writes: inout [LogChunk]) {
        if let open { writes.append(open) }
        open = nil
    }

    /// Drops chunks from the front of the tail until the rest is within its limit.
    private mutating func dropOldest() {
        while end - tailStart > tailLimit, !tailChunks.isEmpty {
            tailChunks.removeFirst()
            tailStart = tailChunks.first ?? end
        }
        if tailChunks.isEmpty { open = nil }
    }
}
