// Which times of a day a schedule selects.

/// The second, minute and hour fields: a set of times of day, the same on every day.
///
/// Times are counted in seconds from midnight on the wall, 0 to 86,399.
struct TimePattern: Equatable, Sendable {
    let seconds: UInt64
    let minutes: UInt64
    let hours: UInt32

    /// - Precondition: Each of the masks selects something.
    init(seconds: UInt64, minutes: UInt64, hours: UInt32) {
        self.seconds = seconds
        self.minutes = minutes
        self.hours = hours
    }

    /// The earliest selected time.
    var first: Int64 {
        Self.time(
            hours.trailingZeroBitCount,
            minutes.trailingZeroBitCount,
            seconds.trailingZeroBitCount
        )
    }

    /// The latest selected time.
    var last: Int64 {
        Self.time(
            31 - hours.leadingZeroBitCount,
            63 - minutes.leadingZeroBitCount,
            63 - seconds.leadingZeroBitCount
        )
    }

    @inline(__always)
    private static func time(_ hour: Int, _ minute: Int, _ second: Int) -> Int64 {
        Int64(hour * 3_600 + minute * 60 + second)
    }

    /// How many times of a day are selected.
    var count: Int {
        hours.nonzeroBitCount * minutes.nonzeroBitCount * seconds.nonzeroBitCount
    }

    /// The first selected time that is not before `second`, or `nil` if that is past the day's end.
    func first(atOrAfter second: Int) -> Int64? {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60)
        if hours >> UInt32(hour) & 1 == 1 {
            let inMinute = seconds & (.max << UInt64(second))
            if minutes >> UInt64(minute) & 1 == 1, inMinute != 0 {
                return Self.time(hour, minute, inMinute.trailingZeroBitCount)
            }
            let later = minutes & (.max << UInt64(minute + 1))
            if later != 0 {
                let first = seconds.trailingZeroBitCount
                return Self.time(hour, later.trailingZeroBitCount, first)
            }
        }
        let later = hours & (.max << UInt32(hour + 1))
        guard later != 0 else { return nil }
        return Int64(later.trailingZeroBitCount * 3_600) + first % 3_600
    }

    /// The last selected time that is not after `second`, or `nil` if the day has none.
    func last(atOrBefore second: Int) -> Int64? {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60)
        if hours >> UInt32(hour) & 1 == 1 {
            let inMinute = seconds & (.max >> UInt64(63 - second))
            if minutes >> UInt64(minute) & 1 == 1, inMinute != 0 {
                return Self.time(hour, minute, 63 - inMinute.leadingZeroBitCount)
            }
            let earlier = minutes & (1 << UInt64(minute) - 1)
            if earlier != 0 {
                let last = 63 - seconds.leadingZeroBitCount
                return Self.time(hour, 63 - earlier.leadingZeroBitCount, last)
            }
        }
        let earlier = hours & (1 << UInt32(hour) - 1)
        guard earlier != 0 else { return nil }
        return Int64((31 - earlier.leadingZeroBitCount) * 3_600) + last % 3_600
    }

    /// How many selected times are before `second`.
    func count(before second: Int) -> Int {
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60)
        let wholeHours = (hours & (1 << UInt32(hour) - 1)).nonzeroBitCount
        var count = wholeHours * minutes.nonzeroBitCount * seconds.nonzeroBitCount
        guard hours >> UInt32(hour) & 1 == 1 else { return count }
        let wholeMinutes = (minutes & (1 << UInt64(minute) - 1)).nonzeroBitCount
        count += wholeMinutes * seconds.nonzeroBitCount
        guard minutes >> UInt64(minute) & 1 == 1 else { return count }
        return count + (seconds & (1 << UInt64(second) - 1)).nonzeroBitCount
    }
}
