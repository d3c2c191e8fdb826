// What is due, and when this node's turn comes.

internal import Vocabulary

/// Something that may be claimed.
struct ReadyItem: Comparable, Sendable {
    enum Subject: Hashable, Sendable {
        case job(JobSlot, JobKey)
        case trigger(TriggerID)
    }

    /// A uid's place in the order of all, without the text that most can do without.
    struct Order: Comparable, Sendable {
        private let key: JobKey
        private let text: String

        init(_ key: JobKey, in uids: OddUIDs) {
            self.key = key.isOdd ? JobKey(high: .max, low: 0) : key
            text = key.isOdd ? uids.uid(of: key).text : ""
        }

        /// For a uid that no table may have.
        init(_ uid: UID) {
            let key = UIDBits(uid).flatMap { JobKey($0) }
            self.key = key ?? JobKey(high: .max, low: 0)
            text = key == nil ? uid.text : ""
        }

        static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.key, lhs.text) < (rhs.key, rhs.text)
        }
    }

    /// Whether it was missed when it came up: what is on time goes first.
    var isLate = false
    let instant: Instant
    let job: Order
    let subject: Subject

    static func < (lhs: Self, rhs: Self) -> Bool {
        guard lhs.isLate == rhs.isLate else { return rhs.isLate }
        return (lhs.instant, lhs.job, lhs.order) < (rhs.instant, rhs.job, rhs.order)
    }

    /// A job goes before its own triggers.
    private var order: Int64 {
        switch subject {
        case .job: .min
        case .trigger(let id): id.rawValue
        }
    }
}

extension SchedulerMachine {
    // MARK: The clock

    /// Notices the first call, a lapsed session, and a wall clock that was set.
    mutating func begin(at now: Moment) {
        if startedAt == nil {
            startedAt = now.wall
            absences.begin(.untrusted, at: now.wall)
        }
        if let trusted = desk.trustedUntil, trusted <= now.monotonic {
            let since = trusted.duration(to: now.monotonic)
            absences.begin(.untrusted, at: now.wall.advanced(by: .zero - since))
        }
        if let last = lastMoment {
            let elapsed = last.monotonic.duration(to: now.monotonic)
            let expected = last.wall.advanced(by: elapsed)
            if now.wall.advanced(by: .seconds(1)) < expected {
                recallWaiting(at: now)
                (auditSlot, auditAt) = (0, now.monotonic)
            }
            if now.wall > expected.advanced(by: .seconds(1)) {
                planClock.wasSet(from: expected, now.monotonic)
            }
        }
        lastMoment = now
    }

    /// After the clock was set back: delays that were meant to be short must stay short.
    ///
    /// Instants that have become future again just wait; the cursor keeps the rest from repeating.
    /// The audit finds what was left to others in a future that is none any more.
    private mutating func recallWaiting(at now: Moment) {
        let latest = now.wall.advanced(by: settings.holdBack)
        for slot in fires.alarmed(jobs) {
            switch jobs[record: slot].phase {
            case .turn, .reading, .held, .aside:
                guard let time = fires.alarm(of: slot, jobs), time > latest else { continue }
                fires.remove(slot, &jobs)
                fires.alarm(slot, at: latest, &jobs)
            case .resting, .unread, .dormant, .wantsRead, .ready, .claiming:
                break
            }
        }
        triggers.recall(at: now.wall)
    }

    // MARK: Due

    /// Gives every job and trigger whose time has come its next step, up to the limit per call.
    mutating func findDue(at now: Moment) {
        var count = 0
        while let first = fires.first(jobs), first.at <= now.wall, count < settings.jobsPerCall {
            guard case .slot(let slot, let due) = first else {
                openList()
                continue
            }
            count += 1
            fires.remove(slot, &jobs)
            switch jobs[record: slot].phase {
            case .resting, .unread: consider(slot, due: due, at: now)
            case .turn: takeTurn(slot, at: now)
            case .reading: readTimedOut(slot)
            case .held, .aside:
                jobs[slot].knowsCursor = false
                rest(slot, at: now)
            case .dormant: rest(slot, at: now)
            case .wantsRead, .ready, .claiming: break
            }
        }
        while let entry = triggers.popDue(at: now.wall) { consider(entry, at: now) }
    }

    /// Opens the queue's next list: its slots can be asked for one by one.
    private mutating func openList() {
        guard let list = fires.takeList(&jobs) else { return }
        let start = Instant(unixSeconds: list.second)
        let end = start.advanced(by: .milliseconds(999))
        var fires: [(slot: JobSlot, at: Instant)] = []
        fires.reserveCapacity(list.slots.count)
        for slot in list.slots {
            var at = start
            if !list.isWhole, let due = attention(slot, after: jobs[slot].position) {
                // Whatever comes out, nothing is lost, and nothing waits for longer.
                at = min(max(due, start), end)
            }
            fires.append((slot, at))
        }
        self.fires.takeBack(fires, &jobs)
    }

