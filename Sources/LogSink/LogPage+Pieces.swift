// A page of a log as what can be appended to a copy of it.

extension LogPage {
    /// Lines that follow one another without a gap, as one batch each, with where it starts.
    ///
    /// `nil` for a page that no log has: with lines out of order, over one another, or beyond its
    /// end.
    package var pieces: [(start: Int64, batch: LogBatch)]? {
        var pieces: [(start: Int64, batch: LogBatch)] = []
        var reached: Int64 = 0
        for (offset, line) in lines {
            guard offset >= reached, offset <= Self.lastOffset else { return nil }
            // A newline within a line would move all that follows.
            guard !line.text.contains(LogLine.newline) else { return nil }
            if offset > reached || pieces.isEmpty { pieces.append((offset, LogBatch())) }
            pieces[pieces.count - 1].batch.append(line)
            reached = offset + Int64(line.size)
        }
        guard reached <= next, next <= end, end <= Self.lastOffset else { return nil }
        return pieces
    }

    /// Far beyond every log, and far from where numbers end.
    private static let lastOffset: Int64 = 1 << 60
}
