// What goes into and comes out of the store.

package import Vocabulary

/// Who a store is and how far its history goes.
package struct StoreIdentity: Equatable, Sendable {
    /// Random, from when the store was made.
    package let id: String
    package let schema: Int
    package let head: Position
    /// Grows with every write of any kind: the high-water mark for the history check.
    package let writes: Int64
    /// The store's clock, where it has one.
    package let clock: Instant?

    package init(id: String, schema: Int, head: Position, writes: Int64, clock: Instant?) {
        self.id = id
        self.schema = schema
        self.head = head
        self.writes = writes
        self.clock = clock
    }
}

/// Counters that move when there is something to look at.
package struct StorePulse: Equatable, Sendable {
    package let head: Position
    /// Moves with every trigger written or released.
    package let triggers: Int64
    /// Moves with every kill order.
    package let kills: Int64

    package init(head: Position, triggers: Int64, kills: Int64) {
        self.head = head
        self.triggers = triggers
        self.kills = kills
    }
}

/// Who opens a session.
package struct NodeIdentity: Equatable, Sendable {
    package let name: NodeName
    /// `/proc/sys/kernel/random/boot_id`: another one means that every old process is gone.
    package let bootID: String
    package let processID: Int32
    /// Where this node serves HTTP, as `host:port`.
    package let address: String

    package init(name: NodeName, bootID: String, processID: Int32, address: String) {
        self.name = name
        self.bootID = bootID
        self.processID = processID
        self.address = address
    }
}

/// A session as others see it.
package struct SessionView: Equatable, Sendable {
    package let id: SessionID
    package let node: NodeIdentity
    package let beat: Beat
    package let term: Duration
    package let isLive: Bool
    /// Whether the process behind it is certainly gone; only a store on one host can tell.
    package let isGone: Bool
    package let openRuns: Int

    package init(
        id: SessionID,
        node: NodeIdentity,
        beat: Beat,
        term: Duration,
        isLive: Bool,
        isGone: Bool,
        openRuns: Int
    ) {
        self.id = id
        self.node = node
        self.beat = beat
        self.term = term
        self.isLive = isLive
        self.isGone = isGone
        self.openRuns = openRuns
    }
}

/// What a renewal answers.
package struct Renewal: Equatable, Sendable {
    package let beat: Beat
    package let head: Position
    /// ``StoreIdentity/writes`` after the renewal.
    package let writes: Int64
    /// Orders for open runs of this session: the sure way of a kill, behind gossip's fast one.
    package let kills: [KillOrder]

    package init(beat: Beat, head: Position, writes: Int64, kills: [KillOrder]) {
        self.beat = beat
        self.head = head
        self.writes = writes
        self.kills = kills
    }
}

/// What an edit expects to find.
package enum EditExpectation: Equatable, Sendable, CustomStringConvertible {
    /// No live object of this key.
    case absent
    case version(Version)
    /// Whatever is there.
    case any

    package var description: String {
        switch self {
        case .absent: "absence"
        case .version(let version): "version \(version)"
        case .any: "state"
        }
    }
}

/// One change to one object.
package struct ObjectEdit: Equatable, Sendable {
    package enum Change: Equatable, Sendable {
        /// Canonical JSON, and for a job what the store itself must know.
        case put(body: [UInt8], gate: JobGate?)
        case delete
    }

    package let key: ObjectKey
    package let expecting: EditExpectation
    /// Taken if the object is new; an existing one keeps its own.
    package let uid: UID
    package let change: Change

    package init(key: ObjectKey, expecting: EditExpectation, uid: UID, change: Change) {
        self.key = key
        self.expecting = expecting
        self.uid = uid
        self.change = change
    }
}

/// The part of a job that claims, finishes and takeovers are decided by.
package struct JobGate: Equatable, Sendable {
    package var isEnabled: Bool
    package var overlap: OverlapPolicy
    package var retries: RetryPolicy
    package var nodeLoss: NodeLossPolicy
    package var keep: Retention

    package init(
        isEnabled: Bool,
        overlap: OverlapPolicy,
        retries: RetryPolicy,
        nodeLoss: NodeLossPolicy,
        keep: Retention
    ) {
        self.isEnabled = isEnabled
        self.overlap = overlap
        self.retries = retries
        self.nodeLoss = nodeLoss
        self.keep = keep
    }

    package init(_ job: Job) {
        self.init(
            // A pause with an end ends by itself, so only one without closes the gate.
            isEnabled: job.pause == nil || job.pause?.until != nil,
            overlap: job.spec.overlap,
            retries: job.spec.retries,
            nodeLoss: job.spec.nodeLoss,
            keep: job.spec.keep
        )
    }
}

