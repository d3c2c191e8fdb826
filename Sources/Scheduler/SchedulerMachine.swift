// The scheduler's core: what is due, who goes first, what was missed.

package import CronEval
package import Vocabulary

/// Decides which runs this node claims, and when; does nothing itself.
///
/// The shell hands in what happened together with both clocks' readings and carries out the
/// actions in order. It must answer every `claim` and every `readCursors` with one event, at the
/// latest after a deadline of its own, and announce the end of a session with `trusted(until: nil)`
/// before it announces the next one.
///
/// How a run comes about:
/// - The machine holds no definitions: what makes jobs due is in plans that many share, and what
///   they do is nobody's business but the shell's, which looks it up before it sends a claim.
/// - Each job has a *cursor*, as far as this node believes: up to there, every instant has its
///   verdict. The store's cursor is the truth; claims are made against it.
/// - When an instant is due, this node's *rank* among the eligible members decides when it tries:
///   the first at once, the k-th after k staggers.
/// - A first without a free slot *passes*: it says so, and the next tries at once.
/// - The others let go of an instant when a *note* says that its virtual shard is settled;
///   otherwise they read the cursor, and claim only what is still behind. Notes count for jobs that
///   any node may run; a job with a selector may have another first node than its shard has.
/// - A note moves no cursor. What it covered wrongly is found when this node becomes the first
///   (it then reads the cursors of all jobs that only notes have moved on), and at the latest by
///   the next claim of the job, which names the cursor it starts from.
///
/// The same events under the same seed give the same actions.
package struct SchedulerMachine: Sendable {
    struct ReadWish: Sendable {
        let slot: JobSlot
        let key: JobKey
    }

    let settings: SchedulerSettings
    var random: SeededGenerator
    var startedAt: Instant?
    /// The clocks at the last call, to notice a wall clock that was set.
    var lastMoment: Moment?

    var library: ScheduleLibrary
    var ranking: Ranking
    var calendars = CalendarTable()
    var jobs = JobTable()
    var plans = PlanLibrary()
    var loading = Loading()
    var fires = FireQueue()
    var triggers = TriggerBoard()

    var settlement = Settlement()
    var passes = PassBook()
    /// Jobs that wait for others to go first, and some that did.
    var turns: [ReadWish] = []
    var turnCount = 0
    /// Where jobs last ran whose route asks for that.
    var placements: [JobSlot: Placement] = [:]
    /// Those that this node has started and not told of.
    var newPlacements: [Placement] = []
    var absences = StoreAbsences()
    var desk = ClaimDesk()
    var planClock = PlanClock()
    /// What may be claimed, first come first.
    var ready = BinaryHeap<ReadyItem>()
    /// What may be claimed as soon as there is a slot.
    var starved = BinaryHeap<ReadyItem>()
    /// What may be made up for as soon as it is not too much at once.
    var paced = BinaryHeap<ReadyItem>()
    var budget: CatchUpBudget
    var latency = ClaimLatency()
    /// How much later each next node tries: what is set, stretched to what is measured.
    var stagger: Duration
    /// Catch-up runs used up by jobs in the midst of a long `all(limit)`.
    var catchUps: [JobSlot: Int] = [:]

    var readWishes: [ReadWish] = []
    var readingCount = 0
    /// Where unread jobs are looked for next; `nil`: there are none.
    var unreadSlot: JobSlot?
    var readBackoff = Backoff()
    /// Where the audit after a change of members goes on; `nil`: it is through.
    var auditSlot: JobSlot?
    var auditAt: MonotonicInstant?

    /// The random part of turns, one per rank, for all jobs due at the same instant.
    var jitters: (base: Instant, delays: [Duration])?
    /// Jobs to refresh, collected during one call.
    var refreshing: [UID] = []

    /// - Parameters:
    ///   - me: This node; it takes part once it is among the members.
    ///   - settings: Must have no ``SchedulerSettings/faults()``.
    ///   - zones: Where time zones are found.
    ///   - seed: Must differ from every other start of any node: request ids come from it.
    package init(me: NodeName, settings: SchedulerSettings, zones: ZoneCatalog, seed: UInt64) {
        let faults = settings.faults()
        precondition(faults.isEmpty, "scheduler settings: \(faults.joined(separator: "; "))")
        self.settings = settings
        random = SeededGenerator(seed: seed)
        library = ScheduleLibrary(zones: zones)
        ranking = Ranking(me: me)
        budget = CatchUpBudget(rate: settings.catchUpRate)
        stagger = settings.stagger
    }

    /// Takes note of `event`, does what is due at `now`, and says what the shell is to do.
    ///
    /// At most one claim and at most one wake-up come out of one call.
    ///
    /// - Complexity: O(what is due · log jobs), bounded by the settings' limits per call.
    package mutating func handle(
        _ event: SchedulerEvent,
        at now: Moment
    ) -> [SchedulerAction] {
        begin(at: now)
        var actions: [SchedulerAction] = []
        switch event {
        case .put(let entries): for entry in entries { put(entry, at: now) }
        case .removed(let uids): for uid in uids { remove(uid) }
        case .load(let page): load(page, at: now)
        case .calendars(let entries): for entry in entries { put(entry, at: now) }
        case .loadCalendars(let entries): for entry in entries { load(entry, at: now) }
        case .calendarsRemoved(let names): for name in names { remove(name, at: now) }
        case .members(let candidates): update(candidates, at: now)
        case .trusted(let until): trust(until: until, at: now)
        case .slots(let free): desk.free = free
        case .triggers(let list): triggers.update(list, at: now.wall)
        case .cursors(let cursors): learn(cursors, at: now)
        case .cursorsUnavailable(let uids): readFailed(uids, at: now)
        case .claimed(let id, let outcomes): actions = conclude(id, outcomes, at: now)
        case .claimRefused(let id): refused(id, at: now)
        case .claimUnknown(let id): unknown(id, at: now)
        case .withdrawn(let id, let uids): withdraw(uids, from: id, at: now)
        case .settled(let notes):
            settlement.hear(notes, upTo: now.wall.advanced(by: settings.noteLead))
        case .passed(let notes, let node): hear(notes, by: node, at: now)
        case .ran(let placements): for placement in placements { place(placement) }
        case .deadlineReached: break
        }
        findDue(at: now)
        audit(at: now)
        feedStarved(at: now)
        feedPaced(at: now)
        tidyTurns()
        let claim = nextClaim(at: now)
        let reads = nextReads(at: now)
        if !refreshing.isEmpty { actions.append(.refresh(refreshing)) }
        refreshing = []
        actions += claim + reads + notes(at: now) + news()
        if let wake = nextWake(at: now) { actions.append(.wake(at: wake)) }
        return actions
    }

    /// The calendars it was told of.
    package var calendarNames: Set<ObjectKey> { calendars.names }

    /// How many bytes the index takes, what was reserved and what is vacant included.
    ///
    /// Records, the table of uids, queues and plans count, compiled schedules do not.
    package var footprint: Int { jobs.footprint + fires.footprint + plans.footprint }

    /// A few figures, for metrics and for people.
    package var status: SchedulerStatus {
        SchedulerStatus(
            jobs: jobs.count,
            schedules: library.count,
            due: ready.count + starved.count + paced.count,
            waitingForSlots: starved.count,
            catchingUp: paced.count,
            stagger: stagger,
            claims: desk.requests.count,
            reading: readingCount,
            unreadable: jobs.unreadable
        )
    }
}

/// What a scheduler is busy with.
package struct SchedulerStatus: Equatable, Sendable {
    package let jobs: Int
    /// Distinct compiled schedules.
    package let schedules: Int
    /// Jobs and triggers that could be claimed, those that wait for slots included.
    package let due: Int
    package let waitingForSlots: Int
    /// Jobs with missed runs that wait for on-time work.
    package let catchingUp: Int
    /// How much later each next node in the ranking tries, as measured.
    package let stagger: Duration
    /// Claims on their way.
    package let claims: Int
    /// Jobs whose cursor is being read.
    package let reading: Int
    /// Jobs that this node cannot schedule, with what is wrong with their schedule.
    package let unreadable: [UID: String]
}
