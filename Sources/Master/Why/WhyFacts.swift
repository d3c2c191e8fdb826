// What a verdict is told from.

internal import LockLease
internal import Vocabulary

/// All that is known of one instant of one job.
struct WhyFacts: Sendable {
    /// How the instant stands to the job's schedule of the time.
    enum Calling: Equatable, Sendable {
        case due
        /// Calendars took it out, or moved it away.
        case takenOut
        /// Nothing was due then.
        case notDue
        /// The job runs only by hand or by triggers.
        case noSchedule
    }

    /// The schedule in force at the instant.
    struct Clock: Equatable, Sendable {
        var schedule: String?
        var zone: String
        var words: String
        /// When an edit ended it; `nil`: it is the present one.
        var until: Instant?
        /// Whether an older edit may have come in between that is not kept.
        var isGuessed = false
        var isPaused = false
    }

    var now: Instant
    var at: Instant
    var name: String
    var job: Job
    var createdAt: Instant
    /// The last edit, and by whom.
    var updatedAt: Instant
    var author: String
    var isDeleted = false
    var calling = Calling.due
    var clock: Clock
    /// What the calendars in force then say of it.
    var calendars: [String] = []
    /// The nearest instants around it that were or are due.
    var before: Instant?
    var after: Instant?
    /// The next one from now on, pauses left out.
    var next: Instant?
    /// Every attempt at it, oldest first.
    var runs: [RunRecord] = []
    var skip: SkipRange?
    /// A run that was under way when the instant was skipped for overlap.
    var rival: RunRecord?
    var cursor: Instant?
    /// Triggers that wait for this job.
    var waiting: [Trigger] = []
    /// Sessions that are alive; an open run of any other is lost.
    var living: Set<SessionID> = []
    var placement = Placement([])
}

/// What became, or will become, of an instant.
enum WhyVerdict: String, CaseIterable, Sendable {
    /// Started by the node whose turn it was, when it was due.
    case ran
    /// Started later than that, or caught up.
    case late
    /// Its last attempt was lost with its node.
    case lost
    /// Not run because of what the job says: overlap, a pause.
    case skipped
    /// Not run because nobody could in time, or nobody can tell.
    case missed
    /// A run of it waits for its turn.
    case waiting
    /// Due, and not decided yet.
    case pending
    /// Still to come.
    case toCome = "to-come"
    /// In a pause that still lasts.
    case paused
    /// Taken out or moved by a calendar.
    case calendar
    case notDue = "not-due"
    /// Before the job was made.
    case unborn = "before-the-job"
    /// After the job was deleted.
    case deleted
    /// It was decided, and what was decided is no longer kept.
    case pruned
}