    /// Something is due: the first claims it, the others wait, those who may not run it pass.
    private mutating func consider(_ slot: JobSlot, due: Instant, at now: Moment) {
        guard let rank = rank(slot, due: due) else {
            return pass(slot, through: now.wall, at: now)
        }
        let settled = settledThrough(slot)
        let left = rank - passed(slot, due: due, before: rank)
        guard left == 0 else {
            if settled >= due { return pass(slot, through: settled, at: now) }
            enter(slot, .turn)
            turns.append(ReadWish(slot: slot, key: jobs[record: slot].key))
            let isPatient = isOwedAll(slot, due: due, at: now)
            fires.alarm(
                slot,
                at: isPatient
                    ? now.wall.advanced(by: settings.catchUpPatience)
                    : turn(due: due, rank: left, at: now),
                &jobs
            )
            return
        }
        jobs[record: slot].hasTurn = true
        let job = jobs[slot]
        // Somebody else may have decided it: look before claiming.
        if job.isAhead || !job.knowsCursor || settled >= due {
            wishToRead(slot)
        } else {
            makeReady(slot, due: due, at: now)
        }
    }

    private mutating func takeTurn(_ slot: JobSlot, at now: Moment) {
        guard let due = attention(slot, after: jobs[slot].position), due <= now.wall else {
            return rest(slot, at: now)
        }
        guard rank(slot, due: due) != nil else {
            return pass(slot, through: now.wall, at: now)
        }
        let settled = settledThrough(slot)
        if settled >= due { return pass(slot, through: settled, at: now) }
        jobs[record: slot].hasTurn = true
        wishToRead(slot)
    }

    /// Whether the job is owed more than one run: then only one node should count them.
    ///
    /// Of other routes the nodes may disagree who that is, and all would wait.
    private func isOwedAll(_ slot: JobSlot, due: Instant, at now: Moment) -> Bool {
        guard due.duration(to: now.wall) > settings.lateAfter,
            let plan = jobs.plan(of: slot),
            ranking.route(of: plans.audience(of: plan)) == .spread
        else { return false }
        switch plans[plan].misfires.policy {
        case .all: return true
        case .latest, .skip: return false
        }
    }

    /// After a change of members, lets those be looked at anew that would wait patiently.
    mutating func recallPatient(at now: Moment) {
        for wish in turns where jobs.holds(wish.slot, wish.key, in: .turn) {
            let soon = now.wall.advanced(by: stagger * 5)
            guard let time = fires.alarm(of: wish.slot, jobs), soon < time else { continue }
            rest(wish.slot, at: now)
        }
    }

    // MARK: Passing

    /// How many of those before this node, which has `rank`, leave the instant to others.
    private mutating func passed(_ slot: JobSlot, due: Instant, before rank: Int) -> Int {
        let passing = passes.passing(jobs[record: slot].shard, at: due)
        guard rank > 0, !passing.isEmpty, let plan = jobs.plan(of: slot) else { return 0 }
        let audience = plans.audience(of: plan)
        let order = ranking.order(
            audience,
            jobs[record: slot].shard,
            question(slot, audience, due: due)
        )
        return order.prefix(rank).filter { passing.contains($0) }.count
    }

    /// Somebody has no slot: whoever is next need not wait for it.
    mutating func hear(_ notes: [SettledNote], by node: NodeName, at now: Moment) {
        passes.hear(notes, by: node, upTo: now.wall.advanced(by: settings.noteLead))
        let shards = Set(notes.map(\.shard))
        turns.removeAll { !jobs.holds($0.slot, $0.key, in: .turn) }
        for wish in turns where shards.contains(jobs[record: wish.slot].shard) {
            let slot = wish.slot
            guard let due = attention(slot, after: jobs[slot].position), due <= now.wall,
                let rank = rank(slot, due: due)
            else { continue }
            let count = passed(slot, due: due, before: rank)
            guard count > 0 else { continue }
            if count < rank {
                let turn = turn(due: due, rank: rank - count, at: now)
                let time = min(turn, fires.alarm(of: slot, jobs) ?? turn)
                fires.remove(slot, &jobs)
                fires.alarm(slot, at: time, &jobs)
            } else if settledThrough(slot) < due {
                fires.remove(slot, &jobs)
                jobs[record: slot].hasTurn = true
                makeReady(slot, due: due, at: now)
            }
        }
    }

