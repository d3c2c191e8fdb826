// Claims: one transaction for many jobs, each of which is decided alone.

package import Vocabulary

extension EtcdLeaseStore {
    /// The least room for what is written of one job, one level of it.
    private static let jobWidth = 16

    package func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) async throws(StoreError) -> [ClaimOutcome] {
        for item in items { item.checkPlan() }
        try await ready()
        let parts = ClaimParts(items)
        var attempts: [ClaimAttempt] = []
        for (number, part) in parts.ranges.enumerated() {
            // A repetition has the same items, so it is cut into the same parts.
            let name = number == 0 ? id : RequestID("\(id.text)+\(number)")
            attempts.append(ClaimAttempt(session: session, id: name, items: Array(items[part])))
        }
        guard attempts.count > 1 else { return try await outcomes(of: attempts[0]) }
        return try await all(attempts, atOnce: parts.shareJobs ? 1 : attempts.count)
    }

    /// Makes the parts of one claim at the same time; none waits for another.
    private func all(
        _ attempts: [ClaimAttempt],
        atOnce width: Int
    ) async throws(StoreError) -> [ClaimOutcome] {
        typealias Part = (number: Int, result: Result<[ClaimOutcome], StoreError>)
        let parts = await withTaskGroup(of: Part.self) { group in
            var parts: [Part] = []
            for (number, attempt) in attempts.enumerated() {
                if number >= width, let part = await group.next() { parts.append(part) }
                group.addTask {
                    do throws(StoreError) {
                        return (number, .success(try await self.outcomes(of: attempt)))
                    } catch {
                        return (number, .failure(error))
                    }
                }
            }
            for await part in group { parts.append(part) }
            return parts
        }.sorted { $0.number < $1.number }
        var outcomes: [ClaimOutcome] = []
        var failure: StoreError?
        for part in parts {
            switch part.result {
            case .success(let some): outcomes += some
            case .failure(let error): failure = failure?.worse(error) ?? error
            }
        }
        guard let failure else { return outcomes }
        throw outcomes.contains(where: \.isWon) ? failure.partlyApplied : failure
    }

    private func outcomes(of attempt: ClaimAttempt) async throws(StoreError) -> [ClaimOutcome] {
        var attempt = attempt
        do throws(StoreError) {
            try await decide(&attempt)
        } catch {
            throw attempt.place == nil ? error : error.partlyApplied
        }
        return attempt.outcomes.compactMap { $0 }
    }

    /// Decides until every item has its outcome.
    private func decide(_ attempt: inout ClaimAttempt) async throws(StoreError) {
        var isCached = true
        var rounds = 0
        while true {
            let places = requestKeys(attempt.id)
            guard let slice = try await slice(for: &attempt, places, cached: isCached) else {
                isCached = false
                continue
            }
            if attempt.open.isEmpty, !attempt.items.isEmpty { return }
            var model = slice.model
            let items = attempt.openItems
            let decided = try model.claim(
                attempt.session,
                id: attempt.id,
                items: items,
                at: gateway.clock
            )
            let winsAll = !decided.isEmpty && decided.allSatisfy(\.isWon)
            // What is cached may be old: it is good enough to win by, since that is checked, but
            // not to number triggers by.
            guard !isCached || winsAll && !slice.movesCounters(model) else {
                isCached = false
                continue
            }
            guard decided.contains(where: \.isWon) else {
                attempt.settle(decided) { _ in true }
                return
            }
            try await write(&attempt, slice, model, decided, places)
            if attempt.open.isEmpty { return }
            isCached = false
            rounds += 1
            try await rest(rounds, "claim \(attempt.id)")
        }
    }

    /// Writes what was decided; what others were faster with stays open.
    private func write(
        _ attempt: inout ClaimAttempt,
        _ slice: EtcdSlice,
        _ model: StoreModel,
        _ decided: [ClaimOutcome],
        _ places: [EtcdKey]
    ) async throws(StoreError) {
        let delta = StoreDelta(from: slice.model, to: model)
        var jobs = slice.jobWrites(delta, to: model, keys)
        let calendars = slice.calendars(of: jobs.map(\.job), in: attempt, keys)
        var transaction = EtcdTransaction(
            conditions: [.exists(keys.living(attempt.session))] + places.map(slice.unchanged)
        )
        if calendars.all.count + jobs.count + Self.jobWidth + 8 <= EtcdTransaction.width {
            // Several jobs go by one calendar as a rule; its edit has all of them decided anew.
            transaction.conditions += calendars.all.sorted().map(slice.unchanged)
        } else {
            for index in jobs.indices {
                let own = calendars.byJob[jobs[index].job] ?? []
                jobs[index].conditions += own.sorted().map(slice.unchanged)
            }
        }
        var beat: [KeyOperation] = [.put(places[0], attempt.memory(with: decided).bytes)]
        // However many rounds it takes, a claim is one renewal.
        if attempt.place == nil { beat.append(.touch(keys.living(attempt.session))) }
        if let (condition, operation) = slice.counterWrite(to: model, keys) {
            transaction.conditions.append(condition)
            beat.append(operation)
        }
        let form = ClaimForm(jobs.count)
        form.fill(&transaction, with: jobs, beat) { slice.isLost($0, keys) }
        let answer = try await send(transaction)
        guard answer.isSuccess else {
            cache.forget(jobs.map(\.job), session: attempt.session)
            return
        }
        let revision = answer.header.revision ?? 0
        let lost = cache.note(jobs, form.steps(of: answer, after: beat.count), at: revision)
        if lost.count < jobs.count || form.alwaysBeats { attempt.place = (places[0], revision) }
        attempt.settle(decided) { !lost.contains($0.job) }
    }

    // MARK: What a claim reads

    /// What the open items are decided by; `nil`: not everything is cached.
    private func slice(
        for attempt: inout ClaimAttempt,
        _ places: [EtcdKey],
        cached isCached: Bool
    ) async throws(StoreError) -> EtcdSlice? {
        isCached ? cachedSlice(for: attempt) : try await load(for: &attempt, places)
    }

    private func cachedSlice(for attempt: ClaimAttempt) -> EtcdSlice? {
        guard let session = cache.sessions[attempt.session] else { return nil }
        var slice = slice()
        slice.note(session: attempt.session, session)
        for item in attempt.openItems {
            guard let room = cache[item.job], let gate = room.gate,
                let cursor = room.cursor, item.needsNothingMore(of: cursor, gate)
            else { return nil }
            slice.note(room, of: item.job)
            for mark in item.calendars {
                let name = ObjectKey(tenant: gate.name.tenant, kind: .calendar, name: mark.name)
                let key = keys.object(name)
                guard let calendar = cache.calendars[key] else { return nil }
                slice.model.objects[name] = calendar.record
                slice.revisions[key] = calendar.revision
            }
        }
        return slice
    }

    private func load(
        for attempt: inout ClaimAttempt,
        _ places: [EtcdKey]
    ) async throws(StoreError) -> EtcdSlice {
        let items = attempt.openItems
        let jobs = Array(Set(items.map(\.job))).sorted()
        let fixed: [KeyRange] = [.one(keys.living(attempt.session)), .one(keys.counters)]
        let reading = try await read(
            fixed + places.map(KeyRange.one) + jobs.map { .all(under: keys.job($0)) }
        )
        var slice = slice()
        try self.reading("session \(attempt.session)") { () throws(UnreadableValue) in
            try slice.note(session: attempt.session, reading.answers[0].entries.first)
        }
        cache.sessions[attempt.session] = slice.sessions[attempt.session]
        try note(counters: reading.answers[1], in: &slice)
        let kept = try remembered(places, reading.answers[2..<4], in: &slice)
        try note(jobs, Array(reading.answers[4...]), in: &slice)
        let runs = kept == nil ? [] : attempt.openItems.flatMap(\.runIDs)
        try await load(restOf: items, runs, at: reading.revision, into: &slice)
        // The first time only: later it is what this very call has written.
        if let kept, attempt.place == nil {
            guard slice.sessions[attempt.session] != nil else { throw .sessionLost }
            try attempt.recall(kept, slice)
        }
        return slice
    }

    /// What the decision needs beyond cursors: named triggers, those a policy asks for, open runs
    /// that it may kill, calendars; and, of a repetition, the runs it may have won.
    private func load(
        restOf items: [ClaimItem],
        _ runs: [RunID],
        at revision: Int64,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        var triggers: [EtcdKey] = []
        var wanted = runs
        var calendars: [ObjectKey] = []
        for item in items {
            guard let room = slice.rooms[item.job], let gate = room.gate, let cursor = room.cursor
            else { continue }
            switch item.subject {
            case .trigger(let id, run: _): triggers.append(keys.waiting(id, of: item.job))
            case .instants:
                triggers += cursor.special.map { keys.waiting($0, of: item.job) }
                if gate.gate.overlap == .replace {
                    wanted += try await openRuns(of: item.job, in: slice, at: revision)
                }
            }
            for mark in item.calendars {
                calendars.append(
                    ObjectKey(tenant: gate.name.tenant, kind: .calendar, name: mark.name)
                )
            }
        }
        calendars = Array(Set(calendars)).sorted()
        let ranges = triggers.map(KeyRange.one) + calendars.map { .one(keys.object($0)) }
        if !ranges.isEmpty {
            let reading = try await read(ranges, at: revision)
            for entry in reading.answers[..<triggers.count].compactMap(\.entries.first) {
                try note(waiting: entry, in: &slice)
            }
            for (name, answer) in zip(calendars, reading.answers[triggers.count...]) {
                let place = keys.object(name)
                try self.reading("\(name)") { () throws(UnreadableValue) in
                    try slice.note(object: name, at: place, answer)
                }
                guard let record = slice.model.objects[name] else { continue }
                cache.note(record, at: place, revision: slice.revisions[place] ?? 0)
            }
        }
        try await load(runs: wanted, at: revision, into: &slice)
    }

    package func cursors(of jobs: [UID]) async throws(StoreError) -> [UID: Instant] {
        try await ready()
        var slice = slice()
        let reading = try await read(jobs.map { .all(under: keys.job($0)) })
        try note(jobs, reading.answers, in: &slice)
        return slice.model.jobs.filter { !$1.cursor.isDeleted }.mapValues(\.cursor.at)
    }
}

