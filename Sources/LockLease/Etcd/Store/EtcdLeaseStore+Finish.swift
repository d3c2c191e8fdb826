// How runs end: by a report, by a takeover, or with their session.

package import Vocabulary

extension EtcdLeaseStore {
    /// Completions of one transaction: each concerns one job at most.
    private static let completionsPerWrite = 90

    package func finish(
        _ session: SessionID,
        completions: [Completion]
    ) async throws(StoreError) -> [FinishOutcome] {
        try await ready()
        var outcomes: [FinishOutcome] = []
        for start in stride(from: 0, to: completions.count, by: Self.completionsPerWrite) {
            let end = min(start + Self.completionsPerWrite, completions.count)
            do throws(StoreError) {
                outcomes += try await finish(session, part: Array(completions[start..<end]))
            } catch {
                throw start == 0 ? error : error.partlyApplied
            }
        }
        return outcomes
    }

    private func finish(
        _ session: SessionID,
        part completions: [Completion]
    ) async throws(StoreError) -> [FinishOutcome] {
        var outcomes = [FinishOutcome?](repeating: nil, count: completions.count)
        var isCached = true
        var rounds = 0
        while true {
            let open = outcomes.indices.filter { outcomes[$0] == nil }
            let reports = open.map { completions[$0] }
            guard !reports.isEmpty else { return outcomes.compactMap { $0 } }
            let cached = isCached ? cachedSlice(for: reports) : nil
            let slice: EtcdSlice
            if let cached { slice = cached } else { slice = try await load(for: reports) }
            var model = slice.model
            let decided = model.finish(session, completions: reports, at: gateway.clock)
            let endsAll = decided.allSatisfy { outcome in
                if case .recorded = outcome { true } else { false }
            }
            isCached = false
            // What is cached may be old: it is good enough for what is checked on writing.
            guard cached == nil || endsAll && !slice.movesCounters(model) else { continue }
            let failed = try await write(slice, model)
            for (index, outcome) in zip(open, decided) {
                let job = slice.model.runs[completions[index].run]?.record.key.job
                guard let failed, job.map({ !failed.contains($0) }) ?? true else { continue }
                outcomes[index] = outcome
            }
            rounds += 1
            if outcomes.contains(where: { $0 == nil }) { try await rest(rounds, "finish") }
        }
    }

    /// Writes what `model` has changed, each job alone, if `conditions` hold.
    ///
    /// - Returns: The jobs of which others were faster; `nil` if nothing was written at all.
    func write(
        _ slice: EtcdSlice,
        _ model: StoreModel,
        if conditions: [KeyCondition] = [],
        with operations: [KeyOperation] = []
    ) async throws(StoreError) -> Set<UID>? {
        let delta = StoreDelta(from: slice.model, to: model)
        let jobs = slice.jobWrites(delta, to: model, keys)
        var transaction = EtcdTransaction(conditions: conditions, success: operations)
        if let (condition, operation) = slice.counterWrite(to: model, keys) {
            transaction.conditions.append(condition)
            transaction.success.append(operation)
        }
        let first = transaction.success.count
        let width = EtcdTransaction.width - first - jobs.count
        transaction.success += jobs.map { $0.nested(width: width) }
        guard !transaction.success.isEmpty else { return [] }
        let answer = try await send(transaction)
        guard answer.isSuccess else {
            cache.forget(jobs.map(\.job), session: nil)
            return nil
        }
        let revision = answer.header.revision ?? 0
        return cache.note(jobs, answer.answers[first...], at: revision)
    }

    private func cachedSlice(for reports: [Completion]) -> EtcdSlice? {
        var slice = slice()
        for report in reports {
            guard let (run, room) = cache[report.run], room.cursor?.waiting == 0 else {
                return nil
            }
            let uid = run.record.key.job
            if slice.rooms[uid] == nil { slice.note(room, of: uid) }
            slice.take(run)
        }
        return slice
    }

    private func load(for reports: [Completion]) async throws(StoreError) -> EtcdSlice {
        let fixed: [KeyRange] = [.one(keys.counters)]
        let first = try await read(fixed + reports.map { .one(keys.run($0.run)) })
        var slice = slice()
        try note(counters: first.answers[0], in: &slice)
        try await load(runs: zip(reports, first.answers[1...]), at: first.revision, into: &slice)
        return slice
    }

    private func load(
        runs found: some Sequence<(Completion, RangeAnswer)>,
        at revision: Int64,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        var entries: [(RunID, KeyEntry)] = []
        for (report, answer) in found {
            if let entry = answer.entries.first { entries.append((report.run, entry)) }
        }
        try await take(runs: entries, at: revision, into: &slice)
    }

