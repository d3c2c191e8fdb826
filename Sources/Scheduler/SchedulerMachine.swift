// What is due, whose turn it is, and what was missed: the decisions of one node, without a clock.

package import CronEval
internal import LockLease
package import Vocabulary

/// Decides which runs this node claims, and when.
///
/// For each job the machine believes in a cursor. The first instant behind it that has come is
/// looked at when it is this node's turn: rank 0 claims at once, rank k after k staggers, and only
/// if neither a settled note nor the store's own cursor says that somebody else was faster. What is
/// believed wrongly costs a refused claim, never a run: the store decides.
///
/// ```text
///            cursor known            turn has come             claim sent
///   unread ───────────────▶ waiting ───────────────▶ checking ───────────▶ claiming
///                              ▲                   (rank > 0)                 │
///                              └──────────── any answer ──────────────────────┘
/// ```
package struct SchedulerMachine: Sendable {
    enum Phase: Equatable {
        /// The cursor has been asked for.
        case unread
        case waiting
        /// Somebody else's turn has passed; the store is asked whether they used it.
        case checking
        case claiming(RequestID)
        /// Nothing is tried before a newer revision arrives, or this time comes.
        case heldBack(until: Instant)
    }

    struct Watched: Sendable {
        var entry: JobEntry
        var timeline: JobTimeline
        var cursor: Instant?
        var phase: Phase
        /// The store has confirmed the cursor since the instant became due.
        var isVerified = false
    }

    struct PendingTrigger: Sendable {
        let trigger: Trigger
        var phase = Phase.waiting
        var tryAt: Instant
    }

    /// A claim under way, kept whole: an unknown outcome is asked for with the same request.
    struct Request: Sendable {
        let items: [ClaimItem]
        let starts: Int
        var failures = 0
        var resendAt: Instant?
    }

    let me: NodeName
    let settings: SchedulerSettings
    let zones: ZoneCatalog
    var random: SeededGenerator

    var jobs: [UID: Watched] = [:]
    var queue = DueQueue()
    var triggers: [TriggerID: PendingTrigger] = [:]
    var requests: [RequestID: Request] = [:]
    var race = RaceOrder()
    var schedules = SchedulePool()
    var trustedUntil: MonotonicInstant?
    var freeSlots = 0
    var unread: [UID] = []
    var settledShards: [VirtualShard: Instant] = [:]
    var unaudited: Set<UID> = []
    var nextAudit: Instant?
    var unsettled: [VirtualShard: Instant] = [:]
    /// Jobs that are due and could not be decided yet.
    var delayed: Set<UID> = []
    var refusals = 0
    var pauseUntil: Instant?
    var outageSince: Instant?
    var outage: ClosedRange<Instant>?

    package init(me: NodeName, settings: SchedulerSettings, zones: ZoneCatalog, seed: UInt64) {
        self.me = me
        self.settings = settings
        self.zones = zones
        random = SeededGenerator(seed: seed)
    }

    /// Runs asked for and not answered yet.
    var reserved: Int { requests.values.reduce(0) { $0 + $1.starts } }
    var available: Int { max(0, freeSlots - reserved) }

    package mutating func handle(_ event: SchedulerEvent, at now: Moment) -> [SchedulerAction] {
        var actions: [SchedulerAction] = []
        switch event {
        case .put(let entries): put(entries)
        case .removed(let uids): remove(uids)
        case .members(let candidates): race.update(candidates)
        case .trusted(let until): trust(until, at: now)
        case .slots(let free): freeSlots = max(0, free)
        case .triggers(let present): replaceTriggers(present)
        case .cursors(let cursors): learn(cursors, at: now)
        case .cursorsUnavailable(let uids): retryReading(uids, at: now)
        case .claimed(let id, let outcomes): actions += answered(id, outcomes, at: now)
        case .claimRefused(let id): refused(id, at: now)
        case .claimUnknown(let id): unknown(id, at: now)
        case .settled(let notes): believe(notes)
        case .deadlineReached: break
        }
        actions += advance(at: now)
        return actions
    }

    // MARK: The list

    private mutating func put(_ entries: [JobEntry]) {
        for entry in entries {
            let known = jobs[entry.uid]
            if let known, known.entry.revision >= entry.revision { continue }
            let timeline = JobTimeline(entry.job) { text, zone in
                schedules.schedule(text, zone: zone, seed: entry.uid, in: zones)
            }
            var watched = Watched(
                entry: entry,
                timeline: timeline,
                cursor: known?.cursor,
                phase: known == nil ? .unread : .waiting
            )
            if case .claiming? = known?.phase { watched.phase = known?.phase ?? .waiting }
            jobs[entry.uid] = watched
            if watched.cursor == nil { unread.append(entry.uid) } else { schedule(entry.uid) }
        }
    }

    private mutating func remove(_ uids: [UID]) {
        for uid in uids {
            jobs[uid] = nil
            queue.remove(uid)
            unaudited.remove(uid)
            delayed.remove(uid)
        }
    }

    /// Looks at `uid` when its next instant's turn comes; never, if there is none.
    mutating func schedule(_ uid: UID) {
        guard let job = jobs[uid], let cursor = job.cursor else { return }
        if case .claiming = job.phase { return }
        guard let due = job.timeline.nextToRun(after: cursor) else { return queue.remove(uid) }
        let rank = race.rank(of: me, for: job.entry)
        queue.set(uid, at: due.advanced(by: delay(rank: rank ?? 0)))
    }

    /// How much later than the first a node of this rank tries.
    mutating func delay(rank: Int) -> Duration {
        guard rank > 0 else { return .zero }
        let chance = Double(random.next() >> 11) / Double(1 << 53)
        let spread = rank > 3 ? settings.stagger : settings.stagger / 4
        return settings.stagger * min(rank, 3) + spread * chance
    }

    // MARK: Trust and outages

    private mutating func trust(_ until: MonotonicInstant?, at now: Moment) {
        trustedUntil = until
        guard until == nil else {
            if let since = outageSince { outage = since...max(since, now.wall) }
            outageSince = nil
            return
        }
        if outageSince == nil { outageSince = now.wall }
        // A new session asks anew; what these claims did is read from the cursors.
        let pending = requests.keys.sorted { $0.text < $1.text }
        for id in pending { abandon(id) }
    }

    func isTrusted(at now: Moment) -> Bool {
        trustedUntil.map { now.monotonic < $0 } ?? false
    }

    // MARK: Cursors

    private mutating func learn(_ cursors: [UID: Instant], at now: Moment) {
        for uid in cursors.keys.sorted() {
            guard var job = jobs[uid], let cursor = cursors[uid] else { continue }
            if !unaudited.contains(uid) { job.cursor = max(cursor, job.cursor ?? cursor) }
            if case .checking = job.phase { job.isVerified = true }
            if unaudited.remove(uid) != nil { audit(&job, against: cursor) }
            switch job.phase {
            case .unread, .checking: job.phase = .waiting
            case .waiting, .claiming, .heldBack: break
            }
            jobs[uid] = job
            if job.isVerified, isDue(job, at: now) {
                queue.set(uid, at: now.wall)
            } else {
                jobs[uid]?.isVerified = false
                schedule(uid)
            }
        }
    }

    /// Takes back what a note made us believe if the store does not confirm it.
    private func audit(_ job: inout Watched, against cursor: Instant) {
        guard let believed = job.cursor, cursor < believed,
            let due = job.timeline.nextToRun(after: cursor), due <= believed
        else { return }
        job.cursor = cursor
        job.isVerified = true
    }

    private func isDue(_ job: Watched, at now: Moment) -> Bool {
        guard let cursor = job.cursor else { return false }
        return job.timeline.nextToRun(after: cursor).map { $0 <= now.wall } ?? false
    }

    private mutating func retryReading(_ uids: [UID], at now: Moment) {
        for uid in uids {
            guard let job = jobs[uid] else { continue }
            switch job.phase {
            case .unread: unread.append(uid)
            case .checking:
                jobs[uid]?.phase = .waiting
                queue.set(uid, at: now.wall.advanced(by: .seconds(1)))
            case .waiting, .claiming, .heldBack: break
            }
        }
        pauseUntil = now.wall.advanced(by: .milliseconds(200))
    }

    /// Remembers the word of whoever went first; it counts when our own turn comes.
    private mutating func believe(_ notes: [SettledNote]) {
        for note in notes {
            settledShards[note.shard] = max(note.through, settledShards[note.shard] ?? note.through)
        }
    }
}
