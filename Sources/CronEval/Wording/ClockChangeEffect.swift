// What a change of the clocks does to a schedule.

internal import Vocabulary

/// One clock change that a schedule meets: it has wall times that are skipped or repeated.
struct ClockChangeEffect {
    enum Outcome: Equatable {
        /// It fires in the first minute after the gap.
        case madeUp
        case skipped
        case repeated(ClockChangePolicy.Overlap)
    }

    let zoneName: String
    /// What the wall shows when clocks change, and what right after.
    let wallBefore: Int64
    let wallAfter: Int64
    /// The first of the schedule's wall times that is skipped or repeated, and how many are.
    let first: Int64
    let count: Int
    let outcome: Outcome

    private var madeUpAt: Int64 {
        wallAfter + TimeZoneRules.residue(of: first, since: wallAfter)
    }

    func sentence(in phrases: Phrases) -> String {
        let isForward = wallAfter > wallBefore
        let change = Phrases.fill(
            isForward ? phrases.forward : phrases.back,
            WallText.date(wallBefore),
            zoneName,
            WallText.time(wallBefore),
            WallText.time(wallAfter)
        )
        let time = WallText.time(first)
        let times = count == 1 ? time : Phrases.fill(phrases.andMore, time, "\(count - 1)")
        return switch outcome {
        case .madeUp:
            Phrases.fill(phrases.skippedAndMade, change, times, WallText.time(madeUpAt))
        case .skipped: Phrases.fill(phrases.skipped, change, times)
        case .repeated(.first): Phrases.fill(phrases.repeatedFirst, change, times)
        case .repeated(.last): Phrases.fill(phrases.repeatedLast, change, times)
        case .repeated(.both): Phrases.fill(phrases.repeatedBoth, change, times)
        }
    }
}

extension Schedule {
    /// The clock changes in `instants` that this schedule meets.
    ///
    /// What goes on through every hour by the real clock meets none. Changes of more than three
    /// hours are corrections of the calendar and are passed over.
    func clockChanges(in instants: Range<Instant>) -> [ClockChangeEffect] {
        guard case .fields(let pattern) = timing else { return [] }
        if pattern.times.hours == 0xFF_FFFF, clock.followsChanges { return [] }
        let seconds = instants.lowerBound.unixSeconds..<instants.upperBound.unixSeconds
        let segments = clock.zone.segments
        return segments.indices.dropFirst().filter { seconds.contains(segments[$0].start) }
            .compactMap { place in
                effect(of: segments[place], after: segments[place - 1], on: pattern)
            }
    }

    private func effect(
        of segment: TimeZoneRules.Segment,
        after previous: TimeZoneRules.Segment,
        on pattern: FieldPattern
    ) -> ClockChangeEffect? {
        let wallBefore = segment.start + previous.offset
        let wallAfter = segment.start + segment.offset
        let outcome: ClockChangeEffect.Outcome
        let walls: Range<Int64>
        if segment.beginsWithGap {
            walls = wallBefore..<wallAfter
            outcome = clock.catchesUp(segment) ? .madeUp : .skipped
        } else if segment.newSince > segment.start {
            walls = wallAfter..<wallBefore
            outcome = .repeated(clock.overlap)
        } else {
            return nil
        }
        guard let first = pattern.firstWall(atOrAfter: walls.lowerBound, under: restriction),
            first < walls.upperBound
        else { return nil }
        return ClockChangeEffect(
            zoneName: zoneName,
            wallBefore: wallBefore,
            wallAfter: wallAfter,
            first: first,
            count: pattern.wallCount(in: walls, under: restriction),
            outcome: outcome
        )
    }
}

extension FieldPattern {
    fileprivate func firstWall(atOrAfter wall: Int64, under rule: Restriction?) -> Int64? {
        guard let calendar = rule?.calendar else { return walls.first(atOrAfter: wall) }
        return calendar.walls(of: self).first(atOrAfter: wall)
    }

    fileprivate func wallCount(in range: Range<Int64>, under rule: Restriction?) -> Int {
        guard let calendar = rule?.calendar else { return walls.count(in: range) }
        return calendar.walls(of: self).count(in: range)
    }
}
