// The fires of `@every` on the days that a calendar allows.

internal import Vocabulary

/// A grid, thinned out to those fires whose date in the zone is allowed.
struct RuledGrid: Equatable, Sendable {
    let grid: Grid
    let allowed: DaySet
    let zone: TimeZoneRules

    func first(after instant: Instant) -> Instant? {
        var start = instant
        while let fire = grid.first(after: start) {
            guard let opening = opening(atOrAfter: fire.unixSeconds) else { return nil }
            guard opening > fire.unixSeconds else { return fire }
            start = Instant(unixMilliseconds: opening * 1_000 - 1)
        }
        return nil
    }

    func last(before instant: Instant) -> Instant? {
        var start = instant
        while let fire = grid.last(before: start) {
            guard let closing = closing(atOrBefore: fire.unixSeconds) else { return nil }
            guard closing < fire.unixSeconds else { return fire }
            start = Instant(unixSeconds: closing + 1)
        }
        return nil
    }

    func count(in instants: Range<Instant>) -> Int {
        let end = min(instants.upperBound, Instant(unixMilliseconds: Grid.last + 1))
        var count = 0
        var start = max(instants.lowerBound, .epoch)
        while start < end, let opening = opening(atOrAfter: start.unixSeconds) {
            start = max(start, Instant(unixSeconds: opening))
            guard start < end else { break }
            let closure = min(end, Instant(unixSeconds: closure(after: start.unixSeconds)))
            count += grid.count(in: start..<closure)
            start = closure
        }
        return count
    }

    /// The first second from `second` on whose date is allowed.
    private func opening(atOrAfter second: Int64) -> Int64? {
        var place = zone.segmentIndex(at: second)
        var second = second
        while place < zone.segments.count {
            let segment = zone.segments[place]
            let day = (second + segment.offset).floorDivided(by: 86_400)
            guard let open = allowed.first(atOrAfter: day) else { return nil }
            let opening = max(second, open * 86_400 - segment.offset)
            if opening < segment.end { return opening }
            second = segment.end
            place += 1
        }
        return nil
    }

    /// The last second up to `second` whose date is allowed.
    private func closing(atOrBefore second: Int64) -> Int64? {
        var place = zone.segmentIndex(at: second)
        var second = second
        while place >= 0 {
            let segment = zone.segments[place]
            let day = (second + segment.offset).floorDivided(by: 86_400)
            guard let open = allowed.last(atOrBefore: day) else { return nil }
            let closing = min(second, (open + 1) * 86_400 - 1 - segment.offset)
            if closing >= segment.start { return closing }
            second = segment.start - 1
            place -= 1
        }
        return nil
    }

    /// The first second after `second` at which the date is not allowed or the offset changes.
    private func closure(after second: Int64) -> Int64 {
        let segment = zone.segments[zone.segmentIndex(at: second)]
        let day = (second + segment.offset).floorDivided(by: 86_400)
        let closed = allowed.firstMissing(atOrAfter: day) ?? DayBounds.last + 1
        return min(segment.end, closed * 86_400 - segment.offset)
    }
}
