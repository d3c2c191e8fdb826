// Claims: which, when, how many; and what follows from their outcomes.

internal import LockLease
internal import Vocabulary

extension SchedulerMachine {
    // MARK: Making claims

    /// The next claim, if one may be made: one that is to be sent again, or a new one.
    mutating func nextClaim(at now: Moment) -> [SchedulerAction] {
        guard desk.isTrusted(at: now.monotonic), desk.backoff.isOver(at: now.monotonic) else {
            return []
        }
        if let request = desk.takeUnknown() { return [.claim(request.id, request.items)] }
        guard desk.requests.count < settings.requestLimit, !ready.isEmpty else { return [] }
        var batch = ClaimBatch(room: max(0, desk.available), sentAt: now)
        let limit = desk.isInBurst ? settings.batchLimit : settings.firstBatch
        while batch.items.count < limit, batch.examined < settings.instantsPerCall,
            let item = ready.popFirst()
        {
            switch item.subject {
            case .job(let slot, let key):
                guard jobs.holds(slot, key, in: .ready) else { continue }
                plan(slot, as: item, in: &batch, at: now)
            case .trigger(let id):
                plan(id, as: item, in: &batch, at: now)
            }
        }
        desk.isInBurst = !ready.isEmpty
        guard !batch.items.isEmpty else { return [] }
        let id = RequestID(Self.name(using: &random))
        desk.send(batch.request(named: id))
        return [.claim(id, batch.items)]
    }

    private mutating func plan(
        _ slot: JobSlot,
        as item: ReadyItem,
        in batch: inout ClaimBatch,
        at now: Moment
    ) {
        guard let index = jobs.plan(of: slot), !plans.isPaused(index, at: now.wall),
            rank(slot, due: item.instant) != nil
        else { return rest(slot, at: now) }
        let shared = plans[index]
        // Whatever is ready has just had its cursor read or moved.
        let cursor = jobs[slot].position
        let clock = planClock.time(at: now)
        let plan = VerdictPlan(
            from: cursor,
            at: clock,
            along: plans.timeline(of: index, for: jobs.seed(of: slot), library),
            under: VerdictRules(
                shared.misfires,
                lateAfter: settings.lateAfter,
                absences: absences.all(at: now.wall)
            ),
            within: PlanLimits(
                instants: settings.instantsPerItem,
                runs: batch.room,
                catchUps: budget.available(at: now.monotonic),
                runsBefore: catchUps[slot] ?? 0
            )
        )
        batch.examined += plan.examined
        guard plan.to > cursor else {
            switch plan.end {
            case .noSlot: starve(item, slot, shared.audience)
            case .paced: paced.insert(item)
            case .complete, .moreInstants: waitOn(slot, by: clock, at: now)
            }
            return
        }
        budget.spend(plan.runs.count { $0.cause == .catchUp })
        let runs = plan.runs.map { run in
            PlannedRun(
                instant: run.instant,
                run: RunID.make(at: now.wall, using: &random),
                cause: run.cause
            )
        }
        enter(slot, .claiming)
        batch.add(
            ClaimItem(
                job: jobs.uid(of: slot),
                revision: jobs.revision(of: slot),
                subject: .instants(from: cursor, to: plan.to, runs: runs, skips: plan.skips),
                calendars: shared.calendars
            ),
            about: .job(
                slot,
                jobs[record: slot].key,
                to: plan.to,
                catchUpRuns: plan.end == .complete ? nil : plan.catchUpRuns
            ),
            runs: runs.count
        )
    }

    /// Lets a job wait for what comes next, also if it is due by this node's clock alone.
    private mutating func waitOn(_ slot: JobSlot, by clock: Instant, at now: Moment) {
        guard clock < now.wall, let due = attention(slot, after: jobs[slot].position),
            clock < due, due <= now.wall
        else { return rest(slot, at: now) }
        hold(slot, as: .held, for: delay(from: clock, to: due), at: now)
    }

    /// Lets it wait for a slot, and those who come next know.
    private mutating func starve(
        _ item: ReadyItem,
        _ slot: JobSlot,
        _ audience: Ranking.Audience
    ) {
        starved.insert(item)
        if ranking.count(audience) > 1 {
            passes.pass(jobs[record: slot].shard, through: item.instant)
        }
    }

    private mutating func plan(
        _ id: TriggerID,
        as item: ReadyItem,
        in batch: inout ClaimBatch,
        at now: Moment
    ) {
        guard let entry = triggers.entries[id], case .ready = entry.step else { return }
        guard let slot = jobs.slot(of: entry.trigger.key.job) else {
            return triggers.wait(id, .waiting, until: now.wall)
        }
        guard batch.room > 0 else { return starved.insert(item) }
        triggers.enter(id, .claiming)
        batch.add(
            ClaimItem(
                job: entry.trigger.key.job,
                revision: jobs.revision(of: slot),
                subject: .trigger(id, run: RunID.make(at: now.wall, using: &random))
            ),
            about: .trigger(id),
            runs: 1
        )
    }

