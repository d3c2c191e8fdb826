// What must hold at every moment, kept in books of its own beside the store's.

internal import LockLease
internal import Vocabulary

/// Looks at each call when the store has decided it, and at each start.
struct Inspector {
    /// A claimed run, as it was when it was claimed.
    struct Claimed {
        let record: RunRecord
        let digest: Digest
        let at: Int64
        var state = RunState.open
        var closedAt: Int64?
        /// A rolled-back store knows nothing of it.
        var isForgotten = false
    }

    /// One committed state of a job.
    struct Edit {
        let revision: Revision
        let key: ObjectKey
        /// `nil`: deleted.
        let job: Job?
        let digest: Digest
        let createdAt: Instant
        /// The time that the editor gave it; the store's if he gave none.
        var declaredAt: Instant
        let committedAt: Int64
        /// The store's clock then.
        let storeClock: Instant
        var isAcknowledged = false
        var isForgotten = false
        /// Where the cursor stood although the oldest era was dropped after it.
        let hasForgottenEra: Bool
    }

    struct Move {
        let to: Instant
        let at: Int64
    }

    private(set) var claimed: [RunID: Claimed] = [:]
    private var runsOfKeys: [RunKey: RunID] = [:]
    private var startsOfKeys: [RunKey: RunID] = [:]
    private var startsOfInstants: [RunKey: Int] = [:]
    private var startedRuns: Set<RunID> = []
    private(set) var edits: [UID: [Edit]] = [:]
    private(set) var moves: [UID: [Move]] = [:]
    private(set) var manual: Set<RunKey> = []
    private var wonRequests: [RequestID: Int64] = [:]
    private var fences: [UID: Fence] = [:]
    private var cursors: [UID: Instant] = [:]
    private var open: [UID: Int] = [:]
    private var live: [String: SessionID] = [:]
    private var known: Set<SessionID> = []
    /// When each session was renewed, the last few times.
    private var beats: [SessionID: [Int64]] = [:]
    private(set) var endedByOperator: Set<SessionID> = []
    private(set) var acceptedAt: [Int64] = []

    func lastFence(of job: UID) -> Fence? { fences[job] }
    func revision(of job: UID) -> Revision? { edits[job]?.last?.revision }

    private func current(_ job: UID) -> Edit? { edits[job]?.last }

    private func report(_ invariant: String, _ subject: String, _ text: String, _ world: World) {
        world.say("\(invariant): \(subject): \(text)")
        world.evidence.report(invariant, at: world.now, subject, text)
    }

    // MARK: Sessions (I12)

    mutating func opened(_ session: SessionID, _ node: NodeName, _ world: World) {
        if !known.insert(session).inserted {
            report("I12", node.text, "\(session) was given out before", world)
        }
        if let other = live[node.text], world.store.model.isLive(other), other != session {
            report("I12", node.text, "\(session) beside \(other)", world)
        }
        live[node.text] = session
        beats[session] = [world.now]
    }

    mutating func renewed(_ session: SessionID, _ world: World) {
        world.evidence.renewals += 1
        beats[session] = (beats[session] ?? []).suffix(20) + [world.now]
        // Half a second is more than any answer takes, and less than any renewal.
    }

    /// A session may only be declared dead that has not moved for 1.2 terms of the fastest clock.
    mutating func expired(_ session: SessionID, observed beat: Beat, _ world: World) {
        let rest = world.now - (beats[session]?.last ?? 0)
        let least = world.setup.term * 12 / 10 * 8 / 10 - 50
        let isGone = world.store.model.sessions.first { $0.id == session }?.isGone == true
        if rest < least, !isGone {
            report("I12", "\(session)", "declared dead \(rest) ms after it was renewed", world)
        }
    }

    mutating func ended(_ session: SessionID, _ world: World) {
        for (run, claim) in claimed where claim.record.session == session && claim.state.isOpen {
            if world.store.model.run(run)?.state == .lost { close(run, .lost, world) }
        }
    }

    // MARK: Edits (I8)

    mutating func committed(_ batch: ChangeBatch, _ world: World) {
        for record in batch.records where record.key.kind == .job {
            // The same commit again changes nothing.
            if edits[record.uid]?.contains(where: { $0.revision == record.revision }) == true {
                continue
            }
            let job = record.isDeleted ? nil : world.job(of: record)
            let cursor = world.store.model.cursor(of: record.uid) ?? record.createdAt
            let isFull = job.map { $0.eras.count >= JobSpec.eraLimit } ?? false
            if let last = edits[record.uid]?.last, record.revision <= last.revision {
                report("I8", record.key.name, "\(record.revision) after \(last.revision)", world)
            }
            edits[record.uid, default: []].append(
                Edit(
                    revision: record.revision,
                    key: record.key,
                    job: job,
                    digest: record.digest,
                    createdAt: record.createdAt,
                    declaredAt: record.updatedAt,
                    committedAt: world.now,
                    storeClock: world.storeClock,
                    hasForgottenEra: isFull && (job?.eras.first.map { cursor < $0.until } ?? false)
                )
            )
            cursors[record.uid] = cursors[record.uid] ?? cursor
        }
    }

