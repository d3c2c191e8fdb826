// Jobs come, change and go; and where each stands until it is due.

internal import LockLease
internal import Vocabulary

extension SchedulerMachine {
    // MARK: The list

    mutating func put(_ entry: JobEntry, at now: Moment) {
        let outline = JobOutline(of: entry.job, in: entry.name.tenant)
        if let slot = jobs.slot(of: entry.uid) {
            jobs[record: slot].mark = loading.mark
            guard entry.revision > jobs.revision(of: slot) else { return }
            guard let plan = plans.take(outline, &library, &ranking, &calendars) else {
                remove(slot)
                return refuse(entry.uid)
            }
            return redefine(slot, plan, entry.revision, at: now)
        }
        guard let plan = plans.take(outline, &library, &ranking, &calendars),
            let slot = jobs.insert(entry.uid)
        else { return refuse(entry.uid) }
        begin(slot, plan, entry.revision, createdAt: entry.createdAt, at: now)
    }

    /// Sets a new job going, which has taken its share of `plan`.
    mutating func begin(
        _ slot: JobSlot,
        _ plan: JobPlan.Index,
        _ revision: Revision,
        createdAt: Instant,
        at now: Moment
    ) {
        jobs.setPlan(of: slot, to: plan)
        jobs.setRevision(of: slot, to: revision)
        jobs[record: slot].mark = loading.mark
        noteFault(of: slot)
        // Nobody has claimed anything of a job before it was there.
        if let startedAt, createdAt > startedAt {
            jobs[slot].stand(at: createdAt)
            rest(slot, at: now)
        } else {
            awaitReading(slot, at: now)
        }
    }

    /// There is a limit to everything; who gets there should hear of it.
    mutating func refuse(_ uid: UID) {
        jobs.unreadable[uid] = "this node's index is full at \(jobs.count) jobs"
    }

    /// Gives the job another plan, of which a share was taken.
    mutating func redefine(
        _ slot: JobSlot,
        _ plan: JobPlan.Index,
        _ revision: Revision,
        at now: Moment
    ) {
        let old = jobs.plan(of: slot)
        jobs.setPlan(of: slot, to: plan)
        jobs.setRevision(of: slot, to: revision)
        if let old { plans.release(old, &library, &ranking, &calendars) }
        noteFault(of: slot)
        redefined(slot, at: now)
    }

    private mutating func noteFault(of slot: JobSlot) {
        let fault = jobs.plan(of: slot).flatMap { plans.fault(of: $0) }
        if fault != nil || !jobs.unreadable.isEmpty {
            jobs.unreadable[jobs.uid(of: slot)] = fault
        }
    }

    mutating func remove(_ uid: UID) {
        guard let slot = jobs.slot(of: uid) else { return }
        remove(slot)
    }

    mutating func remove(_ slot: JobSlot) {
        enter(slot, .dormant)
        fires.remove(slot, &jobs)
        catchUps[slot] = nil
        placements[slot] = nil
        if let plan = jobs.plan(of: slot) { plans.release(plan, &library, &ranking, &calendars) }
        jobs.remove(slot)
    }

    // MARK: Calendars

    mutating func put(_ entry: CalendarEntry, at now: Moment) {
        guard calendars.put(entry) else { return }
        recompile(calendars.plans(using: entry.name), at: now)
    }

    mutating func load(_ entry: CalendarEntry, at now: Moment) {
        guard calendars.load(entry) else { return }
        recompile(calendars.plans(using: entry.name), at: now)
    }

    mutating func remove(_ name: ObjectKey, at now: Moment) {
        guard calendars.remove(name) else { return }
        recompile(calendars.plans(using: name), at: now)
    }

    /// Reads the schedules of `changed` anew; what their jobs were waiting for may have moved.
    ///
    /// - Complexity: O(jobs): nobody keeps a list of a plan's jobs, and calendars change rarely.
    private mutating func recompile(_ changed: [JobPlan.Index], at now: Moment) {
        guard !changed.isEmpty else { return }
        for plan in changed { plans.recompile(plan, &library, calendars) }
        let changed = Set(changed)
        for slot in 0..<jobs.end {
            guard let plan = jobs.plan(of: slot), changed.contains(plan) else { continue }
            noteFault(of: slot)
            redefined(slot, at: now)
        }
    }

