// What clocks on the wall of one place show: its offsets from UTC and when they change.

package import Vocabulary

/// The offsets from UTC of one time zone, from its first record to the end of 2200.
///
/// Later instants keep the last offset of 2200.
package struct TimeZoneRules: Sendable {
    /// A stretch of time with one offset.
    struct Segment: Equatable, Sendable {
        /// The first second, in UTC.
        let start: Int64
        /// The second after the last one.
        let end: Int64
        /// Seconds east of Greenwich.
        let offset: Int64
        /// How far clocks were put forward at `start`; negative for back, 0 at the beginning.
        let shift: Int64
        /// How far they are put forward at `end`.
        let nextShift: Int64

        /// Whether clocks went forward at `start` by little enough to catch up what was skipped.
        ///
        /// - SeeAlso: `cron(8)`: changes of more than three hours are corrections of the clock.
        var beginsWithGap: Bool { shift > 0 && shift <= Self.threshold }

        /// When the wall first shows a time that it had not shown before.
        var newSince: Int64 { shift < 0 && shift >= -Self.threshold ? start - shift : start }

        /// Until when the wall shows a time that it will not show again.
        var lastUntil: Int64 {
            nextShift < 0 && nextShift >= -Self.threshold ? end + nextShift : end
        }

        private static let threshold: Int64 = 3 * 3_600
    }

    /// Held by reference so that ten thousand schedules of a zone share it.
    private final class Table: Sendable {
        let segments: [Segment]
        /// For every 2^24 seconds since 1970, the segment in which they begin.
        let index: [UInt16]

        init(segments: [Segment]) {
            self.segments = segments
            var place = 0
            index = (0...TimeZoneRules.lastBucket).map { bucket in
                while segments[place].end <= bucket << 24 { place += 1 }
                return UInt16(place)
            }
        }
    }

    /// Beyond any instant that counts.
    static let farPast: Int64 = -1 << 60
    static let farFuture: Int64 = 1 << 60
    /// The bucket of 2242.
    private static let lastBucket: Int64 = 511

    /// `nil` for universal time, which needs none; so its schedules are not even counted.
    private let table: Table?

    /// Universal time, for which no file is needed.
    package static var utc: Self { Self(table: nil) }

    private init(table: Table?) {
        self.table = table
    }

    /// - Parameters:
    ///   - changes: When offsets take effect, in strictly ascending order, fewer than 65,000.
    ///   - initialOffset: The offset before the first change.
    init(changes: [(time: Int64, offset: Int64)], initialOffset: Int64) {
        guard !changes.isEmpty || initialOffset != 0 else {
            table = nil
            return
        }
        var segments: [Segment] = []
        var (start, offset, shift) = (Self.farPast, initialOffset, Int64(0))
        for change in changes where change.offset != offset {
            segments.append(
                Segment(
                    start: start,
                    end: change.time,
                    offset: offset,
                    shift: shift,
                    nextShift: change.offset - offset
                )
            )
            (start, shift, offset) = (change.time, change.offset - offset, change.offset)
        }
        segments.append(
            Segment(
                start: start,
                end: Self.farFuture,
                offset: offset,
                shift: shift,
                nextShift: 0
            )
        )
        table = Table(segments: segments)
    }

    /// Seconds east of Greenwich that clocks show at `instant`.
    package func offsetInSeconds(at instant: Instant) -> Int {
        guard let table else { return 0 }
        return Int(table.segments[segmentIndex(at: instant.unixSeconds)].offset)
    }

    /// The next change of the offset after `instant`, or `nil` if none is known.
    package func firstChange(after instant: Instant) -> ZoneChange? {
        let index = segmentIndex(at: instant.unixSeconds) + 1
        guard let table, index < table.segments.count else { return nil }
        let (before, after) = (table.segments[index - 1], table.segments[index])
        return ZoneChange(
            instant: Instant(unixSeconds: after.start),
            offsetBefore: Int(before.offset),
            offsetAfter: Int(after.offset)
        )
    }

    /// Whether wall time is UTC, always.
    var isUniversal: Bool { table == nil }

    var segments: [Segment] { table?.segments ?? Self.universal }

    private static let universal = [
        Segment(start: farPast, end: farFuture, offset: 0, shift: 0, nextShift: 0)
    ]

    /// The segment that holds the UTC second `time`.
    func segmentIndex(at time: Int64) -> Int {
        guard let table else { return 0 }
        let segments = table.segments
        guard time >= 0 else {
            return segments.firstIndex { time < $0.end } ?? segments.count - 1
        }
        var place = Int(table.index[Int(min(time >> 24, Self.lastBucket))])
        while place < segments.count - 1, segments[place].end <= time { place += 1 }
        return place
    }

    /// The UTC second at which the wall first shows `wall`.
    ///
    /// A time that was skipped is moved by the fewest whole minutes that lead to one that exists.
    func second(ofWall wall: Int64) -> Int64 {
        guard let table else { return wall }
        let segments = table.segments
        var place = segmentIndex(at: wall - 2 * 86_400)
        while place < segments.count - 1 {
            let (segment, next) = (segments[place], segments[place + 1])
            if wall - segment.offset < segment.end { return wall - segment.offset }
            let resumed = next.start + next.offset
            if wall < resumed { return next.start + Self.residue(of: wall, since: resumed) }
            place += 1
        }
        return wall - segments[place].offset
    }

    /// Seconds from `resumed` to the first time not before it that is whole minutes from `wall`.
    static func residue(of wall: Int64, since resumed: Int64) -> Int64 {
        (wall - resumed).floorRemainder(dividingBy: 60)
    }
}

extension TimeZoneRules: Equatable {
    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.table === rhs.table || lhs.segments == rhs.segments
    }
}

/// One change of a zone's offset.
package struct ZoneChange: Equatable, Sendable {
    package let instant: Instant
    /// Seconds east of Greenwich before and from ``instant``.
    package let offsetBefore: Int
    package let offsetAfter: Int

    package init(instant: Instant, offsetBefore: Int, offsetAfter: Int) {
        self.instant = instant
        self.offsetBefore = offsetBefore
        self.offsetAfter = offsetAfter
    }
}
