// What besides its text and zone decides when a job is due.

/// The rules that a job's schedule is read under.
package struct ScheduleRules: Hashable, Sendable {
    /// A jitter is no longer than this.
    package static let jitterLimit = Duration.seconds(86_400)

    /// What becomes of wall times that clocks skip or repeat.
    package var clockChanges = ClockChangePolicy.standard
    /// The job is due later by a part of this that is its own and never changes.
    package var jitter = Duration.zero
    /// The days on which it may be due; `nil`: any.
    package var calendar: CalendarUse?

    /// As the text says, and on time.
    package static let standard = Self()

    package init() {}
}
