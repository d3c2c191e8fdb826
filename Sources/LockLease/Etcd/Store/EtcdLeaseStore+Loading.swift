// Reading the jobs that a call is about.

internal import Vocabulary

extension EtcdLeaseStore {
    /// Loads `jobs` with their open runs and everything that waits for them.
    func load(
        _ jobs: [UID],
        everythingOf isWhole: Bool,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        let reading = try await read(jobs.map { .all(under: keys.job($0)) })
        try note(jobs, reading.answers, in: &slice)
        guard isWhole else { return }
        for uid in jobs {
            let open = try await openRuns(of: uid, in: slice, at: reading.revision)
            try await load(runs: open, at: reading.revision, into: &slice)
        }
        for uid in jobs where (slice.rooms[uid]?.cursor?.waiting ?? 0) > 0 {
            try await load(allWaitingFor: uid, at: reading.revision, into: &slice)
        }
    }

    /// Takes in jobs that were read as `answers`, and remembers them for later claims.
    func note(
        _ jobs: [UID],
        _ answers: [RangeAnswer],
        in slice: inout EtcdSlice
    ) throws(StoreError) {
        for (uid, answer) in zip(jobs, answers) {
            try reading("job \(uid)") { () throws(UnreadableValue) in
                try slice.note(job: uid, answer)
            }
            if let room = slice.rooms[uid] { cache.note(room, of: uid) }
        }
    }

    func load(
        runs ids: [RunID],
        at revision: Int64 = 0,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        guard !ids.isEmpty else { return }
        let reading = try await read(ids.map { .one(keys.run($0)) }, at: revision)
        for (id, answer) in zip(ids, reading.answers) {
            guard let entry = answer.entries.first else { continue }
            try self.reading("run \(id)") { () throws(UnreadableValue) in
                try slice.note(run: id, entry)
            }
        }
    }

    /// The ids of a job's open runs: from its cursor, or, of too many, from the index of all.
    func openRuns(
        of uid: UID,
        in slice: EtcdSlice,
        at revision: Int64
    ) async throws(StoreError) -> [RunID] {
        guard let open = slice.rooms[uid]?.cursor?.open else { return [] }
        if let ids = open.ids { return ids }
        let value = Array(uid.text.utf8)
        var ids: [RunID] = []
        try await pages(under: keys.open, at: revision, size: 1_000) { entries throws(StoreError) in
            ids += entries.filter { $0.value == value }.map { RunID(keys.lastPart($0.key)) }
            return true
        }
        return ids.sorted()
    }

    func load(
        allWaitingFor uid: UID,
        at revision: Int64,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        var entries: [KeyEntry] = []
        try await pages(under: keys.waiting(of: uid), at: revision) { page throws(StoreError) in
            entries += page
            return true
        }
        for entry in entries { try note(waiting: entry, in: &slice) }
    }

    func note(waiting entry: KeyEntry, in slice: inout EtcdSlice) throws(StoreError) {
        try reading("a trigger") { () throws(UnreadableValue) in
            try slice.note(trigger: TriggerID(try keys.lastNumber(entry.key)), entry)
        }
    }

    /// Loads one waiting trigger of each of `jobs` for which any waits: that there is one is all
    /// that most calls ask.
    func load(
        aWaitingOf jobs: [UID],
        at revision: Int64,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        let busy = jobs.filter { (slice.rooms[$0]?.cursor?.waiting ?? 0) > 0 }
        guard !busy.isEmpty else { return }
        let ranges = busy.map { KeyRange.all(under: keys.waiting(of: $0), limit: 1) }
        for answer in try await read(ranges, at: revision).answers {
            guard let entry = answer.entries.first else { continue }
            try note(waiting: entry, in: &slice)
        }
    }

    /// Loads the counters that triggers and pulses are numbered by.
    func note(counters answer: RangeAnswer, in slice: inout EtcdSlice) throws(StoreError) {
        try reading("the counters") { () throws(UnreadableValue) in
            try slice.note(counters: keys.counters, answer)
        }
    }

    // MARK: Remembered requests

    /// The two keys under which a request of this moment may be remembered, this one's first.
    ///
    /// Requests are kept by stretches of time as long as they are remembered, so that old ones
    /// can be removed without reading them. No lease of etcd's: 3.4.23 may revoke one too early
    /// (etcd 15247), and a claim forgotten between two attempts would stay open with nobody to
    /// start it.
    func requestKeys(_ id: RequestID) -> [EtcdKey] {
        let bucket = requestBucket
        return [bucket, bucket - 1].map { keys.request(id, in: $0) }
    }

    var requestBucket: Int64 {
        let length = max(1, settings.requestMemory.milliseconds)
        return gateway.clock.unixMilliseconds / length
    }

    /// What is remembered of a request, if it was answered before.
    func remembered(
        _ places: [EtcdKey],
        _ answers: ArraySlice<RangeAnswer>,
        in slice: inout EtcdSlice
    ) throws(StoreError) -> RememberedValue? {
        var found: RememberedValue?
        for (key, answer) in zip(places, answers) {
            guard let entry = slice.note(key, answer), found == nil else { continue }
            found = try reading("a remembered request") { () throws(UnreadableValue) in
                try RememberedValue(entry.value)
            }
        }
        return found
    }
}
