// Reading cursors: at the start, before taking over from others, and whenever in doubt.

internal import Vocabulary

extension SchedulerMachine {
    mutating func wishToRead(_ slot: JobSlot) {
        enter(slot, .wantsRead)
        readWishes.append(ReadWish(slot: slot, key: jobs[record: slot].key))
    }

    /// This node's turn has come, but somebody else may have been there: looks before it claims.
    mutating func doubt(_ slot: JobSlot) {
        jobs[record: slot].hasTurn = true
        wishToRead(slot)
    }

    /// Asks for what is wished for, in batches, as far as the limits go; then for unread jobs.
    mutating func nextReads(at now: Moment) -> [SchedulerAction] {
        guard !readWishes.isEmpty || unreadSlot != nil, readBackoff.isOver(at: now.monotonic)
        else { return [] }
        var batches: [[UID]] = []
        var taken = 0
        for wish in readWishes {
            guard readingCount < settings.readLimit else { break }
            taken += 1
            guard jobs.holds(wish.slot, wish.key, in: .wantsRead) else { continue }
            read(wish.slot, in: &batches, at: now)
        }
        readWishes.removeFirst(taken)
        readUnread(in: &batches, at: now)
        return batches.map { .readCursors($0) }
    }

    private mutating func read(_ slot: JobSlot, in batches: inout [[UID]], at now: Moment) {
        enter(slot, .reading)
        fires.remove(slot, &jobs)
        fires.alarm(slot, at: now.wall.advanced(by: settings.readTimeout), &jobs)
        let uid = jobs.uid(of: slot)
        if let last = batches.indices.last, batches[last].count < settings.readBatch {
            batches[last].append(uid)
        } else {
            batches.append([uid])
        }
    }

    /// Goes on through the table with what room is left; one call sees but a part of it.
    private mutating func readUnread(in batches: inout [[UID]], at now: Moment) {
        guard var slot = unreadSlot else { return }
        let end = min(jobs.end, slot + 100 * settings.jobsPerCall)
        while slot < end, readingCount < settings.readLimit {
            if jobs[record: slot].phase == .unread { read(slot, in: &batches, at: now) }
            slot += 1
        }
        unreadSlot = slot < jobs.end ? slot : nil
    }

    /// Takes over what the store said; jobs that nobody asked about are left alone.
    mutating func learn(_ cursors: [UID: Instant], at now: Moment) {
        readBackoff.succeed()
        absences.end(.refused, at: now.wall)
        for (uid, cursor) in cursors.sorted(by: { $0.key < $1.key }) {
            guard let slot = jobs.slot(of: uid) else { continue }
            switch jobs[record: slot].phase {
            case .wantsRead, .reading: learn(slot, cursor, at: now)
            case .unread:
                fires.remove(slot, &jobs)
                learn(slot, cursor, at: now)
            case .resting, .dormant, .turn, .ready, .claiming, .held, .aside: break
            }
        }
    }

    private mutating func learn(_ slot: JobSlot, _ cursor: Instant, at now: Moment) {
        fires.remove(slot, &jobs)
        let known = jobs[slot].knowsCursor ? jobs[slot].position : .endOfTime
        jobs[slot].stand(at: cursor)
        guard jobs[record: slot].hasTurn else { return rest(slot, at: now) }
        settlement.decide(jobs[record: slot].shard, through: cursor)
        if cursor > known, isCaughtUpElsewhere(slot, at: now) { return rest(slot, at: now) }
        proceed(slot, at: now)
    }

    /// Whether what is due next was missed, and somebody who goes before this node is at it: the
    /// cursor has moved since this node last looked.
    private mutating func isCaughtUpElsewhere(_ slot: JobSlot, at now: Moment) -> Bool {
        guard let due = attention(slot, after: jobs[slot].position),
            due.duration(to: now.wall) > settings.lateAfter, let rank = rank(slot, due: due)
        else { return false }
        return rank > 0
    }

    mutating func readFailed(_ uids: [UID], at now: Moment) {
        readBackoff.fail(at: now.monotonic, settings, &random)
        for uid in uids {
            guard let slot = jobs.slot(of: uid), jobs[record: slot].phase == .reading else {
                continue
            }
            fires.remove(slot, &jobs)
            wishToRead(slot)
        }
    }

    /// No answer named this job: it was lost, or the store does not have the job.
    mutating func readTimedOut(_ slot: JobSlot) {
        refreshing.append(jobs.uid(of: slot))
        wishToRead(slot)
    }

    /// After a change of members, reads the cursors of jobs that this node is now the first for and
    /// that only notes have moved on: whoever sent those may have died without deciding.
    ///
    /// After the clock was set back, those of all jobs that were left to others for times to come.
    /// It goes through the table in steps, so that it never holds up what is due.
    mutating func audit(at now: Moment) {
        guard let start = auditSlot, let auditAt, auditAt <= now.monotonic, readWishes.isEmpty,
            unreadSlot == nil
        else { return }
        let end = min(jobs.end, start + settings.jobsPerCall)
        var found = 0
        var slot = start
        while slot < end, found < settings.readBatch {
            if jobs[record: slot].phase == .resting, jobs[slot].isAhead {
                if rank(slot, due: jobs[slot].position) == 0 {
                    found += 1
                    fires.remove(slot, &jobs)
                    doubt(slot)
                } else if isBeyond(slot, at: now) {
                    found += 1
                    rest(slot, at: now)
                }
            }
            slot += 1
        }
        auditSlot = slot < jobs.end ? slot : nil
        self.auditAt = now.monotonic.advanced(by: .milliseconds(100))
    }
}
