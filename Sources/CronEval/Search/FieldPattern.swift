// A cron expression, compiled.

/// What the fields of a cron expression select.
struct FieldPattern: Equatable, Sendable {
    let walls: WallTimes<DatePattern>
    /// Whether it follows the clock through changes of the offset, rather than firing once.
    let isInterval: Bool

    var times: TimePattern { walls.times }
    var dates: DatePattern { walls.dates }

    @inline(__always)
    init(times: TimePattern, dates: DatePattern, isInterval: Bool) {
        walls = WallTimes(times: times, dates: dates)
        self.isInterval = isInterval
    }
}