    /// Gives what waited for slots another try once there are some.
    mutating func feedStarved(at now: Moment) {
        guard !starved.isEmpty, ready.isEmpty else { return }
        var room = desk.available
        while room > 0, let item = starved.popFirst() {
            room -= 1
            switch item.subject {
            case .trigger: ready.insert(item)
            case .job(let slot, let key):
                guard jobs.holds(slot, key, in: .ready) else { continue }
                let isPassed = passes.hasPassed(jobs[record: slot].shard, at: item.instant)
                goOn(slot, as: item, orLook: isPassed, at: now)
            }
        }
    }

    /// Makes up for missed runs as far as the budget goes.
    mutating func feedPaced(at now: Moment) {
        guard !paced.isEmpty, ready.isEmpty else { return }
        let permits = budget.available(at: now.monotonic)
        guard permits >= budget.handful else { return }
        for _ in 0..<permits {
            guard let item = paced.popFirst() else { return }
            guard case .job(let slot, let key) = item.subject,
                jobs.holds(slot, key, in: .ready)
            else { continue }
            goOn(slot, as: item, orLook: false, at: now)
        }
    }

    /// Tries again what had to wait, unless others have had their turn meanwhile: then looks first.
    private mutating func goOn(
        _ slot: JobSlot,
        as item: ReadyItem,
        orLook mustLook: Bool,
        at now: Moment
    ) {
        let audience = jobs.plan(of: slot).map { plans.audience(of: $0) }
        let others = audience.map { ranking.count($0) } ?? 0
        let isOld = item.instant.duration(to: now.wall) > stagger
        if others > 1, mustLook || isOld { doubt(slot) } else { ready.insert(item) }
    }

    private static func name(using random: inout SeededGenerator) -> String {
        Digest(high: random.next(), low: random.next()).description
    }

    // MARK: Trust

    mutating func trust(until: MonotonicInstant?, at now: Moment) {
        let wasTrusted = desk.isTrusted(at: now.monotonic)
        desk.trustedUntil = until
        guard let until else {
            absences.begin(.untrusted, at: now.wall)
            // The next session makes requests of its own; cursors will tell what became of these.
            for request in desk.dropAll() { giveUp(request, at: now) }
            return
        }
        guard until > now.monotonic else { return }
        absences.end(.untrusted, at: now.wall)
        guard !wasTrusted else { return }
        for item in ready.removeAll() + starved.removeAll() + paced.removeAll() {
            switch item.subject {
            case .trigger: ready.insert(item)
            case .job(let slot, let key):
                if jobs.holds(slot, key, in: .ready) { doubt(slot) }
            }
        }
    }

    // MARK: Outcomes

    mutating func conclude(
        _ id: RequestID,
        _ outcomes: [ClaimOutcome],
        at now: Moment
    ) -> [SchedulerAction] {
        guard let request = desk.finish(id) else { return [] }
        desk.backoff.succeed()
        if !request.mayBeTaken {
            latency.add(request.sentAt.monotonic.duration(to: now.monotonic))
            measureStagger()
        }
        absences.end(.refused, at: now.wall)
        var actions: [SchedulerAction] = []
        for (index, subject) in request.subjects.enumerated() {
            let outcome = index < outcomes.count ? outcomes[index] : nil
            if case .won(let grants) = outcome {
                desk.free -= grants.count
                for grant in grants {
                    noteStart(grant)
                    actions.append(.start(grant))
                }
            }
            switch subject {
            case .trigger(let id): conclude(id, outcome, of: request.items[index], at: now)
            case .job(let slot, let key, let to, let catchUpRuns):
                guard jobs.holds(slot, key, in: .claiming) else { continue }
                catchUps[slot] = nil
                guard let outcome else {
                    doubt(slot)
                    continue
                }
                if case .won = outcome { catchUps[slot] = catchUpRuns }
                conclude(slot, outcome, to: to, of: request.items[index], at: now)
            }
        }
        return actions
    }

