// What the store does with a call that has arrived, by the real model or by a mistake.

internal import LockLease
internal import Vocabulary

extension World {
    func serve(_ request: StoreRequest, from sender: Int) -> StoreReply {
        let clock = storeClock
        do throws(StoreError) {
            switch request {
            case .identify: return .identity(store.model.identity(at: clock))
            case .open(let node, let term): return .session(try open(node, term))
            case .renew(let session):
                let renewal = try store.model.renew(session)
                inspector.renewed(session, self)
                return .renewal(renewal)
            case .sessions: return .views(store.model.sessions)
            case .expire(let session, let beat): return .expired(expire(session, beat))
            case .takeOver(let dead, let session): return try takeOver(dead, by: session)
            case .close(let session):
                try store.model.closeSession(session, at: clock)
                inspector.ended(session, self)
                return .done
            case .claim(let session, let id, let items):
                return .outcomes(try claim(session, id, items, from: sender))
            case .cursors(let uids):
                var cursors: [UID: Instant] = [:]
                for uid in uids { cursors[uid] = store.model.cursor(of: uid) }
                return .cursors(cursors)
            case .finish(let session, let completions):
                return .finished(finish(session, completions))
            case .triggers:
                return .triggers(
                    store.model.dueTriggers(limit: 1_000, at: clock),
                    next: store.model.nextTrigger(at: clock)
                )
            case .head: return .pulse(store.model.pulse)
            case .changes(let revision):
                return .changes(try store.model.changes(after: revision, limit: 1_000))
            case .snapshot:
                let (records, position) = store.model.snapshot()
                return .snapshot(records, position)
            case .object(let key): return .object(store.model.object(key))
            case .runs(let ids): return .runs(ids.compactMap { store.model.run($0) })
            case .commit, .trigger, .kill, .prune, .accept: return try serveMaster(request)
            }
        } catch {
            return .failed(error)
        }
    }

    private func serveMaster(_ request: StoreRequest) throws(StoreError) -> StoreReply {
        let clock = storeClock
        switch request {
        case .commit(let edits, let id):
            let batch = try store.model.commit(edits, id: id, author: "somebody", at: clock)
            inspector.committed(batch, self)
            if let declaredAt = master?.declaredAt[id] {
                for record in batch.records {
                    inspector.declared(record.uid, record.revision, from: declaredAt)
                }
            }
            return .committed(batch)
        case .trigger(let key, let id):
            let trigger = try store.model.trigger(key, id: id, author: "somebody", at: clock)
            inspector.triggered(trigger)
            return .triggered(trigger)
        case .kill(let order): return .runs(store.model.kill(order).map { [$0] } ?? [])
        case .prune(let retention):
            let before = store.model.runs
            _ = store.model.prune(retention, at: clock)
            evidence.archive(before, keptBy: store.model)
            return .done
        case .accept:
            let identity = store.model.acceptHistory(at: clock)
            inspector.accepted(self)
            return .identity(identity)
        case _: return .done
        }
    }

    private func open(_ node: NodeIdentity, _ term: Duration) throws(StoreError) -> SessionID {
        if mutant == .sessionReused, let last = store.model.sessions.last, !last.isLive {
            store.model.forgeNextSession(last.id)
        }
        let session = try store.model.openSession(node, term: term, at: storeClock)
        inspector.opened(session, node.name, self)
        return session
    }

    private func expire(_ session: SessionID, _ beat: Beat) -> Bool {
        var observed = beat
        if mutant == .expireWithoutBeat,
            let view = store.model.sessions.first(where: { $0.id == session })
        {
            observed = view.beat
        }
        let isDead = store.model.expire(session, observed: observed, at: storeClock)
        if isDead { inspector.expired(session, observed: beat, self) }
        return isDead
    }

    private func takeOver(
        _ dead: SessionID,
        by session: SessionID
    ) throws(StoreError) -> StoreReply {
        guard mutant != .noTakeover else { return .lost([]) }
        let lost = try store.model.takeOver(dead, by: session, limit: 100, at: storeClock)
        inspector.lost(lost, self)
        return .lost(lost)
    }

    // MARK: Claims

    private func claim(
        _ session: SessionID,
        _ id: RequestID,
        _ items: [ClaimItem],
        from sender: Int
    ) throws(StoreError) -> [ClaimOutcome] {
        let taken = mutated(items)
        var clock = storeClock
        if mutant == .futureTaken { clock = clock.advanced(by: .seconds(600)) }
        var claimant = session
        if mutant == .deadSessionClaims, !store.model.isLive(session),
            let other = store.model.sessions.first(where: \.isLive)
        {
            claimant = other.id
        }
        let outcomes = try store.model.claim(claimant, id: id, items: taken, at: clock)
        inspector.claimed(items, outcomes, by: session, as: id, from: sender, self)
        if mutant == .queueDropped {
            for trigger in store.model.waiting where trigger.cause == .queued {
                store.model.forgeWaiting(trigger.id)
            }
        }
        return outcomes
    }

    private func mutated(_ items: [ClaimItem]) -> [ClaimItem] {
        switch mutant {
        case .cursorNotCompared, .recordsInsteadOfCursor:
            for item in items {
                guard case .instants(let from, _, let runs, _) = item.subject,
                    let cursor = store.model.cursor(of: item.job), from < cursor
                else { continue }
                if mutant == .recordsInsteadOfCursor, isRecorded(item.job, runs, from) { continue }
                store.model.forgeCursor(of: item.job, at: from)
            }
        case .fenceNotRaised:
            for item in items {
                guard case .trigger(let id, _) = item.subject,
                    let trigger = store.model.waiting.first(where: { $0.id == id }),
                    trigger.key.attempt > 1, let fence = inspector.lastFence(of: item.job)
                else { continue }
                store.model.forgeFence(of: item.job, next: fence)
            }
        case .overlapIsLocal:
            for item in items { store.model.forgeRoom(of: item.job) }
        case .staleRevisionTaken:
            return items.map { item in
                guard let current = inspector.revision(of: item.job) else { return item }
                return ClaimItem(
                    job: item.job,
                    revision: current,
                    subject: item.subject,
                    calendars: item.calendars
                )
            }
        case .silentSkip:
            return items.map { item in
                guard case .instants(let from, let to, let runs, _) = item.subject else {
                    return item
                }
                return ClaimItem(
                    job: item.job,
                    revision: item.revision,
                    subject: .instants(from: from, to: to, runs: runs, skips: []),
                    calendars: item.calendars
                )
            }
        case _: break
        }
        return items
    }

    private func isRecorded(_ job: UID, _ runs: [PlannedRun], _ from: Instant) -> Bool {
        let wanted = Set(runs.map(\.instant))
        guard !wanted.isEmpty else { return true }
        // What is closed has been pruned.
        return store.model.openRuns.contains {
            $0.key.job == job && wanted.contains($0.key.instant)
        }
            || store.model.skips(of: job).contains { skip in
                wanted.contains { skip.from < $0 && $0 <= skip.through }
            }
    }

    private func finish(
        _ session: SessionID,
        _ completions: [Completion]
    ) -> [FinishOutcome] {
        var (session, completions) = (session, completions)
        if mutant == .finishWithoutFence {
            for completion in completions { store.model.forgeOpen(completion.run) }
            if let run = completions.first.flatMap({ store.model.run($0.run) }) {
                session = run.session
            }
            completions = completions.filter { store.model.run($0.run)?.session == session }
        }
        let outcomes = store.model.finish(session, completions: completions, at: storeClock)
        inspector.finished(completions, outcomes, self)
        return outcomes
    }
}
