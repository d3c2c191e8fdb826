// What a wall shows, tick by tick: the heart of the slow reference.

internal import Vocabulary

/// A stretch of time as one sees it who looks at the wall at every tick.
struct WallHistory {
    /// Seconds per tick: 60, or 1 where clocks change within a minute.
    let unit: Int
    /// UTC, in ticks since 1970.
    let ticks: Range<Int>
    /// What the wall shows at each tick, in ticks since 1970.
    let walls: [Int]
    private let lowest: Int
    /// The ticks that show each wall time from `lowest` on.
    private let passes: [[Int]]

    init(of ticks: Range<Int>, unit: Int, offsetInSeconds: (Int) -> Int) {
        self.unit = unit
        self.ticks = ticks
        walls = ticks.map { $0 + offsetInSeconds($0 * unit) / unit }
        let (lowest, highest) = (walls.min() ?? 0, walls.max() ?? 0)
        var passes = [[Int]](repeating: [], count: highest - lowest + 1)
        for (tick, wall) in zip(ticks, walls) { passes[wall - lowest].append(tick) }
        self.lowest = lowest
        self.passes = passes
    }

    /// The ticks at which the wall shows `wall`.
    func passes(of wall: Int) -> [Int] {
        let place = wall - lowest
        return passes.indices.contains(place) ? passes[place] : []
    }

    /// When something fires that is meant for `wall`, by the words of the dialect.
    func fires(at wall: Int, by custom: ReferenceCustom) -> [Int] {
        let shown = passes(of: wall)
        // More than three hours apart: a correction of the calendar, not of the clock.
        let far = 3 * 3_600 / unit
        switch custom.overlap {
        case _ where shown.isEmpty:
            return custom.makesUp ? madeUp(wall, unlessLongerThan: far) : []
        case .both:
            return shown
        case .first:
            return shown.indices.filter { $0 == 0 || shown[$0] - shown[$0 - 1] > far }
                .map { shown[$0] }
        case .last:
            return shown.indices.filter {
                $0 == shown.count - 1 || shown[$0 + 1] - shown[$0] > far
            }
            .map { shown[$0] }
        }
    }

    /// The fewest whole minutes after a skipped time.
    private func madeUp(_ wall: Int, unlessLongerThan far: Int) -> [Int] {
        guard wall > lowest, wall < lowest + passes.count else { return [] }
        var (start, end) = (wall, wall)
        while passes(of: start - 1).isEmpty { start -= 1 }
        while passes(of: end).isEmpty { end += 1 }
        guard end - start <= far else { return [] }
        var later = wall
        while passes(of: later).isEmpty { later += 60 / unit }
        return passes(of: later).prefix(1).map(\.self)
    }

    /// The wall times that can fire at one of `ticks`: what they show, and gaps before.
    func wallsThatMatter(for ticks: Range<Int>) -> ClosedRange<Int> {
        let seen = walls[(ticks.lowerBound - self.ticks.lowerBound)...].prefix(ticks.count)
        return (seen.min() ?? 0) - 3 * 3_600 / unit...(seen.max() ?? 0)
    }
}

/// What a schedule does when clocks change.
struct ReferenceCustom {
    enum Overlap { case first, last, both }

    var makesUp: Bool
    var overlap: Overlap

    init(_ policy: ClockChangePolicy, isInterval: Bool) {
        makesUp =
            switch policy.gap {
            case .next: true
            case .skip: false
            case nil: !isInterval
            }
        overlap =
            switch policy.overlap {
            case .first: .first
            case .last: .last
            case .both: .both
            case nil: isInterval ? .both : .first
            }
    }
}

/// Wall times of single moments.
struct WallMoments {
    let offsetInSeconds: (Int) -> Int

    /// When the wall first shows `wall`, or else the fewest whole minutes after it.
    ///
    /// An instant shows `wall` if it lies by the offset that is kept then before it; no offset
    /// is kept but those of the days around.
    func second(showing wall: Int) -> Int {
        var wall = wall
        while true {
            let offsets = Set((-52...52).map { offsetInSeconds(wall + $0 * 3_600) })
            let shown = offsets.map { wall - $0 }.filter { $0 + offsetInSeconds($0) == wall }
            if let first = shown.min() { return first }
            wall += 60
        }
    }
}

extension Int {
    /// Divided, and rounded towards the past.
    func floored(by divisor: Int) -> Int { Int(Int64(self).floorDivided(by: Int64(divisor))) }

    var date: CivilDate { CivilDate(daysSinceEpoch: Int64(self)) }
}
