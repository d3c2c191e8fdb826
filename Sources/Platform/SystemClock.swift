// The only place that reads the machine's clocks.

internal import CLinux
internal import Glibc
package import Vocabulary

/// Reads the machine's clocks.
package enum SystemClock {
    /// `CLOCK_BOOTTIME`: counts suspended time.
    package static var monotonic: MonotonicInstant {
        MonotonicInstant(sinceBoot: read(CLOCK_BOOTTIME))
    }

    /// `CLOCK_REALTIME` in whole milliseconds.
    package static var wall: Instant {
        Instant(unixMilliseconds: read(CLOCK_REALTIME).milliseconds)
    }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        let code = unsafe clock_gettime(clock, &time)
        precondition(code == 0, "clock_gettime(\(clock)) failed: errno \(errno)")
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}