extension EtcdSlice {
    /// The calendars that the open items of `jobs` go by.
    fileprivate func calendars(
        of jobs: [UID],
        in attempt: ClaimAttempt,
        _ keys: StoreKeys
    ) -> (all: Set<EtcdKey>, byJob: [UID: Set<EtcdKey>]) {
        var all: Set<EtcdKey> = []
        var byJob: [UID: Set<EtcdKey>] = [:]
        let jobs = Set(jobs)
        for item in attempt.openItems where jobs.contains(item.job) {
            guard let tenant = rooms[item.job]?.gate?.name.tenant else { continue }
            for mark in item.calendars {
                let name = ObjectKey(tenant: tenant, kind: .calendar, name: mark.name)
                all.insert(keys.object(name))
                byJob[item.job, default: []].insert(keys.object(name))
            }
        }
        return (all, byJob)
    }

    /// The condition that somebody has changed a job's cursor since it was read.
    fileprivate func isLost(_ uid: UID, _ keys: StoreKeys) -> KeyCondition {
        .changed(keys.cursor(uid), since: rooms[uid]?.cursorRevision ?? 0)
    }
}

extension ClaimItem {
    /// Whether a job's two keys are all that decides about this item.
    fileprivate func needsNothingMore(of cursor: CursorValue, _ gate: GateValue) -> Bool {
        switch subject {
        case .trigger: false
        case .instants:
            cursor.special.isEmpty && (gate.gate.overlap != .replace || cursor.open.count == 0)
        }
    }
}
