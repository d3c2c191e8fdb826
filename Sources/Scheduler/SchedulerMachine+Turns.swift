// Looking at what has come: whose turn it is, and what to claim.

internal import LockLease
internal import Vocabulary

extension SchedulerMachine {
    /// Does everything that has become due, and says when to look again.
    mutating func advance(at now: Moment) -> [SchedulerAction] {
        var actions = readUnread() + resend(at: now) + audit(at: now)
        var toCheck: [UID] = []
        while mayClaim(at: now) {
            // The first claim is small, so that the first runs start within milliseconds.
            let limit = requests.isEmpty ? min(16, settings.claimLimit) : settings.claimLimit
            let id = RequestID(RunID.make(at: now.wall, using: &random).text)
            var items = collectTriggers(limit, for: id, at: now)
            while items.count < limit, let uid = queue.pop(through: now.wall) {
                if let item = look(at: uid, starts: starts(of: items), id, now, &toCheck) {
                    items.append(item)
                }
            }
            guard !items.isEmpty else { break }
            items.sort { $0.order < $1.order }
            requests[id] = Request(items: items, starts: starts(of: items))
            actions.append(.claim(id, items))
        }
        for batch in toCheck.batches(of: 500) { actions.append(.readCursors(batch)) }
        actions += settle(at: now)
        if let wake = nextWake(at: now) { actions.append(.wake(at: wake)) }
        return actions
    }

    private func mayClaim(at now: Moment) -> Bool {
        isTrusted(at: now) && requests.count < settings.claimsUnderWay
            && pauseUntil.map { $0 <= now.wall } ?? true
    }

    private func starts(of items: [ClaimItem]) -> Int {
        items.reduce(0) { $0 + $1.starts }
    }

    private mutating func readUnread() -> [SchedulerAction] {
        defer { unread = [] }
        return unread.batches(of: 500).map { .readCursors($0) }
    }

    // MARK: One job

    /// What to claim for `uid`, or `nil` if it is not due, not ours, or not our turn.
    private mutating func look(
        at uid: UID,
        starts taken: Int,
        _ id: RequestID,
        _ now: Moment,
        _ toCheck: inout [UID]
    ) -> ClaimItem? {
        guard let job = jobs[uid], let cursor = job.cursor else { return nil }
        switch job.phase {
        case .unread, .checking, .claiming: return nil
        case .heldBack(let until) where until > now.wall:
            queue.set(uid, at: until)
            return nil
        case .heldBack, .waiting: break
        }
        guard let due = job.timeline.nextToRun(after: cursor), due <= now.wall else {
            delayed.remove(uid)
            schedule(uid)
            return nil
        }
        guard let rank = race.rank(of: me, for: job.entry) else {
            queue.set(uid, at: now.wall.advanced(by: .seconds(1)))
            return nil
        }
        if rank > 0, !job.isVerified {
            wait(for: uid, due: due, rank: rank, now, &toCheck)
            return nil
        }
        return item(for: uid, job, cursor, starts: taken, id, now)
    }

    /// Gives those before us their time; then asks the store whether they used it.
    private mutating func wait(
        for uid: UID,
        due: Instant,
        rank: Int,
        _ now: Moment,
        _ toCheck: inout [UID]
    ) {
        let isShared = jobs[uid]?.entry.job.spec.selector == NodeSelector()
        if isShared, let through = settledShards[VirtualShard(of: uid)], due <= through {
            jobs[uid]?.cursor = through
            unaudited.insert(uid)
            schedule(uid)
            return
        }
        let turn = due.advanced(by: settings.stagger * min(rank, 3))
        guard turn <= now.wall else { return queue.set(uid, at: turn) }
        jobs[uid]?.phase = .checking
        toCheck.append(uid)
    }

