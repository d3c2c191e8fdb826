// Records: what ran and what was skipped.

package import Vocabulary

extension EtcdLeaseStore {
    package func run(_ id: RunID) async throws(StoreError) -> RunRecord? {
        try await ready()
        var slice = slice()
        try await load(runs: [id], into: &slice)
        return slice.model.runs[id]?.record
    }

    /// By an index where the filter names a job or asks for open runs alone, else through all
    /// records from the newest on.
    package func runs(_ filter: RunFilter) async throws(StoreError) -> [RunRecord] {
        try await ready()
        let limit = bounded(filter.limit)
        guard limit > 0 else { return [] }
        if let job = filter.job { return try await runs(of: job, filter, limit) }
        if filter.states == [.open] { return try await openRuns(filter, limit) }
        return try await allRuns(filter, limit)
    }

    private func allRuns(
        _ filter: RunFilter,
        _ limit: Int
    ) async throws(StoreError) -> [RunRecord] {
        var found: [RunRecord] = []
        try await pages(
            under: keys.runs,
            from: filter.before.map { EtcdKey(keys.run($0).bytes + [0]) },
            size: min(settings.pageSize, max(50, limit))
        ) { entries throws(StoreError) in
            for entry in entries {
                let run = try reading("a run") { () throws(UnreadableValue) in
                    try StoredRun(try keys.runID(of: entry.key), entry.value).record
                }
                if filter.matches(run) { found.append(run) }
            }
            return found.count < limit
        }
        return Array(found.prefix(limit))
    }

    private func runs(
        of job: UID,
        _ filter: RunFilter,
        _ limit: Int
    ) async throws(StoreError) -> [RunRecord] {
        let first = try await read([.all(under: keys.job(job))])
        var slice = slice()
        try note([job], first.answers, in: &slice)
        var open = try await openRuns(of: job, in: slice, at: first.revision).sorted(by: >)
        var found: [RunRecord] = []
        try await pages(
            under: keys.closed(of: job),
            at: first.revision,
            size: max(50, min(limit, settings.pageSize)),
            .keysOnly
        ) { entries throws(StoreError) in
            var ids: [RunID] = []
            for entry in entries {
                let id = try closedID(entry)
                while let newer = open.first, newer > id { ids.append(open.removeFirst()) }
                ids.append(id)
            }
            found += try await records(ids, filter, at: first.revision)
            return found.count < limit
        }
        if found.count < limit { found += try await records(open, filter, at: first.revision) }
        return Array(found.prefix(limit))
    }

    private func closedID(_ entry: KeyEntry) throws(StoreError) -> RunID {
        try reading("the index of closed runs") { () throws(UnreadableValue) in
            try keys.runID(try keys.jobAndRest(entry.key, under: keys.closed).1)
        }
    }

    private func openRuns(
        _ filter: RunFilter,
        _ limit: Int
    ) async throws(StoreError) -> [RunRecord] {
        var ids: [RunID] = []
        let index = filter.session.map(keys.open(by:)) ?? keys.open
        let revision = try await pages(under: index, size: 1_000, .keysOnly) {
            entries throws(StoreError) in
            ids += entries.map { RunID(keys.lastPart($0.key)) }
            return true
        }
        ids.sort(by: >)
        var found: [RunRecord] = []
        for start in stride(from: 0, to: ids.count, by: settings.pageSize) {
            let page = ids[start..<min(start + settings.pageSize, ids.count)]
            found += try await records(Array(page), filter, at: revision)
            if found.count >= limit { break }
        }
        return Array(found.prefix(limit))
    }

    /// The records of `ids`, in their order, that match.
    private func records(
        _ ids: [RunID],
        _ filter: RunFilter,
        at revision: Int64
    ) async throws(StoreError) -> [RunRecord] {
        let wanted = ids.filter { id in filter.before.map { id < $0 } ?? true }
        var slice = slice()
        try await load(runs: wanted, at: revision, into: &slice)
        return wanted.compactMap { slice.model.runs[$0]?.record }.filter(filter.matches)
    }

    package func skips(
        of job: UID,
        from: Instant,
        through: Instant,
        limit: Int
    ) async throws(StoreError) -> [SkipRange] {
        try await ready()
        let limit = bounded(limit)
        var found: [SkipRange] = []
        guard limit > 0 else { return [] }
        try await pages(
            under: keys.skips(of: job),
            from: keys.skip(of: job, through: from)
        ) { entries throws(StoreError) in
            for entry in entries {
                let skip = try skip(entry).range
                if skip.from < through { found.append(skip) }
            }
            return found.count < limit
        }
        return Array(found.prefix(limit))
    }

    func skip(_ entry: KeyEntry) throws(StoreError) -> StoredSkip {
        try reading("a skip") { () throws(UnreadableValue) in
            let last = try keys.lastNumber(entry.key)
            return try StoredSkip(through: Instant(unixMilliseconds: last), entry.value)
        }
    }
}

extension RunFilter {
    /// Whether a record is among those that the filter asks for, its limit aside.
    func matches(_ run: RunRecord) -> Bool {
        (tenant.map { $0 == run.name.tenant } ?? true)
            && (job.map { $0 == run.key.job } ?? true)
            && (node.map { $0 == run.node } ?? true)
            && (session.map { $0 == run.session } ?? true)
            && (from.map { $0 <= run.key.instant } ?? true)
            && (through.map { $0 >= run.key.instant } ?? true)
            && (before.map { $0 > run.id } ?? true)
            && (states.isEmpty || states.contains(run.state))
    }
}