    private mutating func redefined(_ slot: JobSlot, at now: Moment) {
        switch jobs[record: slot].phase {
        case .resting, .dormant, .turn:
            rest(slot, at: now)
        case .unread:
            awaitReading(slot, at: now)
        case .held, .aside:
            // Others may have gone on while this one was held back.
            jobs[slot].knowsCursor = false
            rest(slot, at: now)
        case .wantsRead, .reading, .ready, .claiming:
            // The new definition counts when the answer is there, or when the claim is made.
            break
        }
    }

    mutating func update(_ members: [Candidate], at now: Moment) {
        let isOther = ranking.update(members)
        measureStagger()
        guard isOther else { return }
        recallPatient(at: now)
        auditSlot = 0
        auditAt = now.monotonic.advanced(by: stagger * 4)
    }

    // MARK: Where a job stands

    /// The only place that changes a job's phase: others count by it.
    mutating func enter(_ slot: JobSlot, _ phase: JobState.Phase) {
        let record = jobs[record: slot]
        let old = record.phase
        jobs[record: slot].phase = phase
        let change = (phase.isUndecided ? 1 : 0) - (old.isUndecided ? 1 : 0)
        if change != 0 { settlement.count(record.shard, undecided: Int32(change)) }
        readingCount += (phase == .reading ? 1 : 0) - (old == .reading ? 1 : 0)
        turnCount += (phase == .turn ? 1 : 0) - (old == .turn ? 1 : 0)
    }

    /// Lets a job wait for what comes next after its position, be it past or future.
    mutating func rest(_ slot: JobSlot, at now: Moment) {
        guard prepareToWait(slot, at: now) else { return }
        guard jobs[slot].knowsCursor, !isBeyond(slot, at: now) else { return wishToRead(slot) }
        enter(slot, .resting)
        fileNext(slot)
    }

    /// Whether the job was left to others for longer than this node's clock has got, which was
    /// ahead then: others may not be there when something is due.
    func isBeyond(_ slot: JobSlot, at now: Moment) -> Bool {
        let job = jobs[slot]
        return job.isAhead && job.position > now.wall.advanced(by: settings.noteLead)
    }

    /// Lets a job that was there before this node wait until its cursor is read: in its turn, or
    /// as soon as something is due.
    mutating func awaitReading(_ slot: JobSlot, at now: Moment) {
        guard prepareToWait(slot, at: now) else { return }
        jobs[slot].position = now.wall
        enter(slot, .unread)
        fileNext(slot)
        unreadSlot = min(unreadSlot ?? slot, slot)
    }

    /// Takes a job out of the queue; answers whether there is anything that it could wait for.
    private mutating func prepareToWait(_ slot: JobSlot, at now: Moment) -> Bool {
        guard let plan = jobs.plan(of: slot) else { return false }
        jobs[record: slot].hasTurn = false
        fires.remove(slot, &jobs)
        guard plans.hasTimes(plan) else {
            enter(slot, .dormant)
            return false
        }
        guard !plans.isPaused(plan, at: now.wall) else {
            enter(slot, .dormant)
            if let until = plans.pause(of: plan)?.until {
                fires.alarm(slot, at: until.advanced(by: .milliseconds(1)), &jobs)
            }
            return false
        }
        return true
    }

    private mutating func fileNext(_ slot: JobSlot) {
        guard let due = attention(slot, after: jobs[slot].position) else { return }
        fires.file(slot, at: due, &jobs)
    }

    /// Goes on at once if something is still due, else rests: this node's turn has come before.
    mutating func proceed(_ slot: JobSlot, at now: Moment) {
        guard let plan = jobs.plan(of: slot), !plans.isPaused(plan, at: now.wall),
            let due = attention(slot, after: jobs[slot].position), due <= now.wall,
            rank(slot, due: due) != nil
        else { return rest(slot, at: now) }
        makeReady(slot, due: due, at: now)
    }

    /// Keeps a job back until `duration` has passed or a newer revision comes.
    mutating func hold(
        _ slot: JobSlot,
        as phase: JobState.Phase,
        for duration: Duration,
        at now: Moment
    ) {
        enter(slot, phase)
        fires.alarm(slot, at: now.wall.advanced(by: duration), &jobs)
    }

