// One page of a log, put together from chunks.

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
        for (offset, line) in chunk.lines {
            let after = offset + Int64(line.size)
            guard after > start else { continue }
            guard lines.isEmpty || size + line.size <= limit else { return false }
            lines.append((offset, line))
            size += line.size
            next = after
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
