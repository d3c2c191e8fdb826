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

    let instant: Instant
    let job: Order
    let subject: Subject

    static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.instant, lhs.job, lhs.order) < (rhs.instant, rhs.job, rhs.order)
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

    /// Notices the first call, a lapsed session, and a wall clock that was set back.
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
            if now.wall.advanced(by: .seconds(1)) < expected { recallWaiting(at: now) }
        }
        lastMoment = now
    }

    /// After the clock was set back: delays that were meant to be short must stay short.
    ///
    /// Instants that have become future again just wait; the cursor keeps the rest from repeating.
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
        guard let rank = rank(slot) else { return pass(slot, through: now.wall, at: now) }
        let settled = settledThrough(slot)
        guard rank == 0 else {
            if settled >= due { return pass(slot, through: settled, at: now) }
            enter(slot, .turn)
            fires.alarm(slot, at: turn(due: due, rank: rank, at: now), &jobs)
            return
        }
        jobs[record: slot].hasTurn = true
        let job = jobs[slot]
        // Somebody else may have decided it: look before claiming.
        if job.isAhead || !job.knowsCursor || settled >= due {
            wishToRead(slot)
        } else {
            makeReady(slot, due: due)
        }
    }

    private mutating func takeTurn(_ slot: JobSlot, at now: Moment) {
        guard rank(slot) != nil else { return pass(slot, through: now.wall, at: now) }
        guard let due = attention(slot, after: jobs[slot].position), due <= now.wall else {
            return rest(slot, at: now)
        }
        let settled = settledThrough(slot)
        if settled >= due { return pass(slot, through: settled, at: now) }
        jobs[record: slot].hasTurn = true
        wishToRead(slot)
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
        let base = due.duration(to: now.wall) > settings.stagger ? now.wall : due
        if jitters?.base != base {
            let short = settings.stagger.milliseconds / 4
            let long = settings.stagger.milliseconds
            jitters = (
                base,
                [short, short, long].map {
                    .milliseconds(Int64.random(in: 0...$0, using: &random))
                }
            )
        }
        let step = min(rank, 3)
        let jitter = jitters?.delays[step - 1] ?? .zero
        return base.advanced(by: settings.stagger * step + jitter)
    }

    // MARK: Triggers

    private mutating func consider(_ entry: TriggerBoard.Entry, at now: Moment) {
        let id = entry.trigger.id
        guard let slot = jobs.slot(of: entry.trigger.key.job), let rank = rank(slot) else {
            // Unknown yet, or for others to run.
            return triggers.wait(id, .waiting, until: now.wall.advanced(by: settings.stagger * 4))
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
            .filter { ranking.rank(Ranking.everybody, $0.shard) == 0 }
            .map { SettledNote(shard: $0.shard, through: min($0.through, now.wall)) }
        return notes.isEmpty ? [] : [.settle(notes)]
    }

    /// When there is something to do next; within a second while something is due.
    mutating func nextWake(at now: Moment) -> Instant? {
        var wakes = [fires.first(jobs)?.at, triggers.first].compactMap { $0 }
        func add(_ deadline: MonotonicInstant) {
            let rest = now.monotonic.duration(to: deadline) + .milliseconds(1)
            wakes.append(now.wall.advanced(by: rest))
        }
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
