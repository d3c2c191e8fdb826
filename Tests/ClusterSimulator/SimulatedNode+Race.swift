// The scheduler's core at work: what `Dispatcher` does.

internal import LockLease
internal import PeerNode
internal import Scheduler
internal import Vocabulary

extension SimulatedNode {
    var freeSlots: Int { isLeaving ? 0 : max(0, world.setup.slots - openRuns.count) }

    func handle(_ event: SchedulerEvent) {
        for action in scheduler.handle(event, at: moment) {
            switch action {
            case .claim(let id, let items): claim(id, items)
            case .start(let grant): start(grant)
            case .readCursors(let uids): readCursors(uids)
            case .settle(let notes): tell(.settled(notes))
            case .pass(let notes): tell(.passed(notes, by: name))
            case .ran(let placements): tell(.ran(placements))
            case .wake(let instant): wake(at: instant)
            case .refresh: catchUp()
            }
        }
    }

    /// The product looks at the wall clock once a second, in case it was set; here a clock that is
    /// set tells its node.
    private func wake(at instant: Instant) {
        let reading = world.time(of: instant)
        let due = clock.time(ofWall: reading, from: world.now)
        if let wakeAt, wakeAt <= due, wakeAt > world.now { return }
        wakeAt = due
        world.after(due - world.now, on: self, "wake") { [unowned self] in
            guard wakeAt == due else { return }
            wakeAt = nil
            handle(SchedulerEvent.deadlineReached)
        }
    }

    /// The wall clock was set; within a second the process notices.
    func clockWasSet() {
        guard isUp else { return }
        wakeAt = nil
        world.after(world.draw(1...1_000), on: self, "clock") { [unowned self] in
            handle(SchedulerEvent.deadlineReached)
        }
        world.announceMembers()
        // Clocks are measured with every packet, whoever is known to be alive.
        for other in world.nodes where other.isUp {
            world.after(world.draw(500...3_000), on: other, "offset") { [unowned other] in
                other.lookAtClock()
            }
        }
    }

    /// Within a moment everybody sees whose clock is off.
    func lookAtClock() {
        let ours = clock.wall(at: world.now)
        let offsets = world.nodes.filter { other in
            other !== self && other.isUp && world.network.connects(index, other.index)
                && members.contains { $0.name == other.name }
        }.map { $0.clock.wall(at: world.now) - ours }
        clockVerdict.judge(among: offsets)
        world.evidence.doubt(index, clockVerdict.isDoubtful, at: world.now)
        let wasSplit = clockWatch.isSplit
        _ = clockWatch.look(among: offsets.map { Duration.milliseconds($0) })
        let isNews = clockWatch.isOut != isClockOff
        isClockOff = clockWatch.isOut
        if isNews || clockWatch.isSplit != wasSplit { enter() }
        guard isNews else { return }
        world.say("\(name) \(isClockOff ? "keeps out for its clock" : "trusts its clock again")")
        world.announceMembers()
    }

    func learnMembers(_ nodes: [SimulatedNode]) {
        let ours = clock.wall(at: world.now)
        members = nodes.map { other in
            var candidate = Candidate(
                name: other.name,
                tags: other.tags,
                isDraining: other.isLeaving
            )
            candidate.isClockOff = other.isClockOff
            candidate.zoneData = "2026a"
            candidate.running = other.openRuns.count
            candidate.slots = world.setup.slots
            candidate.clockOffset = .milliseconds(other.clock.wall(at: world.now) - ours)
            return candidate
        }
        enter()
    }

    /// Lets the scheduler know who takes part: of itself a node knows more than it was told, and
    /// where most clocks differ, all are in doubt.
    private func enter() {
        let candidates = members.map { member in
            var candidate = member
            if member.name == name { candidate.isClockOff = isClockOff }
            if clockWatch.isSplit { candidate.isClockOff = true }
            return candidate
        }
        handle(.members(candidates))
    }

    private func tell(_ event: SchedulerEvent) {
        for other in world.nodes where other !== self && other.isUp {
            world.carry(from: index, to: other, "note") { [unowned other] in
                other.handle(event)
            }
        }
    }

    /// Looks up where jobs last ran that stay where they were.
    func readPlacements(_ uids: [UID]) {
        for uid in uids {
            ask(.lastRun(uid)) { [unowned self] reply in
                guard case .runs(let runs) = reply, let last = runs.first else { return }
                handle(.ran([Placement(job: uid, node: last.node, fence: last.fence)]))
            }
        }
    }

    private func readCursors(_ uids: [UID]) {
        ask(.cursors(uids)) { [unowned self] reply in
            if case .cursors(let cursors) = reply {
                handle(.cursors(cursors))
            } else {
                handle(.cursorsUnavailable(uids))
            }
        }
    }

    // MARK: Claims

    private func claim(_ id: RequestID, _ planned: [ClaimItem]) {
        guard let session else { return handle(.claimRefused(id)) }
        let items = world.mutant == .onlyFirstClaims ? planned.filter(isFirst) : planned
        guard !items.isEmpty, items.count == planned.count else { return handle(.claimRefused(id)) }
        if world.mutant == .overlapIsLocal, items.contains(where: { isBusyHere($0.job) }) {
            return handle(.claimRefused(id))
        }
        if world.mutant == .unknownIsRead, claims[id] != nil { return read(id, items, session) }
        claims[id] = items
        var wire = id
        if world.mutant == .newIDForUnknown {
            wireIDs[id, default: 0] += 1
            wire = RequestID("\(id.text) \(wireIDs[id, default: 0])")
        }
        ask(.claim(session, wire, items)) { [unowned self] reply in
            conclude(id, reply, session)
        }
        reach(.afterSendBeforeAnswer)
    }

