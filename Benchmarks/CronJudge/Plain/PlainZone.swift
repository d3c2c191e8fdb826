// A zone's clock, asked what a wall time becomes.

package import CronEval
internal import Vocabulary

/// The stretches of one offset of a zone, from 1990 to 2200.
package struct PlainZone: Sendable {
    /// A stretch of time with one offset, all in seconds.
    struct Stretch: Equatable {
        let start: Int64
        let end: Int64
        let offset: Int64
    }

    let stretches: [Stretch]

    private static let first: Int64 = 631_152_000
    private static let last: Int64 = 7_289_654_400

    /// The zone that the database calls `name`, or `nil`.
    package init?(named name: String, in zones: ZoneCatalog) {
        guard let rules = zones.rules(named: name) else { return nil }
        var stretches: [Stretch] = []
        var start = Self.first
        while start < Self.last {
            let at = Instant(unixSeconds: start)
            let end = rules.firstChange(after: at)?.instant.unixSeconds ?? Self.last
            stretches.append(
                Stretch(start: start, end: end, offset: Int64(rules.offsetInSeconds(at: at)))
            )
            start = end
        }
        self.stretches = stretches
    }

    /// One change of the offset, in seconds.
    struct Change: Equatable {
        let start: Int64
        let before: Int64
        let after: Int64

        var shift: Int64 { after - before }
    }

    var changes: [Change] {
        zip(stretches, stretches.dropFirst()).map {
            Change(start: $1.start, before: $0.offset, after: $1.offset)
        }
    }

    func wall(at second: Int64) -> Int64 { second + stretches[place(at: second)].offset }

    /// The index of the stretch that `second` lies in.
    func place(at second: Int64) -> Int {
        var (low, high) = (0, stretches.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if stretches[middle].start <= second { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// How far clock changes within two days of `second` may move a fire, and an hour more; 0 if
    /// there are none.
    func reach(around second: Int64) -> Int64 {
        let near = near(second)
        let shifts = zip(near, near.dropFirst()).map { abs($1.offset - $0.offset) }
        return shifts.max().map { $0 + 3_600 } ?? 0
    }

    /// When the wall shows `wall`, first pass first; empty if a change skips it.
    func passes(of wall: Int64) -> [Int64] {
        near(wall).compactMap { stretch in
            let second = wall - stretch.offset
            return second >= stretch.start && second < stretch.end ? second : nil
        }
    }

    /// The change that skips `wall`: how many seconds it skips, when it happens, what the wall
    /// shows then.
    func gap(at wall: Int64) -> (length: Int64, end: Int64, resumed: Int64)? {
        let stretches = near(wall)
        for (before, after) in zip(stretches, stretches.dropFirst()) {
            let (last, resumed) = (after.start + before.offset, after.start + after.offset)
            if last <= wall, wall < resumed { return (resumed - last, after.start, resumed) }
        }
        return nil
    }

    private func near(_ time: Int64) -> ArraySlice<Stretch> {
        stretches[place(at: time - 2 * 86_400)...place(at: time + 2 * 86_400)]
    }
}
