// Wall time in UTC: what names runs and what people and other machines see.

/// A point of UTC time in whole milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// The nominal due time of a run is an `Instant`; so is every time shown to people. Nothing that
/// decides whether somebody is alive may use one: that is ``MonotonicInstant``.
package struct Instant: Hashable, Comparable, Sendable {
    package let unixMilliseconds: Int64

    package init(unixMilliseconds: Int64) {
        self.unixMilliseconds = unixMilliseconds
    }

    package init(unixSeconds: Int64) {
        unixMilliseconds = unixSeconds * 1_000
    }

    package static let epoch = Self(unixMilliseconds: 0)

    /// Whole seconds since the epoch, rounded towards the past.
    package var unixSeconds: Int64 {
        let (seconds, rest) = unixMilliseconds.quotientAndRemainder(dividingBy: 1_000)
        return rest < 0 ? seconds - 1 : seconds
    }

    /// The instant `duration` later; parts of a millisecond are dropped.
    package func advanced(by duration: Duration) -> Self {
        Self(unixMilliseconds: unixMilliseconds + duration.milliseconds)
    }

    package func duration(to other: Self) -> Duration {
        .milliseconds(other.unixMilliseconds - unixMilliseconds)
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.unixMilliseconds < rhs.unixMilliseconds
    }
}

extension Duration {
    /// Whole milliseconds, truncated towards zero.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }

    /// Seconds as a floating-point number, for metrics and for people.
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
