// What a job does on the days on which clocks change.

/// What becomes of wall times that a clock change skips or repeats.
///
/// What is left open follows from the schedule's text: if its second, minute or hour field begins
/// with `*`, it follows the clock (`gap: skip`, `overlap: both`), else it fires once for each wall
/// time (`gap: next`, `overlap: first`).
package struct ClockChangePolicy: Hashable, Sendable {
    /// Of a wall time that clocks put forward skip.
    package enum Gap: String, CaseIterable, Hashable, Sendable {
        /// It fires at the first minute after the gap.
        case next
        /// It does not fire.
        case skip
    }

    /// Of a wall time that clocks put back repeat.
    package enum Overlap: String, CaseIterable, Hashable, Sendable {
        /// It fires the first time round.
        case first
        /// It fires the last time round.
        case last
        /// It fires both times.
        case both
    }

    package var gap: Gap?
    package var overlap: Overlap?

    /// By the text.
    package static let standard = Self()

    package init(gap: Gap? = nil, overlap: Overlap? = nil) {
        self.gap = gap
        self.overlap = overlap
    }
}
