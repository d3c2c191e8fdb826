// The model's claims, triggers and kills.

internal import Vocabulary

extension StoreModel {
    mutating func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem],
        at now: Instant
    ) throws(StoreError) -> [ClaimOutcome] {
        for item in items { item.checkPlan() }
        guard let view = sessions[session]?.view, view.isLive else { throw .sessionLost }
        if case .claim(let kept) = requests[id] { return kept }
        let claim = Claim(session: session, node: view.node.name, now: now, tolerance: tolerance)
        let triggersBefore = counters.triggers
        var hasKilled = false
        let outcomes = items.map { decide($0, for: claim, &hasKilled) }
        guard outcomes.contains(where: \.isWon) else { return outcomes }
        raiseBeat(of: session)
        remember(id, .claim(outcomes), at: now)
        count(triggers: triggersBefore != counters.triggers, kills: hasKilled)
        return outcomes
    }

    private mutating func decide(
        _ item: ClaimItem,
        for claim: Claim,
        _ hasKilled: inout Bool
    ) -> ClaimOutcome {
        guard let job = jobs[item.job]?.cursor, !job.isDeleted else { return .gone }
        guard job.revision == item.revision else { return .stale(current: job.revision) }
        switch item.subject {
        case .instants(let from, let to, let runs, let skips):
            if let newer = staleCalendar(of: item, tenant: job.name.tenant) {
                return .stale(current: newer)
            }
            guard job.at == from else { return .taken(cursor: job.at) }
            guard job.gate.isEnabled || runs.isEmpty else { return .disabled }
            guard !claim.isEarly(to) else { return .early(clock: claim.now) }
            for skip in skips { put(skip, of: job.uid, at: claim.now) }
            let isQueued = pending.values.contains {
                $0.trigger.key.job == job.uid && $0.trigger.cause == .queued
            }
            let plan = OverlapPlan(runs, job: job, isQueued: isQueued)
            if plan.supersedesWaiting { supersedeWaiting(job.uid, at: claim.now) }
            if plan.killsOpen {
                let killed = killOpenRuns(of: job.uid, author: KillOrder.replacer, at: claim.now)
                hasKilled = killed || hasKilled
            }
            jobs[job.uid]?.cursor.at = to
            return .won(settle(Array(zip(runs, plan.verdicts)), of: job, for: claim))
        case .trigger(let id, let run):
            guard let waiting = pending[id], waiting.trigger.key.job == item.job else {
                return .taken(cursor: job.at)
            }
            guard job.admits(waiting.trigger.cause) else { return .disabled }
            guard !claim.isEarly(waiting.trigger.notBefore) else {
                return .early(clock: claim.now)
            }
            guard job.hasRoom else { return .taken(cursor: job.at) }
            pending[id] = nil
            let (key, cause) = (waiting.trigger.key, waiting.trigger.cause)
            return .won([open(run, key, cause, waiting.lineage, of: job.uid, for: claim)])
        }
    }

    /// The revision of a calendar that `item` knows another state of.
    private func staleCalendar(of item: ClaimItem, tenant: String) -> Revision? {
        for mark in item.calendars {
            let record = objects[ObjectKey(tenant: tenant, kind: .calendar, name: mark.name)]
            guard let record, !record.isDeleted, record.digest == mark.digest else {
                return record?.revision ?? .zero
            }
        }
        return nil
    }

    private mutating func settle(
        _ verdicts: [(PlannedRun, OverlapPlan.Verdict)],
        of job: JobCursor,
        for claim: Claim
    ) -> [Grant] {
        var grants: [Grant] = []
        for (planned, verdict) in verdicts {
            let key = RunKey(job: job.uid, instant: planned.instant)
            switch verdict {
            case .start:
                grants.append(
                    open(planned.run, key, planned.cause, Lineage(), of: job.uid, for: claim)
                )
            case .wait(let cause):
                _ = add(key, of: job.name, cause, Lineage(), notBefore: claim.now)
            case .skip(let reason):
                put(.single(planned.instant, because: reason), of: job.uid, at: claim.now)
            }
        }
        return grants
    }

    private mutating func open(
        _ id: RunID,
        _ key: RunKey,
        _ cause: Cause,
        _ lineage: Lineage,
        of uid: UID,
        for claim: Claim
    ) -> Grant {
        guard var job = jobs[uid]?.cursor else { preconditionFailure("job \(uid) is gone") }
        let fence = job.takeFence()
        jobs[uid]?.cursor = job
        let record = RunRecord(
            id: id,
            key: key,
            name: job.name,
            cause: cause,
            fence: fence,
            revision: job.revision,
            node: claim.node,
            session: claim.session,
            state: .open,
            claimedAt: claim.now
        )
        runs[id] = StoredRun(record: record, lineage: lineage)
        openRuns.insert(id)
        return Grant(run: id, key: key, cause: cause, fence: fence, digest: job.digest)
    }

    mutating func put(_ skip: SkipRange, of job: UID, at now: Instant) {
        jobs[job]?.skips[skip.through] = StoredSkip(range: skip, at: now)
    }

    private mutating func supersedeWaiting(_ job: UID, at now: Instant) {
        for waiting in pending.values.map(\.trigger)
        where waiting.key.job == job && waiting.cause == .replacement {
            put(.single(waiting.key.instant, because: .superseded), of: job, at: now)
            pending[waiting.id] = nil
        }
    }

    /// Answers whether any run was given the order.
    private mutating func killOpenRuns(of job: UID, author: String, at now: Instant) -> Bool {
        let running = open { $0.key.job == job && $0.kill == nil }
        for run in running {
            runs[run.record.id]?.record.kill = KillOrder(
                run: run.record.id,
                author: author,
                grace: nil,
                requestedAt: now
            )
        }
        return !running.isEmpty
    }

    // MARK: Triggers and kills

    mutating func trigger(
        _ name: ObjectKey,
        id: RequestID,
        author: String,
        at now: Instant
    ) throws(StoreError) -> Trigger {
        if case .trigger(let kept) = requests[id] { return kept }
        guard let record = objects[name], !record.isDeleted, name.kind == .job,
            let job = jobs[record.uid]?.cursor
        else { throw .noSuchJob(name) }
        var hasKilled = false
        if job.open > 0 {
            switch job.gate.overlap {
            case .forbid:
                let running = open { $0.key.job == job.uid }
                if let run = running.first { throw .jobBusy(run.record.id) }
            case .replace: hasKilled = killOpenRuns(of: job.uid, author: author, at: now)
            case .queue, .allow: break
            }
        }
        let trigger = add(
            RunKey(job: job.uid, instant: freeInstant(of: job.uid, at: now)),
            of: name,
            .manual(by: author),
            Lineage(isByHand: true),
            notBefore: now
        )
        remember(id, .trigger(trigger), at: now)
        count(triggers: true, kills: hasKilled)
        return trigger
    }

    private func freeInstant(of job: UID, at now: Instant) -> Instant {
        let taken = Set(
            runs.values.map(\.record.key).filter { $0.job == job }.map(\.instant)
                + pending.values.map(\.trigger.key).filter { $0.job == job }.map(\.instant)
        )
        var instant = now
        while instant.unixMilliseconds % 1_000 == 0 || taken.contains(instant) {
            instant = instant.advanced(by: .milliseconds(1))
        }
        return instant
    }

    func dueTriggers(limit: Int, at now: Instant) -> [Trigger] {
        guard !pending.isEmpty else { return [] }
        var places: [UID: Int] = [:]
        let due = pending.values.map(\.trigger).filter { $0.notBefore <= now }
            .sorted { ($0.notBefore, $0.id) < ($1.notBefore, $1.id) }
            .filter { trigger in
                guard let job = jobs[trigger.key.job]?.cursor, job.admits(trigger.cause) else {
                    return false
                }
                places[job.uid, default: 0] += 1
                return places[job.uid, default: 0] <= max(0, job.capacity - job.open)
            }
        return Array(due.prefix(max(0, limit)))
    }

    func nextTrigger(at now: Instant) -> Instant? {
        pending.values.map(\.trigger.notBefore).filter { $0 > now }.min()
    }

    mutating func kill(_ order: KillOrder) -> RunRecord? {
        guard let run = runs[order.run] else { return nil }
        let key = run.record.key
        let before = pending.count
        pending = pending.filter { _, waiting in
            let other = waiting.trigger.key
            let isNextAttempt =
                switch waiting.trigger.cause {
                case .retry, .nodeLoss: true
                case .schedule, .catchUp, .manual, .queued, .replacement, .backfill: false
                }
            return !isNextAttempt || other.job != key.job || other.instant != key.instant
                || other.shard != key.shard || waiting.lineage.isByHand != run.lineage.isByHand
        }
        let isNew = run.record.state.isOpen && run.record.kill == nil
        if isNew { runs[order.run]?.record.kill = order }
        if isNew || pending.count != before { count(kills: isNew) }
        return runs[order.run]?.record
    }

    // MARK: Records

    func runs(_ filter: RunFilter) -> [RunRecord] {
        let found = runs.values.map(\.record).filter { run in
            (filter.tenant.map { $0 == run.name.tenant } ?? true)
                && (filter.job.map { $0 == run.key.job } ?? true)
                && (filter.node.map { $0 == run.node } ?? true)
                && (filter.session.map { $0 == run.session } ?? true)
                && (filter.from.map { $0 <= run.key.instant } ?? true)
                && (filter.through.map { $0 >= run.key.instant } ?? true)
                && (filter.before.map { $0 > run.id } ?? true)
                && (filter.states.isEmpty || filter.states.contains(run.state))
        }
        return Array(found.sorted { $0.id > $1.id }.prefix(max(0, filter.limit)))
    }

    func skips(of job: UID, from: Instant, through: Instant, limit: Int) -> [SkipRange] {
        let found = (jobs[job]?.skips ?? [:]).values.map(\.range)
            .filter { $0.through >= from && $0.from < through }
        return Array(found.sorted { $0.through < $1.through }.prefix(max(0, limit)))
    }
}
