// From wall times to instants: what becomes of a schedule when clocks change.

/// The fires of wall times by one clock, in UTC seconds.
///
/// Within a segment of one offset, wall time is a straight line, so a search of wall times answers
/// until the segment ends; the answer stays good for later segments whose wall time goes on from
/// there. Only where clocks went back behind the search's start must it be asked again.
///
/// A schedule that makes up for gaps fires at S + r for each skipped wall time, where S is the end
/// of the gap and r < 60 what is left of the skipped time after whole minutes: its *echo*.
extension WallTimes {
    private static var none: Int64 { .max / 4 }

    /// The first fire from the second `time` on, which lies from 0 to the year 2200.
    ///
    /// - Returns: `nil` if there is none until the end of 2199.
    func firstFire(atOrAfter time: Int64, by clock: WallClock) -> Int64? {
        if clock.zone.isUniversal { return first(atOrAfter: time) }
        let segments = clock.zone.segments
        var place = clock.zone.segmentIndex(at: time)
        var segment = segments[place]
        var echo: Int64?
        if clock.catchesUp(segment), time - segment.start < 60 {
            echo = firstEcho(atOrAfter: time, in: segment, last: segments[place - 1])
        }
        var low = max(time, clock.start(of: segment)) + segment.offset
        var match = first(atOrAfter: low) ?? Self.none
        while true {
            let direct = match - segment.offset
            if direct < clock.end(of: segment) { return min(direct, echo ?? direct) }
            if let echo { return echo }
            place += 1
            guard place < segments.count else { return nil }
            let previous = segment
            segment = segments[place]
            // Up to here nothing matched since `low`, so only a match in the gap has an echo.
            if clock.catchesUp(segment), match < segment.start + segment.offset {
                echo = firstEcho(atOrAfter: segment.start, in: segment, last: previous)
            }
            let resumed = clock.start(of: segment) + segment.offset
            if resumed < low || resumed > match {
                low = resumed
                match = first(atOrAfter: low) ?? Self.none
            }
        }
    }

    /// The last fire up to the second `time`, which is at least -1.
    ///
    /// - Returns: `nil` if there is none since 1970.
    func lastFire(atOrBefore time: Int64, by clock: WallClock) -> Int64? {
        if clock.zone.isUniversal { return last(atOrBefore: time).flatMap { $0 >= 0 ? $0 : nil } }
        let segments = clock.zone.segments
        var place = clock.zone.segmentIndex(at: time)
        var high = min(time, clock.end(of: segments[place]) - 1) + segments[place].offset
        var match = last(atOrBefore: high) ?? -Self.none
        while true {
            let segment = segments[place]
            let direct = match - segment.offset
            let isDirect = direct >= clock.start(of: segment)
            // Echoes lie within the first minute, so later matches need not be compared.
            if isDirect, direct - segment.start >= 60 || !clock.catchesUp(segment) {
                return direct >= 0 ? direct : nil
            }
            guard segment.end > 0, place > 0 else { return nil }
            let previous = segments[place - 1]
            if clock.catchesUp(segment), isDirect || match >= segment.start + previous.offset {
                let echo = lastEcho(atOrBefore: time, in: segment, last: previous)
                if let latest = echo.map({ max($0, isDirect ? direct : $0) }) {
                    return latest >= 0 ? latest : nil
                }
            }
            if isDirect { return direct >= 0 ? direct : nil }
            place -= 1
            let ended = clock.end(of: previous) - 1 + previous.offset
            if ended > high || ended < match {
                high = ended
                match = last(atOrBefore: high) ?? -Self.none
            }
        }
    }

    /// How many fires lie in `seconds`, which begin at 0 at the earliest.
    ///
    /// - Complexity: O(offset changes and months in between), whatever fires in them.
    func fireCount(in seconds: Range<Int64>, by clock: WallClock) -> Int {
        guard !seconds.isEmpty else { return 0 }
        if clock.zone.isUniversal { return count(in: seconds) }
        let segments = clock.zone.segments
        var count = 0
        for place in clock.zone.segmentIndex(at: seconds.lowerBound)..<segments.count {
            let segment = segments[place]
            guard segment.start < seconds.upperBound else { break }
            let low = max(seconds.lowerBound, clock.start(of: segment))
            let high = min(seconds.upperBound, clock.end(of: segment))
            if low < high {
                count += self.count(in: low + segment.offset..<high + segment.offset)
            }
            if clock.catchesUp(segment) {
                count += echoCount(in: seconds, of: segment, last: segments[place - 1])
            }
        }
        return count
    }

    private func firstEcho(
        atOrAfter time: Int64,
        in segment: TimeZoneRules.Segment,
        last previous: TimeZoneRules.Segment
    ) -> Int64? {
        let echoes = echoes(of: segment, last: previous) & (.max << UInt64(time - segment.start))
        guard echoes != 0 else { return nil }
        return segment.start + Int64(echoes.trailingZeroBitCount)
    }

    private func lastEcho(
        atOrBefore time: Int64,
        in segment: TimeZoneRules.Segment,
        last previous: TimeZoneRules.Segment
    ) -> Int64? {
        let span = UInt64(min(time - segment.start, 59))
        let echoes = echoes(of: segment, last: previous) & (.max >> (63 - span))
        guard echoes != 0 else { return nil }
        return segment.start + Int64(63 - echoes.leadingZeroBitCount)
    }

    /// The echoes in `seconds` that do not coincide with a match of their own.
    private func echoCount(
        in seconds: Range<Int64>,
        of segment: TimeZoneRules.Segment,
        last previous: TimeZoneRules.Segment
    ) -> Int {
        var echoes = echoes(of: segment, last: previous)
        var count = 0
        while echoes != 0 {
            let time = segment.start + Int64(echoes.trailingZeroBitCount)
            let wall = time + segment.offset
            if seconds.contains(time), first(atOrAfter: wall) != wall { count += 1 }
            echoes &= echoes - 1
        }
        return count
    }

    /// The seconds after the gap at the segment's start at which skipped times are made up for.
    private func echoes(
        of segment: TimeZoneRules.Segment,
        last previous: TimeZoneRules.Segment
    ) -> UInt64 {
        let resumed = segment.start + segment.offset
        var wall = segment.start + previous.offset
        var echoes: UInt64 = 0
        // A minute that lies in the gap as a whole gives all echoes there can be.
        while let match = first(atOrAfter: wall), match < resumed,
            echoes.nonzeroBitCount < times.seconds.nonzeroBitCount
        {
            echoes |= 1 << UInt64(TimeZoneRules.residue(of: match, since: resumed))
            wall = match + 1
        }
        return echoes
    }
}