    mutating func makeReady(_ slot: JobSlot, due: Instant, at now: Moment) {
        enter(slot, .ready)
        let key = jobs[record: slot].key
        ready.insert(
            ReadyItem(
                isLate: due.duration(to: now.wall) > settings.lateAfter,
                instant: due,
                job: ReadyItem.Order(key, in: jobs.uids),
                subject: .job(slot, key)
            )
        )
    }

    // MARK: Questions

    mutating func attention(_ slot: JobSlot, after instant: Instant) -> Instant? {
        guard let plan = jobs.plan(of: slot) else { return nil }
        return plans.attention(
            of: plan,
            for: jobs.seed(of: slot),
            after: instant,
            &library
        )
    }

    /// Who may run the job.
    private func audience(of slot: JobSlot) -> Ranking.Audience? {
        jobs.plan(of: slot).map { plans.audience(of: $0) }
    }

    /// This node's place for what is due; `nil` if it takes no part.
    mutating func rank(_ slot: JobSlot, due: Instant) -> Int? {
        guard let audience = audience(of: slot) else { return nil }
        return rank(slot, audience, question(slot, audience, due: due))
    }

    /// This node's place for a trigger of the job.
    mutating func rank(_ slot: JobSlot, trigger: TriggerID) -> Int? {
        guard let audience = audience(of: slot) else { return nil }
        var question = RouteQuestion(route: ranking.route(of: audience))
        question.last = placements[slot]?.node
        question.ordinal = trigger.rawValue
        return rank(slot, audience, question)
    }

    private mutating func rank(
        _ slot: JobSlot,
        _ audience: Ranking.Audience,
        _ question: RouteQuestion
    ) -> Int? {
        let rank = ranking.rank(audience, jobs[record: slot].shard, question)
        // Others may know where it last ran: they go first.
        guard question.route == .sticky, question.last == nil, ranking.count(audience) > 1 else {
            return rank
        }
        return rank.map { $0 + 1 }
    }

    /// What the order of the nodes depends on, for an instant of the job.
    func question(
        _ slot: JobSlot,
        _ audience: Ranking.Audience,
        due: Instant
    ) -> RouteQuestion {
        var question = RouteQuestion(route: ranking.route(of: audience))
        switch question.route {
        case .spread, .leastLoaded, .node: break
        case .sticky: question.last = placements[slot]?.node
        case .roundRobin: question.ordinal = ordinal(slot, of: due)
        }
        return question
    }

    private func ordinal(_ slot: JobSlot, of due: Instant) -> Int64 {
        guard let plan = jobs.plan(of: slot) else { return 0 }
        return plans.timeline(of: plan, for: jobs.seed(of: slot), library).ordinal(of: due)
    }

    // MARK: Where jobs ran

    mutating func place(_ placement: Placement) {
        guard let slot = jobs.slot(of: placement.job),
            let audience = audience(of: slot),
            ranking.route(of: audience) == .sticky
        else { return }
        if let known = placements[slot], known.fence >= placement.fence { return }
        placements[slot] = placement
    }

    /// Remembers what this node starts, if the job's route asks for that, and tells the others.
    mutating func noteStart(_ grant: Grant) {
        let placement = Placement(job: grant.key.job, node: ranking.me, fence: grant.fence)
        place(placement)
        if jobs.slot(of: placement.job).flatMap({ placements[$0] }) == placement {
            newPlacements.append(placement)
        }
    }

    /// Stretches the stagger to what claims take and to what clocks differ by.
    mutating func measureStagger() {
        let measured = max((latency.p99 ?? .zero) * 4, ranking.clockSpread * 2)
        stagger = min(max(settings.stagger, measured), settings.staggerLimit)
    }

    /// Up to when notes have settled the job; they speak for jobs that any node may run.
    mutating func settledThrough(_ slot: JobSlot) -> Instant {
        guard let audience = audience(of: slot), ranking.isForAll(audience) else {
            return .startOfTime
        }
        return settlement.heard(of: jobs[record: slot].shard)
    }
}
