// What can be tuned about the scheduler, with the relations that must hold.

internal import Vocabulary

/// Settings of ``SchedulerMachine``; the defaults suit a cluster on one network.
package struct SchedulerSettings: Equatable, Sendable {
    /// How much later each next node in the ranking tries, at least; 10 ms to 10 s.
    ///
    /// More than it takes to claim and to gossip that it is done, or the second node reads the
    /// store for nothing; also more than what clocks differ by. Both are measured, and a stagger
    /// that is too short for them is stretched, up to ``staggerLimit``.
    package var stagger = Duration.milliseconds(250)
    /// What measurements may stretch the stagger to; not less than it, at most 60 s.
    package var staggerLimit = Duration.seconds(2)
    /// How many missed runs this node makes up for in a second; 1 to 100,000.
    package var catchUpRate = 20
    /// How long the others leave a job that is owed several runs to the first, who counts them, if
    /// nothing of it is made up for; at least `staggerLimit`.
    package var catchUpPatience = Duration.seconds(60)
    /// Up to this age an instant is on time although a newer one is due as well; 0 to 60 s.
    ///
    /// Older ones that lie before the newest are missed: after a hiccup a job that is due every
    /// second runs for the last few seconds, not for all of them at once. Only what is older can be
    /// skipped as `store`, so that a short loss of the store costs nothing.
    package var lateAfter = Duration.seconds(5)
    /// How long a job rests whose claim was refused as stale, disabled or gone; at least `stagger`.
    package var holdBack = Duration.seconds(5)
    /// How long an answer to a read of cursors may take before it is asked again; 100 ms or more.
    package var readTimeout = Duration.seconds(5)
    /// The first bound of the random wait after a failure of the store; at least 1 ms.
    package var backoff = Duration.milliseconds(50)
    /// What the bound doubles up to; not less than `backoff`.
    package var backoffLimit = Duration.seconds(5)
    /// Items in the first claim of a burst, so that the first runs start early; at least 1.
    package var firstBatch = 16
    /// Items in any further claim; at least `firstBatch`.
    package var batchLimit = 250
    /// Claims on their way at the same time; at least 1.
    package var requestLimit = 2
    /// Jobs in one read of cursors; at least 1.
    package var readBatch = 500
    /// Jobs being read at the same time; at least `readBatch`.
    package var readLimit = 4_000
    /// Instants that one claim of one job may decide; the rest follows in the next claim.
    package var instantsPerItem = 10_000
    /// Instants that one call may look at before the rest waits for the next call.
    package var instantsPerCall = 20_000
    /// Jobs that one call may find due before the rest waits for the next call; at least 1.
    package var jobsPerCall = 10_000
    /// How far ahead of this node's clock a note may settle anything; 0 to 60 s.
    package var noteLead = Duration.seconds(1)

    package init() {}

    /// Every relation that does not hold, in words; empty if all do.
    package func faults() -> [String] {
        var faults: [String] = []
        func check(_ holds: Bool, _ words: String) {
            if !holds { faults.append(words) }
        }
        check(
            stagger >= .milliseconds(10) && stagger <= .seconds(10),
            "stagger \(stagger) is outside 10 ms to 10 s"
        )
        check(
            staggerLimit >= stagger && staggerLimit <= .seconds(60),
            "staggerLimit \(staggerLimit) is outside \(stagger) to 60 s"
        )
        check(
            catchUpPatience >= staggerLimit,
            "catchUpPatience \(catchUpPatience) is less than staggerLimit \(staggerLimit)"
        )
        check(
            (1...100_000).contains(catchUpRate),
            "catchUpRate \(catchUpRate) is outside 1 to 100,000 a second"
        )
        check(
            lateAfter >= .zero && lateAfter <= .seconds(60),
            "lateAfter \(lateAfter) is outside 0 to 60 s"
        )
        check(holdBack >= stagger, "holdBack \(holdBack) is less than stagger \(stagger)")
        check(readTimeout >= .milliseconds(100), "readTimeout \(readTimeout) is under 100 ms")
        check(backoff >= .milliseconds(1), "backoff \(backoff) is under 1 ms")
        check(
            backoffLimit >= backoff,
            "backoffLimit \(backoffLimit) is less than backoff \(backoff)"
        )
        check(firstBatch >= 1, "firstBatch \(firstBatch) is under 1")
        check(
            batchLimit >= firstBatch,
            "batchLimit \(batchLimit) is less than firstBatch \(firstBatch)"
        )
        check(requestLimit >= 1, "requestLimit \(requestLimit) is under 1")
        check(readBatch >= 1, "readBatch \(readBatch) is under 1")
        check(
            readLimit >= readBatch,
            "readLimit \(readLimit) is less than readBatch \(readBatch)"
        )
        check(instantsPerItem >= 1, "instantsPerItem \(instantsPerItem) is under 1")
        check(
            instantsPerCall >= instantsPerItem,
            "instantsPerCall \(instantsPerCall) is less than instantsPerItem \(instantsPerItem)"
        )
        check(jobsPerCall >= 1, "jobsPerCall \(jobsPerCall) is under 1")
        check(
            noteLead >= .zero && noteLead <= .seconds(60),
            "noteLead \(noteLead) is outside 0 to 60 s"
        )
        return faults
    }
}
