// What claims came to.

internal import LockLease
internal import Vocabulary

extension SchedulerMachine {
    mutating func answered(
        _ id: RequestID,
        _ outcomes: [ClaimOutcome],
        at now: Moment
    ) -> [SchedulerAction] {
        // A request that was given up belongs to a session that has ended.
        guard let request = requests.removeValue(forKey: id) else { return [] }
        refusals = 0
        pauseUntil = nil
        storeIsBack(at: now)
        var actions: [SchedulerAction] = []
        for (item, outcome) in zip(request.items, outcomes) {
            switch item.subject {
            case .instants(_, let to, _, _):
                actions += decided(item.job, through: to, outcome, at: now)
            case .trigger(let number, _):
                actions += decided(number, of: item.job, outcome, at: now)
            }
        }
        return actions
    }

    private mutating func decided(
        _ uid: UID,
        through to: Instant,
        _ outcome: ClaimOutcome,
        at now: Moment
    ) -> [SchedulerAction] {
        guard var job = jobs[uid] else {
            // Deleted meanwhile: what was granted before the deletion may still start.
            if case .won(let grants) = outcome { return started(grants) }
            return []
        }
        var actions: [SchedulerAction] = []
        job.phase = .waiting
        job.isVerified = false
        switch outcome {
        case .won(let grants):
            job.cursor = max(to, job.cursor ?? to)
            actions += started(grants)
            if job.entry.job.spec.selector == NodeSelector(),
                race.rank(of: me, for: job.entry) == 0
            {
                let shard = VirtualShard(of: uid)
                unsettled[shard] = max(to, unsettled[shard] ?? to)
            }
        case .taken(let cursor):
            job.cursor = max(cursor, job.cursor ?? cursor)
        case .stale, .gone, .disabled:
            job.phase = .heldBack(until: now.wall.advanced(by: .seconds(1)))
            actions.append(.refresh([uid]))
        case .early(let clock):
            let wait = max(.milliseconds(20), clock.duration(to: to))
            job.phase = .heldBack(until: now.wall.advanced(by: min(wait, .seconds(60))))
        }
        jobs[uid] = job
        if case .heldBack(let until) = job.phase {
            delayed.insert(uid)
            queue.set(uid, at: until)
        } else {
            delayed.remove(uid)
            schedule(uid)
        }
        return actions
    }

    private mutating func decided(
        _ number: TriggerID,
        of uid: UID,
        _ outcome: ClaimOutcome,
        at now: Moment
    ) -> [SchedulerAction] {
        switch outcome {
        case .won(let grants):
            triggers[number] = nil
            return started(grants)
        case .taken, .gone:
            triggers[number] = nil
            return []
        case .stale, .disabled, .early:
            triggers[number]?.phase = .waiting
            triggers[number]?.tryAt = now.wall.advanced(by: .milliseconds(300))
            return [.refresh([uid])]
        }
    }

    private mutating func started(_ grants: [Grant]) -> [SchedulerAction] {
        freeSlots = max(0, freeSlots - grants.count)
        return grants.map { .start($0) }
    }

    // MARK: Claims that were not answered

    /// The claim did not happen: its jobs are looked at again, under a new request.
    mutating func refused(_ id: RequestID, at now: Moment) {
        guard let request = requests.removeValue(forKey: id) else { return }
        if outageSince == nil { outageSince = now.wall }
        refusals += 1
        let retry = now.wall.advanced(by: backOff(refusals))
        pauseUntil = retry
        for item in request.items { release(item, until: retry) }
    }

    /// The claim may have happened: only the same request tells.
    mutating func unknown(_ id: RequestID, at now: Moment) {
        guard var request = requests[id] else { return }
        request.failures += 1
        request.resendAt = now.wall.advanced(by: backOff(request.failures))
        requests[id] = request
    }

    mutating func resend(at now: Moment) -> [SchedulerAction] {
        guard isTrusted(at: now) else { return [] }
        var actions: [SchedulerAction] = []
        for id in requests.keys.sorted(by: { $0.text < $1.text }) {
            guard let request = requests[id], let due = request.resendAt, due <= now.wall else {
                continue
            }
            requests[id]?.resendAt = nil
            actions.append(.claim(id, request.items))
        }
        return actions
    }

    /// Gives up a request whose session has ended; the cursors tell what it did.
    mutating func abandon(_ id: RequestID) {
        guard let request = requests.removeValue(forKey: id) else { return }
        for item in request.items {
            switch item.subject {
            case .instants:
                guard jobs[item.job] != nil else { continue }
                jobs[item.job]?.phase = .unread
                unread.append(item.job)
            case .trigger(let number, _):
                triggers[number] = nil
            }
        }
    }

    private mutating func release(_ item: ClaimItem, until retry: Instant) {
        switch item.subject {
        case .instants:
            guard jobs[item.job] != nil else { return }
            jobs[item.job]?.phase = .waiting
            delayed.insert(item.job)
            queue.set(item.job, at: retry)
        case .trigger(let number, _):
            triggers[number]?.phase = .waiting
            triggers[number]?.tryAt = retry
        }
    }

    private mutating func storeIsBack(at now: Moment) {
        guard let since = outageSince else { return }
        outage = since...max(since, now.wall)
        outageSince = nil
    }

    /// Exponential with full jitter, 50 ms to 5 s.
    private mutating func backOff(_ failures: Int) -> Duration {
        let ceiling = min(5_000, 50 << min(failures, 7))
        return .milliseconds(Int64.random(in: 50...Int64(max(51, ceiling)), using: &random))
    }
}