    /// The editor was told that it is done.
    mutating func acknowledged(_ uid: UID, _ revision: Revision) {
        guard let place = edits[uid]?.lastIndex(where: { $0.revision == revision }) else { return }
        edits[uid]?[place].isAcknowledged = true
    }

    mutating func declared(_ uid: UID, _ revision: Revision, from instant: Instant) {
        guard let place = edits[uid]?.lastIndex(where: { $0.revision == revision }) else { return }
        edits[uid]?[place].declaredAt = instant
    }

    mutating func triggered(_ trigger: Trigger) { manual.insert(trigger.key) }

    // MARK: Claims (I1, I5, I8, I9, I10, I13, I14)

    mutating func claimed(
        _ items: [ClaimItem],
        _ outcomes: [ClaimOutcome],
        by session: SessionID,
        as id: RequestID,
        from sender: Int,
        _ world: World
    ) {
        let isOfInstants = items.contains(where: \.isOfInstants)
        if isOfInstants { world.evidence.claims += 1 } else { world.evidence.triggerClaims += 1 }
        // The same claim again has the same answer and changes nothing.
        guard wonRequests[id] == nil else { return }
        var hasWon = false
        for (item, outcome) in zip(items, outcomes) {
            guard case .won(let grants) = outcome else { continue }
            hasWon = true
            check(item, grants, world)
            for grant in grants { take(grant, under: item, from: session, world) }
        }
        guard hasWon else { return }
        if isOfInstants { world.evidence.wonClaims += 1 }
        wonRequests[id] = world.now
        if !world.store.model.isLive(session) {
            report("I2", "\(session)", "a dead session has claimed", world)
        }
        let told = world.nodes[sender].toldWrites
        let head = world.store.model.identity(at: world.storeClock)
        if told.epoch == head.head.revision.epoch, told.writes > head.writes {
            let text =
                "claims at write \(head.writes) of a store that had told it of \(told.writes)"
            report("I14", world.nodes[sender].name.text, text, world)
        }
    }

    private mutating func check(_ item: ClaimItem, _ grants: [Grant], _ world: World) {
        guard let edit = current(item.job) else { return }
        let name = edit.key.name
        if item.revision != edit.revision {
            report("I8", name, "claimed under \(item.revision), now \(edit.revision)", world)
        }
        guard case .instants(let from, let to, let runs, _) = item.subject else { return }
        let before = cursors[item.job] ?? from
        let after = world.store.model.cursor(of: item.job) ?? to
        if from != before { report("I10", name, "claimed from \(from), not \(before)", world) }
        if after < before { report("I10", name, "cursor from \(before) to \(after)", world) }
        cursors[item.job] = after
        moves[item.job, default: []].append(Move(to: after, at: world.now))
        if to > world.storeClock.advanced(by: .milliseconds(500)) {
            report("I13", name, "\(to) was claimed at \(world.storeClock)", world)
        }
        let catchUps = runs.count { $0.cause == .catchUp }
        let isLegal =
            switch edit.job?.spec.misfire {
            case .latest?: catchUps <= 1
            case .skip?: catchUps == 0
            case .all(let limit)?: catchUps <= limit
            case nil: false
            }
        if !isLegal { report("I17", name, "\(catchUps) runs to catch up", world) }
    }

    private mutating func take(
        _ grant: Grant,
        under item: ClaimItem,
        from session: SessionID,
        _ world: World
    ) {
        guard let record = world.store.model.run(grant.run), let edit = current(item.job) else {
            return report("I2", "\(grant.run)", "granted without a record", world)
        }
        let name = edit.key.name
        if let last = fences[item.job], grant.fence <= last {
            report("I5", name, "\(grant.fence) after \(last)", world)
        }
        fences[item.job] = grant.fence
        if let other = runsOfKeys[grant.key] {
            report("I1", name, "\(grant.key) is claimed as \(other) and \(grant.run)", world)
        }
        runsOfKeys[grant.key] = grant.run
        open[item.job, default: 0] += 1
        let capacity =
            switch edit.job?.spec.overlap {
            case .allow(let limit)?: limit ?? .max
            case .forbid?, .queue?, .replace?: 1
            case nil: 0
            }
        if open[item.job, default: 0] > capacity {
            report("I9", name, "\(open[item.job, default: 0]) open runs of \(capacity)", world)
        }
        claimed[grant.run] = Claimed(record: record, digest: edit.digest, at: world.now)
    }

    // MARK: Ends (I6)

    mutating func finished(
        _ completions: [Completion],
        _ outcomes: [FinishOutcome],
        _ world: World
    ) {
        world.evidence.finishes += 1
        for (completion, outcome) in zip(completions, outcomes) {
            guard case .recorded = outcome, let claim = claimed[completion.run] else { continue }
            let name = claim.record.name.name
            if completion.fence != claim.record.fence {
                report("I6", name, "finished under \(completion.fence)", world)
            }
            guard claim.state.isOpen else {
                if claim.state != completion.state {
                    let text = "\(completion.run) was \(claim.state), is \(completion.state)"
                    report("I6", name, text, world)
                }
                continue
            }
            close(completion.run, completion.state, world)
        }
    }

