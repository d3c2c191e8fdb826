// What a search of wall times asks about days.

/// A set of days, counted from 1970-01-01, that can be searched from both sides.
protocol DateSource: Sendable {
    /// The first selected day that is not before `day`, or `nil` if there is none until 2199.
    func first(atOrAfter day: Int64) -> Int64?

    /// The last selected day that is not after `day`, or `nil` if there is none since 1969.
    func last(atOrBefore day: Int64) -> Int64?

    /// How many days of `days` are selected.
    func count(in days: Range<Int64>) -> Int
}

/// The days that anything may fall on.
enum DayBounds {
    /// 1969-12-30: earlier than the epoch on any wall.
    static var first: Int64 { -2 }
    /// 2199-12-31.
    static var last: Int64 { 84_005 }
}
