// The model's sessions and how runs end.

internal import Vocabulary

extension StoreModel {
    mutating func openSession(
        _ node: NodeIdentity,
        term: Duration,
        at now: Instant
    ) throws(StoreError) -> SessionID {
        for view in views() where view.isLive && view.node.name == node.name {
            guard view.isGone else { throw .nodeNameInUse(view) }
            end(view.id, at: now)
        }
        counters.sessions += 1
        let id = SessionID(counters.sessions)
        let view = SessionView(
            id: id,
            node: node,
            beat: Beat(0),
            term: .milliseconds(term.milliseconds),
            isLive: true,
            isGone: false,
            openRuns: 0
        )
        sessions[id] = Session(view: view)
        count()
        return id
    }

    /// Every session, oldest first.
    func views() -> [SessionView] {
        var counts: [SessionID: Int] = [:]
        for run in openRuns {
            if let session = runs[run]?.record.session { counts[session, default: 0] += 1 }
        }
        // Sorted by what is small: views are made once each, in their places.
        return sessions.keys.sorted().compactMap { id in
            guard let view = sessions[id]?.view else { return nil }
            return SessionView(
                id: id,
                node: view.node,
                beat: view.beat,
                term: view.term,
                isLive: view.isLive,
                isGone: gone.contains(id),
                openRuns: counts[id] ?? 0
            )
        }
    }

    mutating func renew(_ session: SessionID) throws(StoreError) -> Renewal {
        guard isLive(session) == true else { throw .sessionLost }
        let beat = raiseBeat(of: session)
        count()
        let orders = open { $0.session == session }.compactMap(\.record.kill)
        return Renewal(beat: beat, head: head, writes: counters.writes, kills: orders)
    }

    mutating func expire(_ session: SessionID, observed: Beat, at now: Instant) -> Bool {
        guard isLive(session) == true, sessions[session]?.view.beat == observed else {
            return false
        }
        end(session, at: now)
        count()
        return true
    }

    mutating func closeSession(_ session: SessionID, at now: Instant) throws(StoreError) {
        guard let isLive = isLive(session) else { throw .sessionLost }
        guard isLive else { return }
        end(session, at: now)
        var moved = false
        for run in open(where: { $0.session == session }) {
            let reason = "node \(run.record.node) ended its session"
            moved = lose(run, because: reason, at: now) || moved
        }
        count(triggers: moved)
    }

    mutating func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int,
        at now: Instant
    ) throws(StoreError) -> [RunRecord] {
        guard isLive(session) == true else { throw .sessionLost }
        guard isLive(dead) == false else { return [] }
        let lost = open { $0.session == dead }.prefix(max(0, limit))
        guard !lost.isEmpty else { return [] }
        var moved = false
        for run in lost {
            moved = lose(run, because: "node \(run.record.node) was lost", at: now) || moved
        }
        count(triggers: moved)
        return lost.compactMap { runs[$0.record.id]?.record }
    }

    mutating func finish(
        _ session: SessionID,
        completions: [Completion],
        at now: Instant
    ) -> [FinishOutcome] {
        var moved = false
        var hasChanged = false
        let outcomes = completions.map { completion -> FinishOutcome in
            let ending = completion.ending
            guard let run = runs[completion.run] else { return .noSuchRun }
            guard run.record.fence == completion.fence, run.record.session == session else {
                return .stale(run.record.state)
            }
            guard run.record.state.isOpen else {
                let isRepeated = run.record.state == completion.state
                return isRepeated ? .recorded(retry: run.retry) : .stale(run.record.state)
            }
            let (retry, hasMoved) = close(run, ending, at: now)
            moved = moved || hasMoved
            hasChanged = true
            return .recorded(retry: retry)
        }
        if hasChanged { count(triggers: moved) }
        return outcomes
    }

    func isLive(_ session: SessionID) -> Bool? {
        sessions[session]?.view.isLive
    }

    @discardableResult
    mutating func raiseBeat(of session: SessionID) -> Beat {
        guard let view = sessions[session]?.view else { return Beat(0) }
        let beat = Beat(view.beat.rawValue + 1)
        sessions[session]?.view = view.with(beat: beat, isLive: true)
        return beat
    }

    mutating func end(_ session: SessionID, at now: Instant) {
        guard let view = sessions[session]?.view else { return }
        sessions[session]?.view = view.with(beat: view.beat, isLive: false)
        sessions[session]?.endedAt = now
    }

    mutating func loseWithoutNext(_ run: StoredRun, because reason: String, at now: Instant) {
        jobs[run.record.key.job]?.cursor.open -= 1
        record(RunEnding(state: .lost, exit: nil, reason: reason, retryDelay: .zero), of: run, now)
    }

    private mutating func lose(
        _ run: StoredRun,
        because reason: String,
        at now: Instant
    ) -> Bool {
        let ending = RunEnding(state: .lost, exit: nil, reason: reason, retryDelay: .zero)
        return close(run, ending, at: now).hasMovedTriggers
    }

    private mutating func close(
        _ run: StoredRun,
        _ ending: RunEnding,
        at now: Instant
    ) -> (retry: TriggerID?, hasMovedTriggers: Bool) {
        var run = run
        let key = run.record.key
        jobs[key.job]?.cursor.open -= 1
        if let job = jobs[key.job]?.cursor, !job.isDeleted,
            let next = run.lineage.next(
                after: ending.state,
                of: run.record.id,
                isKilled: run.record.kill != nil,
                gate: job.gate
            )
        {
            run.retry =
                add(
                    RunKey(
                        job: key.job,
                        instant: key.instant,
                        shard: key.shard,
                        attempt: key.attempt + 1
                    ),
                    of: job.name,
                    next.cause,
                    next.lineage,
                    notBefore: now.advanced(by: max(.zero, ending.retryDelay))
                ).id
        }
        record(ending, of: run, now)
        return (run.retry, hasPending(key.job))
    }

    private mutating func record(_ ending: RunEnding, of run: StoredRun, _ now: Instant) {
        var run = run
        run.record.state = ending.state
        run.record.exit = ending.exit
        run.record.reason = ending.reason
        run.record.finishedAt = now
        runs[run.record.id] = run
        openRuns.remove(run.record.id)
    }
}

extension SessionView {
    fileprivate func with(beat: Beat, isLive: Bool) -> Self {
        Self(
            id: id,
            node: node,
            beat: beat,
            term: term,
            isLive: isLive,
            isGone: isGone,
            openRuns: openRuns
        )
    }
}
