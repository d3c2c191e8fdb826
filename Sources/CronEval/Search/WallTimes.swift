// Wall times that a schedule selects: some times of day on some days.

/// A set of wall times; knows nothing of time zones.
///
/// A wall time is counted in seconds from 1970-01-01T00:00:00 on the same wall.
struct WallTimes<Dates: DateSource>: Sendable {
    let times: TimePattern
    let dates: Dates

    /// The first selected wall time that is not before `wall`.
    ///
    /// - Returns: `nil` if there is none until the end of 2199.
    func first(atOrAfter wall: Int64) -> Int64? {
        let (day, second) = Self.split(wall)
        let today = times.first(atOrAfter: second)
        guard let found = dates.first(atOrAfter: today == nil ? day + 1 : day) else { return nil }
        return found * 86_400 + ((found == day ? today : nil) ?? times.first)
    }

    /// The last selected wall time that is not after `wall`.
    ///
    /// - Returns: `nil` if there is none since the end of 1969.
    func last(atOrBefore wall: Int64) -> Int64? {
        let (day, second) = Self.split(wall)
        let today = times.last(atOrBefore: second)
        guard let found = dates.last(atOrBefore: today == nil ? day - 1 : day) else { return nil }
        return found * 86_400 + ((found == day ? today : nil) ?? times.last)
    }

    /// How many selected wall times lie in `walls`, without a look at each.
    func count(in walls: Range<Int64>) -> Int {
        guard !walls.isEmpty else { return 0 }
        let (first, start) = Self.split(walls.lowerBound)
        let (last, end) = Self.split(walls.upperBound)
        var count = dates.count(in: first..<last) * times.count
        if dates.first(atOrAfter: first) == first { count -= times.count(before: start) }
        if dates.first(atOrAfter: last) == last { count += times.count(before: end) }
        return count
    }

    /// The day and the second of the day.
    private static func split(_ wall: Int64) -> (day: Int64, second: Int) {
        // Unsigned division by a constant is cheaper; walls reach two days before the epoch.
        let shifted = UInt64(truncatingIfNeeded: max(wall, -2 * 86_400) + 2 * 86_400)
        return (Int64(shifted / 86_400) - 2, Int(shifted % 86_400))
    }
}

extension WallTimes: Equatable where Dates: Equatable {}
