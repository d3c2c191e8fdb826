// Jobs come, change and go; and where each stands until it is due.

internal import LockLease
internal import Vocabulary

extension SchedulerMachine {
    // MARK: The list

    mutating func put(_ entry: JobEntry, at now: Moment) {
        if let slot = jobs.slot(of: entry.uid) {
            guard let known = jobs.definitions[slot]?.entry.revision, entry.revision > known else {
                return
            }
            define(slot, as: entry)
            redefined(slot, at: now)
            return
        }
        let slot = jobs.insert(entry.uid)
        define(slot, as: entry)
        // Nobody has claimed anything of a job before it was there.
        if let startedAt, entry.createdAt > startedAt {
            jobs.hot[slot].cursor = entry.createdAt
            jobs.hot[slot].position = entry.createdAt
            jobs.hot[slot].knowsCursor = true
        }
        rest(slot, at: now)
    }

    private mutating func define(_ slot: JobSlot, as entry: JobEntry) {
        calendars.note(slot, uses: entry.job.spec.rules.calendar, in: entry.name.tenant)
        jobs.define(slot, as: entry, &library, &ranking, calendars)
    }

    // MARK: Calendars

    mutating func put(_ entry: CalendarEntry, at now: Moment) {
        guard calendars.put(entry) else { return }
        recompile(calendars.jobs(using: entry.name), at: now)
    }

    mutating func remove(_ name: ObjectKey, at now: Moment) {
        guard calendars.remove(name) else { return }
        recompile(calendars.jobs(using: name), at: now)
    }

    /// Reads the schedules of `slots` anew; what they were waiting for may have moved.
    private mutating func recompile(_ slots: [JobSlot], at now: Moment) {
        for slot in slots {
            guard let entry = jobs.definitions[slot]?.entry else { continue }
            jobs.define(slot, as: entry, &library, &ranking, calendars)
            redefined(slot, at: now)
        }
    }

    private mutating func redefined(_ slot: JobSlot, at now: Moment) {
        switch jobs.hot[slot].phase {
        case .resting, .dormant, .turn:
            rest(slot, at: now)
        case .held, .aside:
            // Others may have gone on while this one was held back.
            jobs.hot[slot].knowsCursor = false
            rest(slot, at: now)
        case .wantsRead, .reading, .ready, .claiming:
            // The new definition counts when the answer is there, or when the claim is made.
            break
        }
    }

    mutating func remove(_ uid: UID) {
        guard let slot = jobs.slot(of: uid) else { return }
        enter(slot, .dormant)
        fires.remove(slot)
        catchUps[slot] = nil
        placements[slot] = nil
        calendars.note(slot, uses: nil, in: "")
        jobs.remove(slot, &library, &ranking)
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
    mutating func enter(_ slot: JobSlot, _ phase: HotJob.Phase) {
        let old = jobs.hot[slot].phase
        jobs.hot[slot].phase = phase
        let change = (phase.isUndecided ? 1 : 0) - (old.isUndecided ? 1 : 0)
        settlement.count(jobs.hot[slot].shard, undecided: Int32(change))
        readingCount += (phase == .reading ? 1 : 0) - (old == .reading ? 1 : 0)
        turnCount += (phase == .turn ? 1 : 0) - (old == .turn ? 1 : 0)
    }

    /// Lets a job wait for what comes next after its position, be it past or future.
    mutating func rest(_ slot: JobSlot, at now: Moment) {
        guard let definition = jobs.definitions[slot] else { return }
        jobs.hot[slot].hasTurn = false
        fires.remove(slot)
        guard definition.hasTimes else { return enter(slot, .dormant) }
        guard !definition.entry.job.isPaused(at: now.wall) else {
            enter(slot, .dormant)
            if let until = definition.entry.job.pause?.until {
                fires.set(slot, at: until.advanced(by: .milliseconds(1)))
            }
            return
        }
        guard jobs.hot[slot].knowsCursor else { return wishToRead(slot) }
        jobs.hot[slot].position = max(jobs.hot[slot].position, jobs.hot[slot].cursor)
        enter(slot, .resting)
        if let due = attention(slot, after: jobs.hot[slot].position) { fires.set(slot, at: due) }
    }

    /// Goes on at once if something is still due, else rests: this node's turn has come before.
    mutating func proceed(_ slot: JobSlot, at now: Moment) {
        guard let definition = jobs.definitions[slot],
            !definition.entry.job.isPaused(at: now.wall),
            let due = attention(slot, after: jobs.hot[slot].cursor), due <= now.wall,
            rank(slot, due: due) != nil
        else { return rest(slot, at: now) }
        makeReady(slot, due: due, at: now)
    }

    /// Keeps a job back until `duration` has passed or a newer revision comes.
    mutating func hold(
        _ slot: JobSlot,
        as phase: HotJob.Phase,
        for duration: Duration,
        at now: Moment
    ) {
        enter(slot, phase)
        fires.set(slot, at: now.wall.advanced(by: duration))
    }

    mutating func makeReady(_ slot: JobSlot, due: Instant, at now: Moment) {
        guard let definition = jobs.definitions[slot] else { return }
        enter(slot, .ready)
        ready.insert(
            ReadyItem(
                isLate: due.duration(to: now.wall) > settings.lateAfter,
                instant: due,
                name: definition.entry.name,
                subject: .job(slot, generation: jobs.hot[slot].generation)
            )
        )
    }

    // MARK: Questions

    func attention(_ slot: JobSlot, after instant: Instant) -> Instant? {
        jobs.definitions[slot]?.timeline(in: library).attention(after: instant)
    }

    /// This node's place for what is due; `nil` if it takes no part.
    mutating func rank(_ slot: JobSlot, due: Instant) -> Int? {
        guard let audience = jobs.definitions[slot]?.audience else { return nil }
        return rank(slot, audience, question(slot, audience, due: due))
    }

    /// This node's place for a trigger of the job.
    mutating func rank(_ slot: JobSlot, trigger: TriggerID) -> Int? {
        guard let audience = jobs.definitions[slot]?.audience else { return nil }
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
        let rank = ranking.rank(audience, jobs.hot[slot].shard, question)
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
        guard let definition = jobs.definitions[slot] else { return 0 }
        return definition.timeline(in: library).ordinal(of: due)
    }

    // MARK: Where jobs ran

    mutating func place(_ placement: Placement) {
        guard let slot = jobs.slot(of: placement.job),
            let audience = jobs.definitions[slot]?.audience,
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
        guard let audience = jobs.definitions[slot]?.audience, ranking.isForAll(audience) else {
            return .startOfTime
        }
        return settlement.heard(of: jobs.hot[slot].shard)
    }
}
