// Runs: what was started, by whom, and what became of it.

/// Names what a run is for: never the wall time at which somebody noticed.
package struct RunKey: Hashable, Sendable, CustomStringConvertible {
    package let job: UID
    /// The nominal due time; for a manual run, when it was asked for.
    package let instant: Instant
    package let shard: Shard
    /// From 1; a retry is the same run's next attempt.
    package let attempt: Int

    package init(job: UID, instant: Instant, shard: Shard = .whole, attempt: Int = 1) {
        self.job = job
        self.instant = instant
        self.shard = shard
        self.attempt = attempt
    }

    package var description: String { "\(job) \(instant) \(shard) #\(attempt)" }
}

/// Why a run exists.
package enum Cause: Hashable, Sendable {
    case schedule
    /// A missed instant that its misfire policy runs after all.
    case catchUp
    case manual(by: String)
    case retry(of: RunID)
    case nodeLoss(of: RunID)
    /// Due while another run was under way, under overlap `queue`.
    case queued
    /// Due while another run was under way, under overlap `replace`.
    case replacement
    /// A past instant that somebody asked for.
    case backfill(by: String)
}

extension Cause {
    /// One word, as in the API and the store.
    package var word: String {
        switch self {
        case .schedule: "schedule"
        case .catchUp: "catch-up"
        case .manual: "manual"
        case .retry: "retry"
        case .nodeLoss: "node-loss"
        case .queued: "queued"
        case .replacement: "replacement"
        case .backfill: "backfill"
        }
    }

    /// Whom or what the cause names, or empty.
    package var detail: String {
        switch self {
        case .manual(let author), .backfill(let author): author
        case .retry(let run), .nodeLoss(let run): run.text
        case .schedule, .catchUp, .queued, .replacement: ""
        }
    }

    package init?(word: String, detail: String) {
        switch word {
        case "schedule": self = .schedule
        case "catch-up": self = .catchUp
        case "manual": self = .manual(by: detail)
        case "retry": self = .retry(of: RunID(detail))
        case "node-loss": self = .nodeLoss(of: RunID(detail))
        case "queued": self = .queued
        case "replacement": self = .replacement
        case "backfill": self = .backfill(by: detail)
        case _: return nil
        }
    }
}

/// Where a run stands.
///
/// "Running" is never a flag: it is `open` and its session lives.
package enum RunState: String, CaseIterable, Hashable, Sendable {
    /// Claimed and not finished.
    case open
    case succeeded
    case failed
    case timedOut = "timed-out"
    case killed
    /// Its node died or lost its session before it could report.
    case lost

    package var isOpen: Bool { self == .open }

    /// What people call an open run whose session lives.
    package static let runningWord = "running"
}

/// How a task ended, in numbers.
package enum ExitStatus: Hashable, Sendable {
    case code(Int32)
    case signal(Int32)
    case httpStatus(Int)

    package var description: String {
        switch self {
        case .code(let code): "exit \(code)"
        case .signal(let number): "signal \(number)"
        case .httpStatus(let status): "HTTP \(status)"
        }
    }
}

/// One attempt at one run, as the store records it.
package struct RunRecord: Equatable, Sendable {
    package var id: RunID
    package var key: RunKey
    package var name: ObjectKey
    package var cause: Cause
    package var fence: Fence
    /// The job's revision it was claimed under.
    package var revision: Revision
    package var node: NodeName
    package var session: SessionID
    package var state: RunState
    package var claimedAt: Instant
    package var finishedAt: Instant?
    package var exit: ExitStatus?
    /// Why it ended as it did, in words; empty when the state says it all.
    package var reason: String
    /// Set once a kill has been recorded for it.
    package var kill: KillOrder?

    package init(
        id: RunID,
        key: RunKey,
        name: ObjectKey,
        cause: Cause,
        fence: Fence,
        revision: Revision,
        node: NodeName,
        session: SessionID,
        state: RunState,
        claimedAt: Instant,
        finishedAt: Instant? = nil,
        exit: ExitStatus? = nil,
        reason: String = "",
        kill: KillOrder? = nil
    ) {
        self.id = id
        self.key = key
        self.name = name
        self.cause = cause
        self.fence = fence
        self.revision = revision
        self.node = node
        self.session = session
        self.state = state
        self.claimedAt = claimedAt
        self.finishedAt = finishedAt
        self.exit = exit
        self.reason = reason
        self.kill = kill
    }
}

/// A durable order to end one run.
package struct KillOrder: Equatable, Sendable {
    package var run: RunID
    package var author: String
    /// Between TERM and KILL; `nil`: the job's own.
    package var grace: Duration?
    package var requestedAt: Instant

    package init(run: RunID, author: String, grace: Duration?, requestedAt: Instant) {
        self.run = run
        self.author = author
        self.grace = grace
        self.requestedAt = requestedAt
    }
}

/// Why instants were not run.
package enum SkipReason: String, CaseIterable, Hashable, Sendable {
    case overlap
    case paused
    /// Missed, and the job's misfire policy does not run it.
    case misfire
    /// Missed by more than the catch-up window.
    case window
    /// Missed, and beyond the limit of `all(limit)`.
    case limit
    /// Due while the store was away, under `store_loss: skip`.
    case store
    /// Waiting in the queue when a newer run took its place.
    case superseded
    /// Between a restored state of the store and its acceptance: nobody knows whether it ran.
    case history
}

/// Instants of one job that were not run, as one row: `(from, through]`.
package struct SkipRange: Hashable, Sendable {
    package var from: Instant
    package var through: Instant
    /// How many instants it covers; 0 where nobody counted, as after a restored store.
    package var count: Int
    package var reason: SkipReason

    package init(from: Instant, through: Instant, count: Int, reason: SkipReason) {
        self.from = from
        self.through = through
        self.count = count
        self.reason = reason
    }
}

/// A pending run that cron did not cause.
package struct Trigger: Equatable, Sendable {
    package var id: TriggerID
    package var key: RunKey
    package var name: ObjectKey
    package var cause: Cause
    /// Not to be claimed before this instant of the store's clock.
    package var notBefore: Instant

    package init(
        id: TriggerID,
        key: RunKey,
        name: ObjectKey,
        cause: Cause,
        notBefore: Instant
    ) {
        self.id = id
        self.key = key
        self.name = name
        self.cause = cause
        self.notBefore = notBefore
    }
}
