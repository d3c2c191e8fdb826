// A stretch of consecutive lines of one log, and the bytes it is stored as.

internal import Vocabulary

/// Consecutive lines, stored and dropped as one.
struct LogChunk: Equatable, Sendable {
    /// Where its first line starts.
    let start: Int64
    private(set) var batch = LogBatch()

    init(start: Int64) {
        self.start = start
    }

    /// Bytes of text, newlines included.
    var size: Int { batch.size }
    var end: Int64 { start + Int64(size) }

    /// Adds the lines in `bytes[range]`, the last of which is whole.
    mutating func add(_ bytes: [UInt8], in range: Range<Int>, of stretch: LogBatch.Stretch) {
        batch.append(bytes, in: range, from: stretch.stream, at: stretch.at)
    }
}

// MARK: - Stored

/// How a chunk is stored: a mark, how many stretches there are, of each its size with the stream in
/// the two lowest bits and the milliseconds since the one before it, and then the text.
///
/// The first releases stored each line behind its own size and time. A line's size never had both
/// lowest bits set, as the mark has, so their chunks can be told and are still read.
extension LogChunk {
    private static let mark: UInt8 = 0x03

    var packed: [UInt8] {
        var packed: [UInt8] = []
        packed.reserveCapacity(size + 8 + batch.stretches.count * 6)
        packed.append(Self.mark)
        Self.append(UInt64(batch.stretches.count), to: &packed)
        var time: Int64 = 0
        for stretch in batch.stretches {
            Self.append(UInt64(stretch.size) << 2 | stretch.stream.code, to: &packed)
            let delta = stretch.at.unixMilliseconds &- time
            // Zigzag: small steps back in time stay small numbers.
            Self.append(UInt64(bitPattern: delta << 1 ^ delta >> 63), to: &packed)
            time = stretch.at.unixMilliseconds
        }
        packed += batch.text
        return packed
    }

    /// The chunk that was stored; what cannot be unpacked ends it.
    init(start: Int64, packed: [UInt8]) {
        self.init(start: start)
        var place = 0
        guard packed.first == Self.mark else {
            takeLines(from: packed)
            return
        }
        place = 1
        guard let count = Self.takeNumber(from: packed, &place) else { return }
        var heads: [LogBatch.Stretch] = []
        var time: Int64 = 0
        for _ in 0..<min(count, UInt64(packed.count)) {
            guard let head = Self.takeHead(from: packed, &place, after: &time) else { return }
            heads.append(head)
        }
        for head in heads {
            guard head.size > 0, head.size <= packed.count - place,
                packed[place + head.size - 1] == LogLine.newline
            else { return }
            add(packed, in: place..<place + head.size, of: head)
            place += head.size
        }
    }

    /// Reads what the first releases stored.
    private mutating func takeLines(from packed: [UInt8]) {
        var place = 0
        var time: Int64 = 0
        while let head = Self.takeHead(from: packed, &place, after: &time),
            head.size <= packed.count - place
        {
            let text = packed[place..<place + head.size]
            batch.append(LogLine(stream: head.stream, at: head.at, text: Array(text)))
            place += head.size
        }
    }

    private static func takeHead(
        from bytes: [UInt8],
        _ place: inout Int,
        after time: inout Int64
    ) -> LogBatch.Stretch? {
        guard let head = takeNumber(from: bytes, &place),
            let step = takeNumber(from: bytes, &place),
            let stream = LogStream(code: head & 3), let size = Int(exactly: head >> 2)
        else { return nil }
        time &+= Int64(bitPattern: step >> 1) ^ -Int64(bitPattern: step & 1)
        return LogBatch.Stretch(stream: stream, at: Instant(unixMilliseconds: time), size: size)
    }

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        var rest = number
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func takeNumber(from bytes: [UInt8], _ place: inout Int) -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }
}

extension LogStream {
    fileprivate var code: UInt64 {
        switch self {
        case .out: 0
        case .err: 1
        case .note: 2
        }
    }

    fileprivate init?(code: UInt64) {
        switch code {
        case 0: self = .out
        case 1: self = .err
        case 2: self = .note
        case _: return nil
        }
    }
}
