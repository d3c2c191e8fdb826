// Consecutive lines of output as they travel: one array of bytes, not one for each line.

internal import Platform
package import Vocabulary

/// Consecutive lines of one run, with what stream and time they came from.
///
/// Lines that came together cost nothing each: they are one stretch of bytes, whatever their
/// number.
package struct LogBatch: Equatable, Sendable {
    /// Lines that came from one stream at one time.
    package struct Stretch: Equatable, Sendable {
        package let stream: LogStream
        package let at: Instant
        /// Bytes of text, newlines included.
        package fileprivate(set) var size: Int

        package init(stream: LogStream, at: Instant, size: Int) {
            self.stream = stream
            self.at = at
            self.size = size
        }
    }

    /// Every line with its newline.
    package private(set) var text: [UInt8] = []
    /// Where the text comes from, in order; their sizes add up to the text's.
    package private(set) var stretches: [Stretch] = []

    package init() {}

    /// The lines one after the other; a newline within one makes two of it.
    package init(_ lines: [LogLine]) {
        for line in lines { append(line) }
    }

    package var isEmpty: Bool { text.isEmpty }
    /// By how much it moves a log's end.
    package var size: Int { text.count }
    /// Counted anew at each call.
    package var lineCount: Int { text.count(of: LogLine.newline) }

    /// The lines by themselves; an array for each, so not for what has to be fast.
    package var lines: [LogLine] {
        var lines: [LogLine] = []
        eachLine { lines.append(line(in: $0, of: $1)) }
        return lines
    }

    /// Makes room for `size` bytes of text at once.
    package mutating func reserve(_ size: Int) {
        text.reserveCapacity(size)
    }

    package mutating func append(_ line: LogLine) {
        text += line.text
        text.append(LogLine.newline)
        extend(by: line.size, from: line.stream, at: line.at)
    }

    /// Adds the lines of `other` behind those that are here.
    package mutating func append(_ other: LogBatch) {
        text += other.text
        for stretch in other.stretches {
            extend(by: stretch.size, from: stretch.stream, at: stretch.at)
        }
    }

    /// Adds the whole lines in `bytes[range]`, of the first of which `start` is the beginning.
    ///
    /// The last byte must be a newline.
    package mutating func append(
        _ bytes: [UInt8],
        in range: Range<Int>,
        behind start: [UInt8] = [],
        from stream: LogStream,
        at now: Instant
    ) {
        precondition(
            !range.isEmpty && bytes[range.upperBound - 1] == LogLine.newline,
            "lines without an end"
        )
        text += start
        text += bytes[range]
        extend(by: start.count + range.count, from: stream, at: now)
    }

    /// Without its first `size` bytes.
    package func dropping(_ size: Int) -> LogBatch {
        var rest = LogBatch()
        var place = 0
        for stretch in stretches {
            let end = place + stretch.size
            if end > size {
                let range = max(place, size)..<end
                rest.append(text, in: range, from: stretch.stream, at: stretch.at)
            }
            place = end
        }
        return rest
    }

    /// Calls `body` with where each line and its newline are, and what stretch it is of.
    func eachLine(_ body: (Range<Int>, Stretch) -> Void) {
        var place = 0
        for stretch in stretches {
            let end = place + stretch.size
            while place < end {
                let newline = text.firstIndex(of: LogLine.newline, in: place..<end) ?? end - 1
                body(place..<newline + 1, stretch)
                place = newline + 1
            }
        }
    }

    /// The line at `range`, which has its newline.
    func line(in range: Range<Int>, of stretch: Stretch) -> LogLine {
        LogLine(stream: stretch.stream, at: stretch.at, text: Array(text[range.dropLast()]))
    }

    private mutating func extend(by size: Int, from stream: LogStream, at now: Instant) {
        if let last = stretches.indices.last, stretches[last].stream == stream,
            stretches[last].at == now
        {
            stretches[last].size += size
        } else {
            stretches.append(Stretch(stream: stream, at: now, size: size))
        }
    }
}

extension LogLine {
    package static let newline: UInt8 = 0x0A

    /// What it adds to the offset: its text and one newline.
    package var size: Int { text.count + 1 }
}