    private func conclude(_ id: RequestID, _ reply: StoreReply, _ session: SessionID) {
        switch reply {
        case .outcomes(let outcomes):
            claims[id] = nil
            // Grants of a session that has ended meanwhile are lost already; nothing may start.
            guard session == self.session else { return handle(.claimRefused(id)) }
            handle(.claimed(id, outcomes))
        case .failed(let error) where error.isUnknown && world.mutant != .unknownIsRefused:
            handle(.claimUnknown(id))
        case _:
            claims[id] = nil
            handle(.claimRefused(id))
        }
    }

    /// The mistake: an unknown outcome is looked up instead of being claimed again.
    private func read(_ id: RequestID, _ items: [ClaimItem], _ session: SessionID) {
        let wanted = items.map(\.plannedRuns)
        ask(.runs(wanted.flatMap { $0 })) { [unowned self] reply in
            guard case .runs(let found) = reply else { return handle(.claimUnknown(id)) }
            claims[id] = nil
            guard session == self.session else { return handle(.claimRefused(id)) }
            let outcomes = zip(items, wanted).map { item, runs -> ClaimOutcome in
                let grants = found.filter { runs.contains($0.id) }.map { run in
                    Grant(
                        run: run.id,
                        key: run.key,
                        cause: run.cause,
                        fence: run.fence,
                        digest: known[item.job]?.digest ?? .zero
                    )
                }
                return .won(grants)
            }
            guard !found.isEmpty else { return handle(.claimRefused(id)) }
            handle(.claimed(id, outcomes))
        }
    }

    private func isFirst(_ item: ClaimItem) -> Bool {
        let selector = known[item.job]?.entry.job.spec.selector ?? NodeSelector()
        let eligible = members.filter { selector.matches(name: $0.name, tags: $0.tags) }
        return VirtualShard(of: item.job).ranked(eligible.map(\.name)).first == name
    }

    private func isBusyHere(_ job: UID) -> Bool {
        runs.values.contains { $0.order.grant.key.job == job }
    }

    // MARK: Starting

    private func start(_ grant: Grant) {
        guard let session else { return }
        openRuns[grant.run] = session
        guard let known = known[grant.key.job] else {
            return refuse(grant, "the job is not in this node's list")
        }
        guard known.digest == grant.digest || world.mutant == .bodyNotCompared else {
            catchUp()
            return refuse(grant, "this node's copy of the job differs from the store's")
        }
        let isTrusted = trustedUntil.map { monotonic < $0 } ?? false
        guard isTrusted || world.mutant == .startWithoutTrust else {
            return refuse(grant, "the session was no longer to be trusted")
        }
        let order = RunOrder(
            grant: grant,
            name: known.entry.name,
            spec: known.entry.job.spec,
            node: name,
            session: session
        )
        // Another loop than the dispatcher's starts it.
        reach(.afterClaimBeforeSpawn)
        let decidedAt = world.now
        world.after(0, on: self, "launch") { [unowned self] in
            // Who is stopped between looking at his trust and spawning cannot know it.
            begin(order, digest: known.digest, isStopped: world.now > decidedAt)
        }
    }

    private func refuse(_ grant: Grant, _ why: String) {
        world.say("\(name) does not start \(grant.key): \(why)")
        ended(
            RunReport(
                run: grant.run,
                key: grant.key,
                fence: grant.fence,
                state: .lost,
                exit: nil,
                reason: "not started: \(why)"
            )
        )
    }

    /// A run has ended here; its completion is on its way, its slot is free.
    func ended(_ report: RunReport) {
        guard let session = openRuns.removeValue(forKey: report.run) else { return }
        let policy = known[report.key.job]?.entry.job.spec.retries ?? RetryPolicy()
        let doublings = min(max(0, report.key.attempt - 1), 30)
        let ceiling = min(policy.backoffLimit, policy.backoff * (1 << doublings))
        completions.append(
            (
                session,
                Completion(
                    run: report.run,
                    fence: report.fence,
                    state: report.state,
                    exit: report.exit,
                    reason: report.reason,
                    retryDelay: ceiling / 2 + ceiling / 2 * (Double(world.draw(0...99)) / 100)
                )
            )
        )
        flush(in: 5)
        handle(.slots(free: freeSlots))
    }

    private func flush(in delay: Int64) {
        guard !isFlushing, !completions.isEmpty else { return }
        isFlushing = true
        world.after(delay, on: self, "flush") { [unowned self] in
            guard let session = completions.first?.session else { return }
            reach(.beforeFlush)
            world.after(0, on: self, "flush") { [unowned self] in deliver(session) }
        }
    }

    private func deliver(_ session: SessionID) {
        let batch = Array(completions.prefix { $0.session == session }.prefix(200))
        ask(.finish(session, batch.map(\.completion))) { [unowned self] reply in
            isFlushing = false
            if case .finished = reply {
                flushFailures = 0
                completions.removeFirst(batch.count)
                flush(in: 5)
            } else {
                flushFailures += 1
                flush(in: min(5_000, 50 << Int64(min(flushFailures, 7))))
            }
        }
    }
}

extension ClaimItem {
    /// The ids of the runs that it asks for.
    var plannedRuns: [RunID] {
        switch subject {
        case .instants(from: _, to: _, let runs, skips: _): runs.map(\.run)
        case .trigger(_, let run): [run]
        }
    }
}
