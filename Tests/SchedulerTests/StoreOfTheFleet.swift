// A store in a few dozen lines, with what the fleet's judge has to know afterwards.

import LockLease
import Vocabulary

/// Cursors, revisions, sessions and triggers; the rules of a claim, and nothing else.
struct StoreOfTheFleet {
    /// One state of a job as committed: what the judge works out the truth from.
    struct Edit {
        let at: Instant
        let period: Int64?
        let isPaused: Bool
    }

    struct JobRow {
        var entry: JobEntryBody
        var cursor: Instant
        var edits: [Edit]
        var deletedAt: Instant?
        var runs: [(instant: Instant, claimedAt: Instant)] = []
        var skips: [SkipRange] = []
    }

    struct JobEntryBody {
        var revision: Revision
        var job: Job
    }

    /// A session that was not renewed for so long is dead for ever.
    static let term = Duration.seconds(12)
    static let tolerance = Duration.milliseconds(500)

    var jobs: [UID: JobRow] = [:]
    var triggers: [Trigger] = []
    var triggerRuns: [TriggerID: Int] = [:]
    private(set) var head: UInt64 = 0
    private var renewals: [Int: Instant] = [:]
    private var sessions = 0
    private var answers: [RequestID: [ClaimOutcome]] = [:]
    private var fence: Int64 = 0
    /// Items that changed something, and items that were turned down.
    private(set) var wins = 0
    private(set) var losses = 0
    private(set) var faults: [String] = []

    mutating func nextRevision() -> Revision {
        head += 1
        return Revision(epoch: 1, sequence: head)
    }

    mutating func openSession(at now: Instant) -> Int {
        sessions += 1
        renewals[sessions] = now
        return sessions
    }

    /// Answers whether the session lives.
    mutating func renew(_ session: Int, at now: Instant) -> Bool {
        guard isLive(session, at: now) else { return false }
        renewals[session] = now
        return true
    }

    /// A session once seen dead stays dead.
    mutating func isLive(_ session: Int, at now: Instant) -> Bool {
        guard let last = renewals[session] else { return false }
        if last.duration(to: now) > Self.term {
            renewals[session] = nil
            return false
        }
        return true
    }

    /// `nil`: the session is dead.
    mutating func claim(
        _ session: Int,
        _ id: RequestID,
        _ items: [ClaimItem],
        at now: Instant
    ) -> [ClaimOutcome]? {
        guard isLive(session, at: now) else { return nil }
        if let known = answers[id] { return known }
        let outcomes = items.map { decide($0, at: now) }
        answers[id] = outcomes
        return outcomes
    }

    private mutating func decide(_ item: ClaimItem, at now: Instant) -> ClaimOutcome {
        let outcome = outcome(of: item, at: now)
        if case .won = outcome { wins += 1 } else { losses += 1 }
        return outcome
    }

    private mutating func outcome(of item: ClaimItem, at now: Instant) -> ClaimOutcome {
        guard var row = jobs[item.job], row.deletedAt == nil else { return .gone }
        guard row.entry.revision == item.revision else {
            return .stale(current: row.entry.revision)
        }
        switch item.subject {
        case .instants(let from, let to, let runs, let skips):
            check(item.job, from, to, runs, skips)
            guard row.cursor == from else { return .taken(cursor: row.cursor) }
            guard row.entry.job.pause == nil else { return .disabled }
            guard to <= now.advanced(by: Self.tolerance) else { return .early(clock: now) }
            row.cursor = to
            row.runs += runs.map { ($0.instant, now) }
            row.skips += skips
            jobs[item.job] = row
            return .won(runs.map { grant($0.run, item.job, $0.instant, $0.cause) })
        case .trigger(let id, let run):
            guard let index = triggers.firstIndex(where: { $0.id == id }) else {
                return .taken(cursor: row.cursor)
            }
            let trigger = triggers.remove(at: index)
            triggerRuns[id, default: 0] += 1
            return .won([grant(run, item.job, trigger.key.instant, trigger.cause)])
        }
    }

    private mutating func grant(
        _ run: RunID,
        _ job: UID,
        _ instant: Instant,
        _ cause: Cause
    ) -> Grant {
        fence += 1
        return Grant(
            run: run,
            key: RunKey(job: job, instant: instant),
            cause: cause,
            fence: Fence(fence),
            digest: .zero
        )
    }

    private mutating func check(
        _ uid: UID,
        _ from: Instant,
        _ to: Instant,
        _ runs: [PlannedRun],
        _ skips: [SkipRange]
    ) {
        if from >= to { faults.append("\(uid): cursor from \(from) to \(to)") }
        let isInside = runs.allSatisfy { from < $0.instant && $0.instant <= to }
        let isOrdered = zip(runs, runs.dropFirst()).allSatisfy { $0.instant < $1.instant }
        if !isInside || !isOrdered { faults.append("\(uid): runs \(runs)") }
        if !skips.allSatisfy({ from <= $0.from && $0.from < $0.through && $0.through <= to }) {
            faults.append("\(uid): skips \(skips)")
        }
    }
}
