// One page of a log, put together from chunks.

internal import Platform
internal import Vocabulary

/// Takes chunks in order until the page is full.
struct LogPageBuilder {
    /// The first offset that may be on the page.
    let start: Int64
    private let limit: Int
    private let end: Int64
    private let missing: Range<Int64>
    private let isComplete: Bool
    private var size = 0
    private var lines: [(offset: Int64, line: LogLine)] = []
    private var next: Int64

    init(from offset: Int64, limit: Int, end: Int64, missing: Range<Int64>, isComplete: Bool) {
        let wanted = min(max(0, offset), end)
        start = missing.contains(wanted) ? missing.upperBound : wanted
        next = start
        self.limit = limit
        self.end = end
        self.missing = missing
        self.isComplete = isComplete
    }

    /// Takes the lines of `chunk` that are wanted; answers whether there is room for more.
    mutating func add(_ chunk: LogChunk) -> Bool {
        let batch = chunk.batch
        var place = 0
        for stretch in batch.stretches {
            let end = place + stretch.size
            // What lies before the page is not even looked at line by line.
            if chunk.start + Int64(end) <= start { place = end }
            while place < end {
                let newline = batch.text.firstIndex(of: LogLine.newline, in: place..<end)
                let range = place..<(newline ?? end - 1) + 1
                place = range.upperBound
                guard chunk.start + Int64(place) > start else { continue }
                // A chunk may have grown since its row was read.
                guard chunk.start + Int64(place) <= self.end else { return false }
                guard lines.isEmpty || size + range.count <= limit else { return false }
                let offset = chunk.start + Int64(range.lowerBound)
                lines.append((offset, batch.line(in: range, of: stretch)))
                size += range.count
                next = chunk.start + Int64(place)
            }
        }
        return size < limit
    }

    var page: LogPage {
        // Right before what is missing there is nothing to wait for: reading goes on behind it.
        let next = missing.contains(next) ? missing.upperBound : next
        return LogPage(
            lines: lines,
            next: next,
            end: end,
            isComplete: isComplete,
            missing: missing
        )
    }
}
