// Triggers and kills: runs by hand, what waits to be claimed, and orders to end.

internal import Platform
package import Vocabulary

extension EtcdLeaseStore {
    package func trigger(
        _ job: ObjectKey,
        id: RequestID,
        author: String
    ) async throws(StoreError) -> Trigger {
        try await ready()
        var rounds = 0
        while true {
            let places = requestKeys(id)
            let object = keys.object(job)
            let first = try await read(
                [.one(object), .one(keys.counters)] + places.map(KeyRange.one)
            )
            var slice = slice()
            switch try remembered(places, first.answers[2..<4], in: &slice) {
            case .trigger(let kept): return kept
            case .claim, .commit, .backfill:
                throw .incompatible("request \(id) was used for something else before")
            case nil: break
            }
            try note(counters: first.answers[1], in: &slice)
            try reading("\(job)") { () throws(UnreadableValue) in
                try slice.note(object: job, at: object, first.answers[0])
            }
            let now = gateway.clock
            if let record = slice.model.objects[job], !record.isDeleted, job.kind == .job {
                try await load(for: record.uid, at: now, revision: first.revision, into: &slice)
            }
            var model = slice.model
            let trigger = try model.trigger(job, id: id, author: author, at: now)
            let failed = try await write(
                slice,
                model,
                if: places.map(slice.unchanged),
                with: [.put(places[0], RememberedValue.trigger(trigger).bytes)],
                together: true
            )
            if failed == [] { return trigger }
            rounds += 1
            try await rest(rounds, "trigger of \(job.name)")
        }
    }

    /// Loads a job with all that a new trigger must not collide with: what waits, what is open, and
    /// the closed runs whose instants are not over.
    private func load(
        for uid: UID,
        at now: Instant,
        revision: Int64,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        let reading = try await read([.all(under: keys.job(uid))], at: revision)
        try note([uid], reading.answers, in: &slice)
        var wanted = try await openRuns(of: uid, in: slice, at: revision)
        try await pages(under: keys.closed(of: uid), at: revision, size: 1_000) {
            entries throws(StoreError) in
            for entry in entries {
                let (id, mark) = try closedRun(entry)
                if mark.instant >= now { wanted.append(id) }
            }
            return true
        }
        try await load(runs: wanted, at: revision, into: &slice)
        try await load(allWaitingFor: uid, at: revision, into: &slice)
    }

    func closedRun(_ entry: KeyEntry) throws(StoreError) -> (RunID, ClosedMark) {
        try reading("the index of closed runs") { () throws(UnreadableValue) in
            let (_, id) = try keys.jobAndRest(entry.key, under: keys.closed)
            return (try keys.runID(id), try ClosedMark(entry.value))
        }
    }

    package func kill(_ order: KillOrder) async throws(StoreError) -> RunRecord? {
        try await ready()
        var rounds = 0
        while true {
            let first = try await read([.one(keys.run(order.run)), .one(keys.counters)])
            guard let entry = first.answers[0].entries.first else { return nil }
            let run = try reading("run \(order.run)") { () throws(UnreadableValue) in
                try StoredRun(order.run, entry.value)
            }
            var slice = slice()
            try note(counters: first.answers[1], in: &slice)
            let uid = run.record.key.job
            let room = try await read([.all(under: keys.job(uid))], at: first.revision)
            try note([uid], room.answers, in: &slice)
            guard slice.model.jobs[uid] != nil else { return run.record }
            try await load(runs: [order.run], at: first.revision, into: &slice)
            if (slice.rooms[uid]?.cursor?.waiting ?? 0) > 0 {
                try await load(allWaitingFor: uid, at: first.revision, into: &slice)
            }
            var model = slice.model
            let record = model.kill(order)
            if try await write(slice, model, together: true) == [] { return record }
            rounds += 1
            try await rest(rounds, "kill of \(order.run)")
        }
    }

    /// Writes what `model` has changed of one job, all of it or nothing.
    func write(
        _ slice: EtcdSlice,
        _ model: StoreModel,
        if conditions: [KeyCondition] = [],
        with operations: [KeyOperation] = [],
        together: Bool
    ) async throws(StoreError) -> Set<UID>? {
        let jobs = slice.jobWrites(StoreDelta(from: slice.model, to: model), to: model, keys)
        // The job's conditions on the outside as well: then nothing else is written without it.
        return try await write(
            slice,
            model,
            if: conditions + jobs.flatMap(\.conditions),
            with: operations
        )
    }

    // MARK: What waits

