// A stretch of time in a calendar: a blackout.

/// From one moment to another, on the wall of whoever asks or, with an offset, the same everywhere.
package struct CalendarPeriod: Hashable, Sendable {
    private let text: String
    private let from: Moment
    private let until: Moment

    /// Reads `2026-12-20T18:00..2027-01-03T06:00`; both times may have an offset, as in `@at`.
    ///
    /// - Throws: With the text, if it is anything else or its end is not after its beginning.
    package init(parsing text: String) throws(CalendarError) {
        let parts = text.split(separator: "..", omittingEmptySubsequences: false)
        // Of two clocks it would depend on the zone which of the times is the earlier.
        guard parts.count == 2, let from = Moment(parts[0]), let until = Moment(parts[1]),
            from.isOnWall == until.isOnWall
        else { throw .noPeriod(text) }
        guard from.seconds(in: .utc) < until.seconds(in: .utc) else { throw .backwardPeriod(text) }
        self.text = text
        self.from = from
        self.until = until
    }

    /// The UTC seconds of the period where `zone` is kept; empty if a clock change swallowed it.
    func seconds(in zone: TimeZoneRules) -> Range<Int64> {
        let start = from.seconds(in: zone)
        return start..<max(start, until.seconds(in: zone))
    }
}

extension CalendarPeriod: CustomStringConvertible {
    /// As it was written.
    package var description: String { text }
}

/// Periods in which nothing fires, in UTC seconds.
struct Closures: Equatable, Sendable {
    /// In order, apart from each other.
    private var ranges: [Range<Int64>] = []

    init() {}

    init(_ periods: [CalendarPeriod], in zone: TimeZoneRules) {
        let sorted = periods.map { $0.seconds(in: zone) }.filter { !$0.isEmpty }
            .sorted { $0.lowerBound < $1.lowerBound }
        for range in sorted {
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                ranges[ranges.count - 1] =
                    last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
    }

    var isEmpty: Bool { ranges.isEmpty }

    /// The period that holds the UTC second `time`.
    func period(at time: Int64) -> Range<Int64>? {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound <= time { low = middle + 1 } else { high = middle }
        }
        guard low < ranges.count, ranges[low].contains(time) else { return nil }
        return ranges[low]
    }

    /// The parts of the periods that lie in `seconds`.
    func parts(in seconds: Range<Int64>) -> [Range<Int64>] {
        ranges.map { $0.clamped(to: seconds) }.filter { !$0.isEmpty }
    }
}