    private mutating func conclude(
        _ slot: JobSlot,
        _ outcome: ClaimOutcome,
        to: Instant,
        of item: ClaimItem,
        at now: Moment
    ) {
        switch outcome {
        case .won:
            move(slot, to: to)
            proceed(slot, at: now)
        case .taken(let cursor):
            move(slot, to: cursor)
            rest(slot, at: now)
        case .stale, .disabled, .gone:
            // An edit that came while the claim was away: try again under it.
            let calendars = jobs.plan(of: slot).map { plans[$0].calendars }
            guard jobs.revision(of: slot) == item.revision, calendars == item.calendars else {
                jobs[slot].knowsCursor = false
                return rest(slot, at: now)
            }
            if case .disabled = outcome {
                return hold(slot, as: .aside, for: settings.holdBack, at: now)
            }
            refreshing.append(item.job)
            if case .gone = outcome {
                return hold(slot, as: .aside, for: settings.holdBack, at: now)
            }
            hold(slot, as: .held, for: settings.holdBack, at: now)
        case .early(let clock):
            planClock.storeIs(at: clock, now.monotonic)
            // What comes first may be due there although what comes last is not.
            let due = attention(slot, after: jobs[slot].position) ?? to
            hold(slot, as: .held, for: delay(from: clock, to: due), at: now)
        }
    }

    private mutating func conclude(
        _ id: TriggerID,
        _ outcome: ClaimOutcome?,
        of item: ClaimItem,
        at now: Moment
    ) {
        let rest: Duration
        switch outcome {
        case .won, .taken, .disabled:
            // It is somebody's, or has to wait for room or for its job to be resumed: the store
            // tells when there is news of that, and asking again would go on for ever.
            let retry = now.wall.advanced(by: stagger * 4)
            return triggers.conclude(id, retryAt: retry)
        case nil:
            rest = stagger * 4
        case .stale, .gone:
            refreshing.append(item.job)
            rest = settings.holdBack
        case .early(let clock):
            let time = triggers.entries[id]?.trigger.notBefore ?? clock
            rest = delay(from: clock, to: time)
        }
        triggers.wait(id, .waiting, until: now.wall.advanced(by: rest))
    }

    /// The store has decided everything up to `cursor`.
    private mutating func move(_ slot: JobSlot, to cursor: Instant) {
        jobs[slot].stand(at: cursor)
        settlement.decide(jobs[record: slot].shard, through: cursor)
    }

    /// How long until the store's clock has passed `time`, within sensible bounds.
    private func delay(from clock: Instant, to time: Instant) -> Duration {
        min(max(clock.duration(to: time), .milliseconds(20)), settings.holdBack)
    }

    // MARK: Failures

    mutating func refused(_ id: RequestID, at now: Moment) {
        // Only this sending was refused: if an earlier one was taken, its runs are ours to start.
        guard !desk.mayBeTaken(id) else { return unknown(id, at: now) }
        guard let request = desk.finish(id) else { return }
        // What was on time when it was sent was due while the store was away.
        let since = request.sentAt.wall.advanced(by: .zero - settings.lateAfter)
        absences.begin(.refused, at: since)
        desk.backoff.fail(at: now.monotonic, settings, &random)
        giveUp(request, at: now)
    }

    mutating func unknown(_ id: RequestID, at now: Moment) {
        guard desk.markUnknown(id) else { return }
        desk.backoff.fail(at: now.monotonic, settings, &random)
    }

    /// Leaves out of a request what the shell cannot read; each is tried again after a while.
    mutating func withdraw(_ uids: [UID], from id: RequestID, at now: Moment) {
        for (subject, item) in desk.withdraw(Set(uids), from: id) {
            refreshing.append(item.job)
            switch subject {
            case .trigger(let id):
                triggers.wait(id, .waiting, until: now.wall.advanced(by: settings.holdBack))
            case .job(let slot, let key, _, _):
                guard jobs.holds(slot, key, in: .claiming) else { continue }
                hold(slot, as: .held, for: settings.holdBack, at: now)
            }
        }
    }

    /// What was asked for is looked at afresh.
    private mutating func giveUp(_ request: ClaimRequest, at now: Moment) {
        for subject in request.subjects {
            switch subject {
            case .trigger(let id): triggers.wait(id, .waiting, until: now.wall)
            case .job(let slot, let key, _, _):
                if jobs.holds(slot, key, in: .claiming) { doubt(slot) }
            }
        }
    }
}

/// A claim in the making.
private struct ClaimBatch {
    /// How many more runs may be planned.
    private(set) var room: Int
    let sentAt: Moment
    /// Instants looked at so far.
    var examined = 0
    private(set) var items: [ClaimItem] = []
    private var subjects: [ClaimRequest.Subject] = []
    private var runs = 0

    init(room: Int, sentAt: Moment) {
        self.room = room
        self.sentAt = sentAt
    }

    mutating func add(_ item: ClaimItem, about subject: ClaimRequest.Subject, runs: Int) {
        items.append(item)
        subjects.append(subject)
        room -= runs
        self.runs += runs
    }

    func request(named id: RequestID) -> ClaimRequest {
        ClaimRequest(id: id, items: items, subjects: subjects, runs: runs, sentAt: sentAt)
    }
}
