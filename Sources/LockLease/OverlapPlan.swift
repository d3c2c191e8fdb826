// What a job's overlap policy makes of the runs one claim item plans.

internal import Vocabulary

/// One verdict per planned run, and what happens to the runs that are in the way.
///
/// The rules, for the planned runs in order:
/// - A run starts while fewer runs are open than the policy allows. Under `queue` a run that waits
///   already goes first.
/// - A scheduled run that cannot start is skipped; under `queue` one of them waits instead.
/// - Catch-up runs never overlap with each other, and none is lost to that: those that only runs of
///   the same item stand in the way of wait. What was open before the item is in the way as it
///   would have been at the time, so there the policy decides as for a scheduled run; but under
///   `queue` every catch-up run waits.
/// - Under `replace` only the newest planned run counts. It takes the place of one that waits, and
///   the open ones are killed.
struct OverlapPlan: Equatable {
    enum Verdict: Equatable {
        case start
        case skip(SkipReason)
        /// Becomes a trigger of this cause.
        case wait(Cause)
    }

    var verdicts: [Verdict] = []
    var killsOpen = false
    var supersedesWaiting = false

    /// - Parameters:
    ///   - planned: The runs, oldest first.
    ///   - job: The job before the item.
    ///   - isQueued: Whether a trigger of cause `queued` waits for it.
    init(_ planned: [PlannedRun], job: JobCursor, isQueued: Bool) {
        guard job.gate.overlap != .replace else {
            replace(planned, open: job.open)
            return
        }
        let queues = job.gate.overlap == .queue
        var isQueued = isQueued
        var open = job.open
        for run in planned {
            let isBusy = open >= job.capacity || (queues && isQueued)
            if !isBusy {
                open += 1
                verdicts.append(.start)
            } else if run.cause == .catchUp, queues || job.hasRoom {
                verdicts.append(.wait(.catchUp))
            } else if queues, !isQueued {
                isQueued = true
                verdicts.append(.wait(.queued))
            } else {
                verdicts.append(.skip(.overlap))
            }
        }
    }

    private mutating func replace(_ planned: [PlannedRun], open: Int) {
        guard !planned.isEmpty else { return }
        verdicts = planned.dropLast().map { _ in .skip(.superseded) }
        verdicts.append(open > 0 ? .wait(.replacement) : .start)
        killsOpen = open > 0
        supersedesWaiting = true
    }
}

extension KillOrder {
    /// In the place of a person's name, on the orders that overlap `replace` gives.
    static let replacer = "overlap: replace"
}

extension SkipRange {
    /// One instant as a range of its own.
    static func single(_ instant: Instant, because reason: SkipReason) -> Self {
        let before = Instant(unixMilliseconds: instant.unixMilliseconds - 1)
        return Self(from: before, through: instant, count: 1, reason: reason)
    }
}

extension ClaimItem {
    /// Traps on a plan that no scheduler may make: instants outside of what the cursor passes.
    func checkPlan() {
        guard case .instants(let from, let to, let runs, let skips) = subject else { return }
        precondition(from < to, "claim of \(job) moves its cursor from \(from) to \(to)")
        precondition(
            runs.allSatisfy { from < $0.instant && $0.instant <= to }
                && zip(runs, runs.dropFirst()).allSatisfy { $0.instant < $1.instant },
            "claim of \(job) plans runs out of order or outside of (\(from), \(to)]"
        )
        precondition(
            skips.allSatisfy { from <= $0.from && $0.from < $0.through && $0.through <= to },
            "claim of \(job) skips outside of (\(from), \(to)]"
        )
    }
}
