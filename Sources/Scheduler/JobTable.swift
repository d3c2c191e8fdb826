// What the scheduler knows of each job: a few hot words apart from the definition.

internal import CronEval
internal import LockLease
internal import Vocabulary

/// The words about a job that change with every fire.
struct HotJob: Sendable {
    /// What a job waits for.
    enum Phase: UInt8, Sendable {
        /// The next instant.
        case resting
        /// An edit, or the end of its pause: nothing can be due.
        case dormant
        /// Something is due, and others go first.
        case turn
        /// Its cursor is to be read.
        case wantsRead
        case reading
        /// Something is due, and a claim may be made.
        case ready
        case claiming
        /// A newer revision, or a moment: its claim was refused, and something is still due.
        case held
        /// The same, but the store says that nothing may run.
        case aside

        /// Whether an instant may be due and without verdict.
        var isUndecided: Bool {
            switch self {
            case .resting, .dormant, .aside: false
            case .turn, .wantsRead, .reading, .ready, .claiming, .held: true
            }
        }
    }

    /// Where the cursor is believed to stand; meaningless unless ``knowsCursor``.
    var cursor = Instant.startOfTime
    /// Instants up to here need no attempt: the cursor, or what a note said is settled.
    var position = Instant.startOfTime
    /// Tells a job from the one that had its slot before.
    var generation: UInt32
    let shard: VirtualShard
    var phase = Phase.dormant
    var knowsCursor = false
    /// Whether this node's turn has come for what is due.
    var hasTurn = false
}

/// What changes with edits only.
struct JobDefinition: Sendable {
    struct Span: Sendable {
        let schedule: ScheduleLibrary.Index?
        let isPaused: Bool
        let through: Instant
    }

    let entry: JobEntry
    let audience: Ranking.Audience
    let spans: [Span]
    /// Whether all its schedules could be read and at least one thing can ever be due.
    let hasTimes: Bool
    let lastEraEnd: Instant?
    /// The calendars that its instants are worked out by; a claim names them.
    let calendars: [CalendarMark]
}

/// All jobs, by slot.
struct JobTable: Sendable {
    private(set) var slots: [UID: JobSlot] = [:]
    var hot: [HotJob] = []
    private(set) var definitions: [JobDefinition?] = []
    /// Jobs whose schedule this node cannot read, with the reason.
    private(set) var unreadable: [UID: String] = [:]
    private var vacant: [JobSlot] = []
    private var generations: UInt32 = 0

    func slot(of uid: UID) -> JobSlot? { slots[uid] }

    /// Whether `slot` still holds the job it held under `generation`, and that job is in `phase`.
    func holds(_ slot: JobSlot, _ generation: UInt32, in phase: HotJob.Phase) -> Bool {
        hot[slot].generation == generation && hot[slot].phase == phase
    }

    mutating func insert(_ uid: UID) -> JobSlot {
        generations += 1
        let fresh = HotJob(generation: generations, shard: VirtualShard(of: uid))
        let slot = vacant.popLast() ?? hot.count
        if slot == hot.count {
            hot.append(fresh)
            definitions.append(nil)
        } else {
            hot[slot] = fresh
        }
        slots[uid] = slot
        return slot
    }

    /// Forgets a job; its phase must not count as undecided any more.
    mutating func remove(
        _ slot: JobSlot,
        _ library: inout ScheduleLibrary,
        _ ranking: inout Ranking
    ) {
        guard let old = definitions[slot] else { return }
        release(old, &library, &ranking)
        generations += 1
        hot[slot].generation = generations
        definitions[slot] = nil
        slots[old.entry.uid] = nil
        unreadable[old.entry.uid] = nil
        vacant.append(slot)
    }

    /// Takes over an entry; what it shares with the old one is not compiled again.
    mutating func define(
        _ slot: JobSlot,
        as entry: JobEntry,
        _ library: inout ScheduleLibrary,
        _ ranking: inout Ranking,
        _ calendars: CalendarTable
    ) {
        let old = definitions[slot]
        var compiler = SpanCompiler(entry: entry, calendars: calendars)
        compiler.compile(with: &library)
        let isScheduled =
            compiler.lastEraEnd != nil || compiler.spans.contains { $0.schedule != nil }
        definitions[slot] = JobDefinition(
            entry: entry,
            audience: ranking.take(entry.job.spec),
            spans: compiler.spans,
            hasTimes: compiler.fault == nil && isScheduled,
            lastEraEnd: compiler.lastEraEnd,
            calendars: calendars.marks(of: entry.job.spec.rules.calendar, in: entry.name.tenant)
        )
        unreadable[entry.uid] = compiler.fault
        if let old { release(old, &library, &ranking) }
    }

    private func release(
        _ definition: JobDefinition,
        _ library: inout ScheduleLibrary,
        _ ranking: inout Ranking
    ) {
        for span in definition.spans {
            if let schedule = span.schedule { library.release(schedule) }
        }
        ranking.release(definition.audience)
    }
}

extension JobDefinition {
    func timeline(in library: ScheduleLibrary) -> Timeline {
        Timeline(
            stretches: spans.map { span in
                Timeline.Stretch(
                    schedule: span.schedule.flatMap { library[$0] },
                    isPaused: span.isPaused,
                    through: span.through
                )
            },
            lastEraEnd: lastEraEnd
        )
    }
}