    /// Drops what waits no more, before the list outgrows what waits.
    mutating func tidyTurns() {
        guard turns.count > 2 * turnCount + 64 else { return }
        turns.removeAll { !jobs.holds($0.slot, $0.key, in: .turn) }
    }

    /// Leaves what is due up to `instant` to others.
    private mutating func pass(_ slot: JobSlot, through instant: Instant, at now: Moment) {
        jobs[slot].pass(through: instant)
        if jobs[record: slot].phase == .unread {
            awaitReading(slot, at: now)
        } else {
            rest(slot, at: now)
        }
    }

    /// When the node of `rank` tries: that many staggers after the instant, and a random part.
    ///
    /// For what is long due, the staggers count from now. From the third on all nodes try at about
    /// the same time. Jobs due at the same instant share the random part, so that one read serves
    /// them all.
    mutating func turn(due: Instant, rank: Int, at now: Moment) -> Instant {
        let base = due.duration(to: now.wall) > stagger ? now.wall : due
        if jitters?.base != base {
            let short = stagger.milliseconds / 4
            let long = stagger.milliseconds
            jitters = (
                base,
                [short, short, long].map {
                    .milliseconds(Int64.random(in: 0...$0, using: &random))
                }
            )
        }
        let step = min(rank, 3)
        let jitter = jitters?.delays[step - 1] ?? .zero
        return base.advanced(by: stagger * step + jitter)
    }

    // MARK: Triggers

    private mutating func consider(_ entry: TriggerBoard.Entry, at now: Moment) {
        let id = entry.trigger.id
        guard let slot = jobs.slot(of: entry.trigger.key.job),
            let rank = rank(slot, trigger: id)
        else {
            // Unknown yet, or for others to run.
            return triggers.wait(id, .waiting, until: now.wall.advanced(by: stagger * 4))
        }
        if case .waiting = entry.step, rank > 0 {
            let turn = turn(due: entry.at, rank: rank, at: now)
            return triggers.wait(id, .turn, until: turn)
        }
        triggers.enter(id, .ready)
        ready.insert(
            ReadyItem(
                instant: entry.trigger.notBefore,
                job: ReadyItem.Order(entry.trigger.key.job),
                subject: .trigger(id)
            )
        )
    }

    // MARK: Notes and wake-ups

    /// Tells the others which shards are decided, as far as this node goes first in them.
    mutating func notes(at now: Moment) -> [SchedulerAction] {
        // Something due that was not even looked at is not decided.
        if let first = fires.first(jobs), first.at <= now.wall { return [] }
        let notes = settlement.takeSettled()
            .filter { ranking.rank(Ranking.everybody, $0.shard, .plain) == 0 }
            .map { SettledNote(shard: $0.shard, through: min($0.through, now.wall)) }
        return notes.isEmpty ? [] : [.settle(notes)]
    }

    /// What else the others should hear: for what this node has no slot, and what it has started.
    mutating func news() -> [SchedulerAction] {
        var actions: [SchedulerAction] = []
        let passed = passes.takeNews()
        if !passed.isEmpty { actions.append(.pass(passed)) }
        if !newPlacements.isEmpty { actions.append(.ran(newPlacements)) }
        newPlacements = []
        return actions
    }

    /// When there is something to do next; within a second while something is due.
    mutating func nextWake(at now: Moment) -> Instant? {
        var wakes = [fires.first(jobs)?.at, triggers.first].compactMap { $0 }
        func add(_ deadline: MonotonicInstant) {
            let rest = now.monotonic.duration(to: deadline) + .milliseconds(1)
            wakes.append(now.wall.advanced(by: rest))
        }
        if !paced.isEmpty, ready.isEmpty, let next = budget.nextHandful { add(next) }
        if !ready.isEmpty || !starved.isEmpty || !desk.requests.isEmpty || readingCount > 0
            || !readWishes.isEmpty || unreadSlot != nil
        {
            wakes.append(now.wall.advanced(by: .seconds(1)))
        }
        if !ready.isEmpty || desk.requests.contains(where: \.isUnknown) {
            if let until = desk.backoff.until, until > now.monotonic {
                add(until)
            } else if desk.isTrusted(at: now.monotonic),
                desk.requests.count < settings.requestLimit
                    || desk.requests.contains(where: \.isUnknown)
            {
                wakes.append(now.wall)
            }
        }
        if !readWishes.isEmpty, let until = readBackoff.until, until > now.monotonic { add(until) }
        // While reads are held up, so is the audit.
        if readWishes.isEmpty, unreadSlot == nil, auditSlot != nil, let auditAt { add(auditAt) }
        return wakes.min().map { max($0, now.wall.advanced(by: .milliseconds(1))) }
    }
}