/// A wish to run one job's instants or one trigger.
package struct ClaimItem: Equatable, Sendable {
    package enum Subject: Equatable, Sendable {
        /// Moves the cursor `from → to`; `runs` and `skips` cover every instant in between.
        case instants(from: Instant, to: Instant, runs: [PlannedRun], skips: [SkipRange])
        case trigger(TriggerID, run: RunID)
    }

    package let job: UID
    /// The job's revision as the claimant knows it.
    package let revision: Revision
    package let subject: Subject
    /// The calendars that its instants were worked out by; nothing for a trigger.
    package let calendars: [CalendarMark]

    package init(
        job: UID,
        revision: Revision,
        subject: Subject,
        calendars: [CalendarMark] = []
    ) {
        self.job = job
        self.revision = revision
        self.subject = subject
        self.calendars = calendars
    }
}

/// One state of a calendar of the job's tenant.
package struct CalendarMark: Hashable, Sendable {
    package let name: String
    /// The digest of its body.
    package let digest: Digest

    package init(name: String, digest: Digest) {
        self.name = name
        self.digest = digest
    }
}

/// A run that a claim asks for; the claimant chooses the id, so a repetition asks for the same.
package struct PlannedRun: Equatable, Sendable {
    package let instant: Instant
    package let run: RunID
    package let cause: Cause

    package init(instant: Instant, run: RunID, cause: Cause) {
        self.instant = instant
        self.run = run
        self.cause = cause
    }
}

/// What became of one claim item.
package enum ClaimOutcome: Equatable, Sendable {
    /// The cursor moved; these runs are the claimant's. Empty if all were skipped or queued.
    case won([Grant])
    /// Somebody else moved the cursor, or took the trigger.
    case taken(cursor: Instant)
    /// The job has another revision than the claimant's, or one of its calendars another body: then
    /// `current` is the calendar's revision, zero if it is gone.
    case stale(current: Revision)
    /// The job is paused: nothing starts, the cursor did not move.
    case disabled
    /// An instant lies in the store's future by more than its tolerance.
    case early(clock: Instant)
    /// The job is deleted or was never there.
    case gone
}

/// Permission to start one run.
package struct Grant: Equatable, Sendable {
    package let run: RunID
    package let key: RunKey
    package let cause: Cause
    package let fence: Fence
    /// The digest of the body that may be run, and no other.
    package let digest: Digest

    package init(run: RunID, key: RunKey, cause: Cause, fence: Fence, digest: Digest) {
        self.run = run
        self.key = key
        self.cause = cause
        self.fence = fence
        self.digest = digest
    }
}

/// How a run ended.
package struct Completion: Equatable, Sendable {
    package let run: RunID
    package let fence: Fence
    package let state: RunState
    package let exit: ExitStatus?
    package let reason: String
    /// How long to wait before the next attempt, if the job's policy allows one.
    ///
    /// The shell draws the jitter; the store decides whether there is a next attempt.
    package let retryDelay: Duration

    package init(
        run: RunID,
        fence: Fence,
        state: RunState,
        exit: ExitStatus?,
        reason: String,
        retryDelay: Duration
    ) {
        self.run = run
        self.fence = fence
        self.state = state
        self.exit = exit
        self.reason = reason
        self.retryDelay = retryDelay
    }
}

/// What became of one completion.
package enum FinishOutcome: Equatable, Sendable {
    /// Recorded; `retry` is the trigger it caused.
    case recorded(retry: TriggerID?)
    /// The run is closed already under another verdict, or under another fence.
    case stale(RunState)
    case noSuchRun
}

/// Which run records to list.
package struct RunFilter: Equatable, Sendable {
    package var tenant: String?
    package var job: UID?
    package var node: NodeName?
    package var session: SessionID?
    package var states: Set<RunState> = []
    /// Nominal instants in `[from, through]`.
    package var from: Instant?
    package var through: Instant?
    /// Only runs with a smaller id: the cursor of a page.
    package var before: RunID?
    package var limit = 50

    package init() {}
}

/// How long closed things stay.
package struct StoreRetention: Equatable, Sendable {
    /// Rows beyond each job's own ``Retention`` go as well.
    package var skips = Duration.seconds(30 * 86_400)
    package var tombstones = Duration.seconds(7 * 86_400)
    package var batches = 100_000

    package init() {}
}
