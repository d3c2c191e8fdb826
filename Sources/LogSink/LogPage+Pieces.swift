// A page of a log as what can be appended to a copy of it.

internal import Vocabulary

extension LogPage {
    /// Lines that follow one another without a gap, as one batch each, with where it starts.
    ///
    /// `nil` for a page that no log has: with lines out of order, over one another, or beyond its
    /// end.
    package var pieces: [(start: Int64, batch: LogBatch)]? {
        guard isSound else { return nil }
        var pieces: [(start: Int64, batch: LogBatch)] = []
        var reached: Int64 = 0
        for (offset, line) in lines {
            if offset > reached || pieces.isEmpty { pieces.append((offset, LogBatch())) }
            pieces[pieces.count - 1].batch.append(line)
            reached = offset + Int64(line.size)
        }
        return pieces
    }

    /// Whether a log may have such a page: its lines in order and within its end, and every number
    /// one that can be reckoned with.
    var isSound: Bool {
        var reached: Int64 = 0
        for (offset, line) in lines {
            guard offset >= reached, offset <= Self.lastOffset else { return false }
            // A newline within a line would move all that follows.
            guard !line.text.contains(LogLine.newline) else { return false }
            guard Self.times.contains(line.at.unixMilliseconds) else { return false }
            reached = offset + Int64(line.size)
        }
        guard 0 <= missing.lowerBound, missing.isEmpty || missing.upperBound <= end else {
            return false
        }
        return reached <= next && next <= end && end <= Self.lastOffset
    }

    /// Far beyond every log, and far from where numbers end.
    private static let lastOffset: Int64 = 1 << 60
    /// In milliseconds, the years 1 to 9999.
    private static let times: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999
}