    package func dueTriggers(limit: Int) async throws(StoreError) -> [Trigger] {
        try await ready()
        let now = gateway.clock
        let limit = bounded(limit)
        var slice = slice()
        var revision: Int64 = 0
        var due: [Trigger] = []
        guard limit > 0 else { return [] }
        var range = KeyRange.all(under: keys.due, limit: settings.pageSize)
        range.end = keys.due(after: now).bytes
        while true {
            let page = try await read([range], at: revision)
            revision = page.revision
            let entries = page.answers[0].entries
            try await load(due: entries, at: revision, into: &slice)
            due = slice.model.dueTriggers(limit: limit, at: now)
            // Later pages hold later triggers only, and take no room from these.
            guard due.count < limit, page.answers[0].hasMore, let last = entries.last else {
                return due
            }
            range.start = EtcdKey(last.key.bytes + [0])
        }
    }

    /// Loads the triggers of one page of the index, and their jobs.
    private func load(
        due entries: [KeyEntry],
        at revision: Int64,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        var places: [EtcdKey] = []
        var jobs: Set<UID> = []
        for entry in entries {
            let uid = UID(String(decoding: entry.value, as: UTF8.self))
            let id = try reading("the index of triggers") { () throws(UnreadableValue) in
                TriggerID(try keys.lastNumber(entry.key))
            }
            places.append(keys.waiting(id, of: uid))
            if slice.rooms[uid] == nil { jobs.insert(uid) }
        }
        let order = jobs.sorted()
        let rooms = try await read(order.map { .all(under: keys.job($0)) }, at: revision)
        for (uid, answer) in zip(order, rooms.answers) {
            try reading("job \(uid)") { () throws(UnreadableValue) in
                try slice.note(job: uid, answer)
            }
        }
        for answer in try await read(places.map(KeyRange.one), at: revision).answers {
            if let entry = answer.entries.first { try note(waiting: entry, in: &slice) }
        }
    }

    package func waitingTriggers(of job: UID) async throws(StoreError) -> [Trigger] {
        try await ready()
        var slice = slice()
        let reading = try await read([.all(under: keys.job(job))])
        try note([job], reading.answers, in: &slice)
        try await load(allWaitingFor: job, at: reading.revision, into: &slice)
        return slice.model.pending.values.map(\.trigger)
            .sorted { ($0.key.instant, $0.id) < ($1.key.instant, $1.id) }
    }

    package func nextTrigger() async throws(StoreError) -> Instant? {
        try await ready()
        let now = gateway.clock
        let first = keys.due(after: now)
        var next: Instant?
        try await pages(under: keys.due, from: first, size: 1, .keysOnly) {
            entries throws(StoreError) in
            guard let entry = entries.first else { return false }
            next = try reading("the index of triggers") { () throws(UnreadableValue) in
                let end = entry.key.bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
                let instant = EtcdKey(Array(entry.key.bytes[..<end]))
                return Instant(unixMilliseconds: try keys.lastNumber(instant))
            }
            return false
        }
        return next
    }

    // MARK: Pulses

    package func pulse() async throws(StoreError) -> StorePulse {
        try await ready()
        return try await readPulse().pulse
    }

    private func readPulse() async throws(StoreError) -> (pulse: StorePulse, revision: Int64) {
        let reading = try await read([.one(keys.head), .one(keys.counters)])
        var slice = slice()
        try self.reading("the store's own keys") { () throws(UnreadableValue) in
            try slice.note(head: keys.head, reading.answers[0])
            try slice.note(counters: keys.counters, reading.answers[1])
        }
        let pulse = StorePulse(
            head: slice.head.head,
            triggers: slice.counters.triggerPulse,
            kills: slice.counters.killPulse
        )
        return (pulse, reading.revision)
    }

    /// How long a call waits that etcd tells nothing: a watch may be refused, or break.
    private static let pollInterval = Duration.milliseconds(200)

    /// Has etcd tell when a key moves; if that breaks, what is there is asked for all the same.
    package func pulse(
        after seen: StorePulse,
        within limit: Duration
    ) async throws(StoreError) -> StorePulse {
        try await ready()
        let (pulse, revision) = try await readPulse()
        guard pulse == seen, limit > .zero else { return pulse }
        let began = SystemClock.monotonic
        if await !gateway.watch(keys.meta, after: revision, within: limit) {
            let left = limit - began.duration(to: SystemClock.monotonic)
            if left > .zero { try? await Task.sleep(for: min(left, Self.pollInterval)) }
        }
        return try await readPulse().pulse
    }
}
