// Elapsed time on one machine: what timeouts, probes and trust are measured with.

/// A reading of the clock that counts suspended time (`CLOCK_BOOTTIME`).
///
/// Never compare readings of two machines and never store one: the origin is the last boot.
package struct MonotonicInstant: InstantProtocol, Hashable, Sendable {
    /// Time since the machine booted, suspended time included.
    package let sinceBoot: Duration

    package init(sinceBoot: Duration) {
        self.sinceBoot = sinceBoot
    }

    package func advanced(by duration: Duration) -> Self {
        Self(sinceBoot: sinceBoot + duration)
    }

    package func duration(to other: Self) -> Duration {
        other.sinceBoot - sinceBoot
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.sinceBoot < rhs.sinceBoot
    }
}

extension MonotonicInstant: CustomStringConvertible {
    package var description: String { "boot + \(sinceBoot)" }
}
