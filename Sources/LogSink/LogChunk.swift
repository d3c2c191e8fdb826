// A stretch of consecutive lines of one log, packed into one array of bytes.

internal import Vocabulary

/// Consecutive lines, stored and dropped as one.
///
/// A line is two variable-length numbers and its text: the text's length with the stream in the two
/// lowest bits, and the time in milliseconds since the line before it.
struct LogChunk: Equatable, Sendable {
    /// Where its first line starts.
    let start: Int64
    /// Bytes of text, newlines included.
    private(set) var size = 0
    private(set) var packed: [UInt8] = []
    private var lastTime: Int64 = 0

    init(start: Int64) {
        self.start = start
    }

    /// The chunk that was stored with these values, ready to be read or added to.
    init(start: Int64, size: Int, packed: [UInt8]) {
        self.start = start
        self.size = size
        self.packed = packed
        lastTime = lines.last?.line.at.unixMilliseconds ?? 0
    }

    var end: Int64 { start + Int64(size) }

    mutating func add(_ line: LogLine) {
        appendNumber(UInt64(line.text.count) << 2 | line.stream.code)
        let delta = line.at.unixMilliseconds &- lastTime
        // Zigzag: small steps back in time stay small numbers.
        appendNumber(UInt64(bitPattern: delta << 1 ^ delta >> 63))
        packed += line.text
        lastTime = line.at.unixMilliseconds
        size += line.size
    }

    /// Its lines with the offset each starts at; what cannot be unpacked ends the list.
    var lines: [(offset: Int64, line: LogLine)] {
        var lines: [(offset: Int64, line: LogLine)] = []
        var rest = packed[...]
        var offset = start
        var time: Int64 = 0
        while let head = Self.takeNumber(from: &rest), let step = Self.takeNumber(from: &rest),
            head >> 2 <= rest.count, let stream = LogStream(code: head & 3)
        {
            time &+= Int64(bitPattern: step >> 1) ^ -Int64(bitPattern: step & 1)
            let text = rest.prefix(Int(head >> 2))
            rest = rest[text.endIndex...]
            let line = LogLine(
                stream: stream,
                at: Instant(unixMilliseconds: time),
                text: Array(text)
            )
            lines.append((offset, line))
            offset += Int64(line.size)
        }
        return lines
    }

    private mutating func appendNumber(_ number: UInt64) {
        var rest = number
        while rest > 0x7F {
            packed.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        packed.append(UInt8(rest))
    }

    private static func takeNumber(from bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }
}

extension LogLine {
    /// What it adds to the offset: its text and one newline.
    package var size: Int { text.count + 1 }
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