    mutating func lost(_ records: [RunRecord], _ world: World) {
        for record in records { close(record.id, .lost, world) }
    }

    private mutating func close(_ run: RunID, _ state: RunState, _ world: World) {
        guard let claim = claimed[run], claim.state.isOpen else { return }
        claimed[run]?.state = state
        claimed[run]?.closedAt = world.now
        open[claim.record.key.job, default: 0] -= 1
    }

    // MARK: Starts (I2, I3, I4, I7, I13, I15)

    mutating func started(_ start: Evidence.Start, on node: SimulatedNode, _ world: World) {
        let key = start.key
        guard let claim = claimed[start.run], claim.record.fence == start.fence else {
            return report("I2", start.name, "\(start.run) was started without a claim", world)
        }
        // A run that was taken over and pruned meanwhile had its claim.
        if !claim.isForgotten, world.store.model.run(start.run) == nil,
            !world.evidence.archived.contains(where: { $0.id == start.run })
        {
            report("I2", start.name, "the store knows nothing of \(start.run)", world)
        }
        if !startedRuns.insert(start.run).inserted {
            report("I3", start.name, "\(start.run) was started twice", world)
        }
        if let other = startsOfKeys[key] {
            if claimed[other]?.isForgotten == true {
                world.evidence.repeatsAfterRollback += 1
            } else {
                report("I3", start.name, "\(key) was started as \(other) and \(start.run)", world)
            }
        }
        startsOfKeys[key] = start.run
        checkAttempts(start, claim, world)
        let body = world.evidence.bodies[start.run]
        if let body, body.digest != claim.digest {
            report("I15", start.name, "a body was run that is not the store's", world)
        }
        guard body?.isStopped != true, let session = start.session,
            !endedByOperator.contains(session), !claim.isForgotten
        else { return }
        let reading = node.clock.boot(at: world.now)
        if reading > node.provenUntil {
            let text = "started \(reading - node.provenUntil) ms after trust had ended"
            report("I7", start.name, text, world)
        }
        if !world.store.model.isLive(session) {
            report("I7", start.name, "started under the dead \(session)", world)
        }
    }

    private mutating func checkAttempts(
        _ start: Evidence.Start,
        _ claim: Claimed,
        _ world: World
    ) {
        let whole = RunKey(job: start.key.job, instant: start.key.instant)
        startsOfInstants[whole, default: 0] += claim.isForgotten ? 0 : 1
        guard let spec = current(start.key.job)?.job?.spec, spec.retries.limit == 0,
            spec.nodeLoss == .lost, (edits[start.key.job]?.count ?? 0) == 1,
            startsOfInstants[whole, default: 0] > 1, world.evidence.rollbacks == 0
        else { return }
        report("I4", start.name, "\(start.key.instant) was started more than once", world)
    }

    // MARK: A store that went back

    /// The store is as it was at `time`: what it has forgotten is put aside.
    ///
    /// `isSilent`: Nobody was told of what is gone.
    mutating func rolledBack(to time: Int64, isSilent: Bool, _ world: World) {
        if !isSilent { world.evidence.rollbacks += 1 }
        let model = world.store.model
        wonRequests = wonRequests.filter { $0.value <= time }
        for (run, claim) in claimed {
            if let record = model.run(run) {
                claimed[run]?.state = record.state
            } else if claim.at > time {
                claimed[run]?.isForgotten = !isSilent
                if runsOfKeys[claim.record.key] == run { runsOfKeys[claim.record.key] = nil }
                let key = RunKey(job: claim.record.key.job, instant: claim.record.key.instant)
                startsOfInstants[key] = nil
            }
        }
        open = [:]
        for run in model.openRuns { open[run.key.job, default: 0] += 1 }
        fences = [:]
        for run in model.runs {
            fences[run.key.job] = max(fences[run.key.job] ?? run.fence, run.fence)
        }
        for uid in edits.keys {
            edits[uid]?.removeAll { $0.committedAt > time }
            cursors[uid] = model.cursor(of: uid)
            moves[uid]?.removeAll { $0.at > time }
        }
        // The last renewals are gone: either nobody was told of them, or everybody is of that.
        for session in beats.keys { beats[session]?.removeAll { $0 > time } }
        known = known.filter { id in model.sessions.contains { $0.id == id } }
    }

    mutating func accepted(_ world: World) {
        acceptedAt.append(world.now)
        for session in world.store.model.sessions { endedByOperator.insert(session.id) }
        for (run, claim) in claimed where claim.state.isOpen && !claim.isForgotten {
            close(run, .lost, world)
        }
        for uid in edits.keys {
            guard let cursor = world.store.model.cursor(of: uid) else { continue }
            cursors[uid] = cursor
            moves[uid, default: []].append(Move(to: cursor, at: world.now))
        }
    }
}

extension ClaimItem {
    fileprivate var isOfInstants: Bool {
        if case .instants = subject { true } else { false }
    }
}
