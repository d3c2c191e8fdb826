// Wall times as people read them.

internal import Vocabulary

/// Dates and times of day, from seconds since 1970 on the wall.
enum WallText {
    /// `2027-03-28`.
    static func date(_ wall: Int64) -> String {
        "\(CivilDate(daysSinceEpoch: wall.floorDivided(by: 86_400)))"
    }

    /// `02:30`, or `02:30:15` if it has seconds.
    static func time(_ wall: Int64) -> String {
        let second = Int(wall.floorRemainder(dividingBy: 86_400))
        return time(hour: second / 3_600, minute: second / 60 % 60, second: second % 60)
    }

    static func time(hour: Int, minute: Int, second: Int) -> String {
        let tail = second == 0 ? "" : ":\(second.padded(to: 2))"
        return "\(hour.padded(to: 2)):\(minute.padded(to: 2))\(tail)"
    }
}