    private mutating func item(
        for uid: UID,
        _ job: Watched,
        _ cursor: Instant,
        starts taken: Int,
        _ id: RequestID,
        _ now: Moment
    ) -> ClaimItem? {
        let plan = ClaimPlan.make(
            cursor: cursor,
            now: now.wall,
            timeline: job.timeline,
            spec: job.entry.job.spec,
            limits: ClaimPlan.Limits(
                instants: settings.instantsPerClaim,
                starts: min(settings.runsPerItem, available - taken),
                outage: outage,
                lateAfter: settings.lateAfter
            )
        )
        guard let plan else {
            // No free slot: the next in rank takes it; we look again when one may be free.
            delayed.insert(uid)
            queue.set(uid, at: now.wall.advanced(by: .milliseconds(100)))
            return nil
        }
        jobs[uid]?.phase = .claiming(id)
        let runs = plan.starts.map { start in
            PlannedRun(
                instant: start.instant,
                run: RunID.make(at: now.wall, using: &random),
                cause: start.cause
            )
        }
        return ClaimItem(
            job: uid,
            revision: job.entry.revision,
            subject: .instants(from: plan.from, to: plan.to, runs: runs, skips: plan.skips)
        )
    }

    // MARK: Triggers

    private mutating func collectTriggers(
        _ limit: Int,
        for id: RequestID,
        at now: Moment
    ) -> [ClaimItem] {
        var items: [ClaimItem] = []
        for number in triggers.keys.sorted() where items.count < min(limit, available) {
            guard let pending = triggers[number], pending.phase == .waiting,
                pending.tryAt <= now.wall, let job = jobs[pending.trigger.key.job],
                race.rank(of: me, for: job.entry) != nil
            else { continue }
            triggers[number]?.phase = .claiming(id)
            items.append(
                ClaimItem(
                    job: job.entry.uid,
                    revision: job.entry.revision,
                    subject: .trigger(number, run: RunID.make(at: now.wall, using: &random))
                )
            )
        }
        return items
    }

    mutating func replaceTriggers(_ present: [Trigger]) {
        var kept: [TriggerID: PendingTrigger] = [:]
        for trigger in present {
            if let known = triggers[trigger.id] {
                kept[trigger.id] = known
                continue
            }
            let rank = jobs[trigger.key.job].flatMap { race.rank(of: me, for: $0.entry) } ?? 1
            kept[trigger.id] = PendingTrigger(
                trigger: trigger,
                tryAt: trigger.notBefore.advanced(by: delay(rank: rank))
            )
        }
        triggers = kept
    }

    // MARK: Settling, auditing, waking

    /// Tells the others of shards in which nothing that has come is left undecided.
    private mutating func settle(at now: Moment) -> [SchedulerAction] {
        guard !unsettled.isEmpty, queue.earliest().map({ $0 > now.wall }) ?? true else { return [] }
        var busy = Set(delayed.map { VirtualShard(of: $0) })
        for request in requests.values {
            for item in request.items { busy.insert(VirtualShard(of: item.job)) }
        }
        let done = unsettled.filter { !busy.contains($0.key) }
        for shard in done.keys { unsettled[shard] = nil }
        let notes = done.map { SettledNote(shard: $0.key, through: $0.value) }
            .sorted { $0.shard < $1.shard }
        return notes.isEmpty ? [] : [.settle(notes)]
    }

    /// Reads again, once in a while, the cursors that were only believed.
    private mutating func audit(at now: Moment) -> [SchedulerAction] {
        guard !unaudited.isEmpty else {
            nextAudit = nil
            return []
        }
        guard let due = nextAudit, due <= now.wall else {
            nextAudit = nextAudit ?? now.wall.advanced(by: settings.auditInterval)
            return []
        }
        nextAudit = now.wall.advanced(by: settings.auditInterval)
        return unaudited.sorted().batches(of: 500).map { .readCursors($0) }
    }

    /// The earliest time at which something is to be done; never in the past.
    private mutating func nextWake(at now: Moment) -> Instant? {
        let tries = triggers.values.filter { $0.phase == .waiting }.map(\.tryAt)
        let resends = requests.values.compactMap(\.resendAt)
        let times = [queue.earliest(), nextAudit].compactMap(\.self) + tries + resends
        guard let earliest = times.min() else { return nil }
        // What is due and still here is blocked; whatever unblocks it is an event of its own.
        return max(earliest, now.wall.advanced(by: .milliseconds(earliest > now.wall ? 0 : 50)))
    }
}

extension ClaimItem {
    /// How many runs it asks for.
    var starts: Int {
        switch subject {
        case .instants(_, _, let runs, _): runs.count
        case .trigger: 1
        }
    }

    /// Oldest first.
    var order: Instant {
        switch subject {
        case .instants(_, let to, let runs, _): runs.first?.instant ?? to
        case .trigger: .epoch
        }
    }
}

extension Array {
    /// Consecutive pieces of at most `size`.
    func batches(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
