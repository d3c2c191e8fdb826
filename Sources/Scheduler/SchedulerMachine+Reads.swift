// Reading cursors: at the start, before taking over from others, and whenever in doubt.

internal import Vocabulary

extension SchedulerMachine {
    mutating func wishToRead(_ slot: JobSlot) {
        enter(slot, .wantsRead)
        readWishes.append(ReadWish(slot: slot, generation: jobs.hot[slot].generation))
    }

    /// This node's turn has come, but somebody else may have been there: looks before it claims.
    mutating func doubt(_ slot: JobSlot) {
        jobs.hot[slot].hasTurn = true
        wishToRead(slot)
    }

    /// Asks for what is wished for, in batches, as far as the limits go.
    mutating func nextReads(at now: Moment) -> [SchedulerAction] {
        guard !readWishes.isEmpty, readBackoff.isOver(at: now.monotonic) else { return [] }
        let timeout = now.wall.advanced(by: settings.readTimeout)
        var batches: [[UID]] = []
        var taken = 0
        for wish in readWishes {
            guard readingCount < settings.readLimit else { break }
            taken += 1
            guard jobs.holds(wish.slot, wish.generation, in: .wantsRead),
                let uid = jobs.definitions[wish.slot]?.entry.uid
            else { continue }
            enter(wish.slot, .reading)
            fires.set(wish.slot, at: timeout)
            if let last = batches.indices.last, batches[last].count < settings.readBatch {
                batches[last].append(uid)
            } else {
                batches.append([uid])
            }
        }
        readWishes.removeFirst(taken)
        return batches.map { .readCursors($0) }
    }

    /// Takes over what the store said; jobs that nobody asked about are left alone.
    mutating func learn(_ cursors: [UID: Instant], at now: Moment) {
        readBackoff.succeed()
        absences.end(.refused, at: now.wall)
        for (uid, cursor) in cursors.sorted(by: { $0.key < $1.key }) {
            guard let slot = jobs.slot(of: uid) else { continue }
            switch jobs.hot[slot].phase {
            case .wantsRead, .reading: learn(slot, cursor, at: now)
            case .resting, .dormant, .turn, .ready, .claiming, .held, .aside: break
            }
        }
    }

    private mutating func learn(_ slot: JobSlot, _ cursor: Instant, at now: Moment) {
        fires.remove(slot)
        let known = jobs.hot[slot].knowsCursor ? jobs.hot[slot].position : .endOfTime
        jobs.hot[slot].cursor = cursor
        jobs.hot[slot].position = cursor
        jobs.hot[slot].knowsCursor = true
        guard jobs.hot[slot].hasTurn else { return rest(slot, at: now) }
        settlement.decide(jobs.hot[slot].shard, through: cursor)
        if cursor > known, isCaughtUpElsewhere(slot, at: now) { return rest(slot, at: now) }
        proceed(slot, at: now)
    }

    /// Whether what is due next was missed, and somebody who goes before this node is at it: the
    /// cursor has moved since this node last looked.
    private mutating func isCaughtUpElsewhere(_ slot: JobSlot, at now: Moment) -> Bool {
        guard let due = attention(slot, after: jobs.hot[slot].cursor),
            due.duration(to: now.wall) > settings.lateAfter, let rank = rank(slot, due: due)
        else { return false }
        return rank > 0
    }

    mutating func readFailed(_ uids: [UID], at now: Moment) {
        readBackoff.fail(at: now.monotonic, settings, &random)
        for uid in uids {
            guard let slot = jobs.slot(of: uid), jobs.hot[slot].phase == .reading else { continue }
            fires.remove(slot)
            wishToRead(slot)
        }
    }

    /// No answer named this job: it was lost, or the store does not have the job.
    mutating func readTimedOut(_ slot: JobSlot) {
        if let uid = jobs.definitions[slot]?.entry.uid { refreshing.append(uid) }
        wishToRead(slot)
    }

    /// After a change of members, reads the cursors of jobs that this node is now the first for and
    /// that only notes have moved on: whoever sent those may have died without deciding.
    ///
    /// It goes through the table in steps, so that it never holds up what is due.
    mutating func audit(at now: Moment) {
        guard let start = auditSlot, let auditAt, auditAt <= now.monotonic, readWishes.isEmpty
        else { return }
        let end = min(jobs.hot.count, start + settings.jobsPerCall)
        var found = 0
        var slot = start
        while slot < end, found < settings.readBatch {
            let job = jobs.hot[slot]
            if job.phase == .resting, job.position > job.cursor,
                rank(slot, due: job.position) == 0
            {
                found += 1
                fires.remove(slot)
                doubt(slot)
            }
            slot += 1
        }
        auditSlot = slot < jobs.hot.count ? slot : nil
        self.auditAt = now.monotonic.advanced(by: .milliseconds(100))
    }
}
