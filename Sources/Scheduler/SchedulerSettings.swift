// What the scheduler may be tuned by.

/// Settings of one ``SchedulerMachine``.
package struct SchedulerSettings: Equatable, Sendable {
    /// How much later each next node tries. Default 250 ms; at least four claim latencies.
    package var stagger = Duration.milliseconds(250)
    /// An instant this old is on time no longer when a newer one is due as well. Default 5 s.
    package var lateAfter = Duration.seconds(5)
    /// The most items of one claim. Default 250.
    package var claimLimit = 250
    /// The most claims under way at once. Default 2.
    package var claimsUnderWay = 2
    /// The most instants decided for one job in one claim; longer outages take several.
    package var instantsPerClaim = 10_000
    /// The most runs of one job asked for in one claim. Default 64.
    package var runsPerItem = 64
    /// How often what was believed from settled notes is read again. Default 10 s.
    package var auditInterval = Duration.seconds(10)

    package init() {}
}
