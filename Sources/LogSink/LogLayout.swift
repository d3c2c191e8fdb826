// Which lines of one log stay: its head, its tail, and what is dropped between them.

internal import Platform

/// Decides where the lines of one log go; a back end only stores what it says.
///
/// Lines are moved as stretches of bytes: what it costs to add some grows with their bytes and the
/// number of chunks, not with the number of lines. What comes and goes between two changes that a
/// back end asks for is never stored. Memory: one number per chunk of the tail, and the chunks that
/// wait to be stored.
struct LogLayout: Equatable, Sendable {
    /// What a back end has to do so that what is stored is what the layout says.
    struct Change: Equatable, Sendable {
        /// To be stored, in order; a chunk replaces the one with the same start.
        let writes: [LogChunk]
        /// Chunks that start in here are to be removed, if they are there.
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
    /// Chunks that take no more lines and have not been stored.
    private var sealed: [LogChunk] = []
    /// The newest chunk, while it can take more lines.
    private var open: LogChunk?
    /// Where the log ended, and the tail began, when it was stored.
    private(set) var storedEnd: Int64 = 0
    private var storedTailStart: Int64 = 0

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
        storedEnd = end
        storedTailStart = tailStart
    }

    var missing: Range<Int64> { headEnd..<tailStart }
    var isHeadFull: Bool { region == .tail }
    /// Bytes of text that are kept.
    var kept: Int64 { headEnd + (end - tailStart) }
    var isStored: Bool { storedEnd == end }
    /// Bytes of text that are still to be stored, more or less.
    var unstored: Int { sealed.reduce(open?.size ?? 0) { $0 + $1.size } }

    /// Adds the lines of `batch`.
    mutating func add(_ batch: LogBatch) {
        var place = 0
        for stretch in batch.stretches {
            let end = place + stretch.size
            while place < end { place = add(batch.text, in: place..<end, of: stretch) }
        }
    }

    /// Notes that what comes up to `offset` is missing.
    ///
    /// What is kept of the tail goes with it, since only one stretch of a log can be missing.
    mutating func skip(to offset: Int64) {
        guard offset > end else { return }
        switch region {
        case .head:
            seal()
            region = .tail
        case .tail:
            open = nil
            sealed.removeAll { $0.start >= tailStart }
        }
        tailChunks = []
        end = offset
        tailStart = offset
    }

    /// Has what `other` has not stored yet follow what is here: another writer of the same log was
    /// noticed, and nobody's lines are to be lost.
    mutating func takeUnstored(of other: LogLayout) {
        var place = other.storedEnd
        for chunk in other.sealed + (other.open.map { [$0] } ?? []) where chunk.end > place {
            // What its limit dropped meanwhile is missing here as well.
            if chunk.start > place { skip(to: end + chunk.start - place) }
            add(chunk.batch.dropping(Int(max(0, place - chunk.start))))
            place = chunk.end
        }
        if other.end > place { skip(to: end + other.end - place) }
    }

    /// What is to be stored and removed since ``markStored()``.
    var change: Change {
        // The head's chunks stay, also those that come with this change.
        let start = max(storedTailStart, headEnd)
        return Change(
            writes: sealed + (isStored ? [] : open.map { [$0] } ?? []),
            dropped: start..<max(start, tailStart)
        )
    }

    /// The change has been carried out.
    mutating func markStored() {
        sealed = []
        storedEnd = end
        storedTailStart = tailStart
    }

    /// Adds as many lines from the front of `bytes[range]` as go into one chunk; answers where they
    /// end, which is where they start if another chunk has to be begun first.
    private mutating func add(
        _ bytes: [UInt8],
        in range: Range<Int>,
        of stretch: LogBatch.Stretch
    ) -> Int {
        let headRoom = region == .head ? headLimit - Int(headEnd) : Int.max
        let room = min(chunkLimit - (open?.size ?? 0), headRoom)
        if let cut = Self.lastCut(bytes, in: range, within: room) {
            append(bytes, in: range.lowerBound..<cut, of: stretch)
            return cut
        }
        let newline = bytes.firstIndex(of: LogLine.newline, in: range)
        let cut = newline.map { $0 + 1 } ?? range.upperBound
        if cut - range.lowerBound > headRoom {
            seal()
            region = .tail
            return range.lowerBound
        }
        guard open == nil else {
            seal()
            return range.lowerBound
        }
        // A line longer than any chunk has one of its own.
        append(bytes, in: range.lowerBound..<cut, of: stretch)
        return cut
    }

    /// The end of the last line that ends within the first `room` bytes of the range.
    private static func lastCut(_ bytes: [UInt8], in range: Range<Int>, within room: Int) -> Int? {
        guard room > 0 else { return nil }
        // What is added ends with a line.
        guard room < range.count else { return range.upperBound }
        let start = range.lowerBound..<range.lowerBound + room
        return bytes.lastIndex(of: LogLine.newline, in: start).map { $0 + 1 }
    }

    private mutating func append(
        _ bytes: [UInt8],
        in range: Range<Int>,
        of stretch: LogBatch.Stretch
    ) {
        if open == nil {
            open = LogChunk(start: end)
            if region == .tail { tailChunks.append(end) }
        }
        // In place: a copy of the chunk would be a copy of its text.
        open?.add(bytes, in: range, of: stretch)
        end += Int64(range.count)
        switch region {
        case .head:
            headEnd = end
            tailStart = end
        case .tail: dropOldest()
        }
    }

    private mutating func seal() {
        if let open, open.end > storedEnd { sealed.append(open) }
        open = nil
    }

    /// Drops chunks from the front of the tail until the rest is within its limit.
    private mutating func dropOldest() {
        while end - tailStart > tailLimit, let oldest = tailChunks.popFirst() {
            tailStart = tailChunks.first ?? end
            if let place = sealed.firstIndex(where: { $0.start == oldest }) {
                sealed.remove(at: place)
            }
        }
        if tailChunks.isEmpty { open = nil }
    }
}