    /// Takes in runs that were read, and loads their jobs.
    private func take(
        runs entries: [(RunID, KeyEntry)],
        at revision: Int64,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        var jobs: Set<UID> = []
        for (id, entry) in entries {
            let run = try reading("run \(id)") { () throws(UnreadableValue) in
                try StoredRun(id, entry.value)
            }
            jobs.insert(run.record.key.job)
        }
        let order = jobs.sorted()
        let reading = try await read(order.map { .all(under: keys.job($0)) }, at: revision)
        try note(order, reading.answers, in: &slice)
        for (id, entry) in entries {
            try self.reading("run \(id)") { () throws(UnreadableValue) in
                try slice.note(run: id, entry)
            }
        }
        try await load(aWaitingOf: order, at: revision, into: &slice)
    }

    // MARK: Runs of sessions that ended

    package func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int
    ) async throws(StoreError) -> [RunRecord] {
        try await ready()
        var lost: [RunRecord] = []
        var rounds = 0
        while true {
            var slice = try await load(openRunsOf: dead, limit: min(90, limit - lost.count))
            let living = try await read([.one(keys.living(session)), .one(keys.dead(dead))])
            try reading("session \(session)") { () throws(UnreadableValue) in
                try slice.note(session: session, living.answers[0].entries.first)
                if session != dead || slice.sessions[dead] == nil {
                    try slice.note(session: dead, living.answers[1].entries.first)
                }
            }
            var model = slice.model
            let taken = try model.takeOver(
                dead,
                by: session,
                limit: limit - lost.count,
                at: gateway.clock
            )
            guard !taken.isEmpty else { return lost.sorted { $0.id < $1.id } }
            let failed = try await write(slice, model, if: [.exists(keys.living(session))])
            let closed = taken.filter { run in
                failed.map { !$0.contains(run.key.job) } ?? false
            }
            lost += closed
            if lost.count >= limit { return lost.sorted { $0.id < $1.id } }
            guard closed.count < taken.count else { continue }
            rounds += 1
            try await rest(rounds, "takeover of \(dead)")
        }
    }

    /// Loads the oldest open runs of `session`, at most `limit`, their jobs and the counters.
    private func load(
        openRunsOf session: SessionID,
        limit: Int
    ) async throws(StoreError) -> EtcdSlice {
        var index = KeyRange.all(under: keys.open(by: session), limit: max(1, limit), .keysOnly)
        if limit <= 0 { index.what = .countOnly }
        let first = try await read([.one(keys.counters), index])
        var slice = slice()
        try note(counters: first.answers[0], in: &slice)
        let ids = first.answers[1].entries.map { RunID(keys.lastPart($0.key)) }
        guard !ids.isEmpty else { return slice }
        let runs = try await read(ids.map { .one(keys.run($0)) }, at: first.revision)
        let entries = zip(ids, runs.answers).compactMap { id, answer in
            answer.entries.first.map { (id, $0) }
        }
        try await take(runs: entries, at: first.revision, into: &slice)
        return slice
    }

    package func closeSession(_ session: SessionID) async throws(StoreError) {
        try await ready()
        let nonce = random.next()
        var isOurs = false
        var rounds = 0
        while true {
            var slice = try await load(openRunsOf: session, limit: 90)
            let states = try await read([.one(keys.living(session)), .one(keys.dead(session))])
            guard let entry = (states.answers[0].entries + states.answers[1].entries).first else {
                throw .sessionLost
            }
            let value = try reading("session \(session)") { () throws(UnreadableValue) in
                try SessionValue(entry.value)
            }
            if let end = value.end {
                // What an expired session left open is for whoever takes over.
                isOurs = isOurs || end.nonce == nonce
                guard isOurs, !slice.model.openRuns.isEmpty else { return }
            }
            var living = value
            living.end = nil
            slice.note(session: session, living, beat: Beat(entry.version - 1))
            var model = slice.model
            try model.closeSession(session, at: gateway.clock)
            let beat = Beat(entry.version - 1)
            let failed = try await write(
                slice,
                model,
                if: value.end == nil ? [.exists(keys.living(session))] : [],
                with: value.end == nil
                    ? end(session, value, beat: beat, at: gateway.clock, nonce: nonce) : []
            )
            if failed != nil { isOurs = true }
            rounds += 1
            if failed != [] { try await rest(rounds, "end of \(session)") }
        }
    }
}
