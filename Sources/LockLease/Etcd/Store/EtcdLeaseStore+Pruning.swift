// How long things are kept.

internal import Vocabulary

extension EtcdLeaseStore {
    /// Goes through the store page by page; nothing that it removes can be needed meanwhile.
    package func prune(_ retention: StoreRetention) async throws(StoreError) -> Int {
        try await ready()
        let now = gateway.clock
        let jobs = try await allJobs()
        var count = try await pruneRuns(jobs, at: now)
        count += try await pruneSkips(before: now.advanced(by: .zero - retention.skips))
        count += try await pruneSessions(at: now)
        let oldest = now.advanced(by: .zero - retention.tombstones)
        count += try await pruneTombstones(jobs, before: oldest)
        count += try await pruneBatches(keeping: retention.batches)
        try await forgetRequests()
        return count
    }

    private func allJobs() async throws(StoreError) -> [UID: EtcdSlice.Room] {
        var rooms: [UID: EtcdSlice.Room] = [:]
        try await pages(under: keys.jobs) { entries throws(StoreError) in
            for entry in entries {
                try reading("the key \(entry.key)") { () throws(UnreadableValue) in
                    let (uid, rest) = try keys.jobAndRest(entry.key, under: keys.jobs)
                    if rest == [UInt8(ascii: "c")] {
                        rooms[uid, default: .init()].cursor = try CursorValue(entry.value)
                        rooms[uid, default: .init()].cursorRevision = entry.modified
                    } else {
                        rooms[uid, default: .init()].gate = try GateValue(entry.value)
                        rooms[uid, default: .init()].gateRevision = entry.modified
                    }
                }
            }
            return true
        }
        return rooms
    }

    /// Removes `keys` some at a time; each group in one transaction.
    private func remove(_ operations: [KeyOperation]) async throws(StoreError) {
        for start in stride(from: 0, to: operations.count, by: 100) {
            let part = operations[start..<min(start + 100, operations.count)]
            _ = try await send(EtcdTransaction(success: Array(part)))
        }
    }

    /// Removes closed runs beyond what their job keeps: the index has them by job, newest first.
    private func pruneRuns(
        _ jobs: [UID: EtcdSlice.Room],
        at now: Instant
    ) async throws(StoreError) -> Int {
        var removed = 0
        var current: (job: UID, place: Int)?
        try await pages(under: keys.closed, size: 1_000) { entries throws(StoreError) in
            var operations: [KeyOperation] = []
            for entry in entries {
                let (uid, id) = try reading("a closed run") { () throws(UnreadableValue) in
                    let (uid, id) = try keys.jobAndRest(entry.key, under: keys.closed)
                    return (uid, try keys.runID(id))
                }
                let place = current?.job == uid ? (current?.place ?? 0) + 1 : 0
                current = (uid, place)
                guard let keep = jobs[uid]?.gate?.gate.keep else { continue }
                let (_, mark) = try closedRun(entry)
                let oldest = now.advanced(by: .zero - keep.age)
                guard place >= keep.runs || mark.finishedAt < oldest else { continue }
                operations += [.delete(entry.key), .delete(keys.run(id))]
                removed += 1
            }
            try await remove(operations)
            return true
        }
        return removed
    }

    private func pruneSkips(before oldest: Instant) async throws(StoreError) -> Int {
        var removed = 0
        try await pages(under: keys.skips, size: 1_000) { entries throws(StoreError) in
            var operations: [KeyOperation] = []
            for entry in entries where try skip(entry).at < oldest {
                operations.append(.delete(entry.key))
            }
            removed += operations.count
            try await remove(operations)
            return true
        }
        return removed
    }

    /// Removes sessions that ended long ago and left nothing open; they stay that way.
    private func pruneSessions(at now: Instant) async throws(StoreError) -> Int {
        let oldest = now.advanced(by: .zero - deadSessionMemory)
        var old: [KeyEntry] = []
        let revision = try await pages(under: keys.dead) { entries throws(StoreError) in
            for entry in entries {
                let end = try reading("a session") { () throws(UnreadableValue) in
                    try SessionValue(entry.value).end
                }
                if let end, end.at < oldest { old.append(entry) }
            }
            return true
        }
        var ranges: [KeyRange] = []
        for entry in old {
            let id = try reading("a session") { () throws(UnreadableValue) in
                SessionID(try keys.lastNumber(entry.key))
            }
            ranges.append(.all(under: keys.open(by: id), .countOnly))
        }
        let counts = try await read(ranges, at: revision).answers.map(\.count)
        let gone = zip(old, counts).filter { $1 == 0 }
        try await remove(gone.map { .delete($0.0.key) })
        return gone.count
    }

    // MARK: Tombstones

    private func pruneTombstones(
        _ jobs: [UID: EtcdSlice.Room],
        before oldest: Instant
    ) async throws(StoreError) -> Int {
        var kept = Set(jobs.keys)
        for (uid, room) in jobs.sorted(by: { $0.key < $1.key }) {
            guard let deletedAt = room.gate?.deletedAt, deletedAt < oldest,
                let cursor = room.cursor, cursor.open.count == 0
            else { continue }
            if try await bury(uid, room, fence: cursor.fence) { kept.remove(uid) }
        }
        var gone: [KeyEntry] = []
        try await pages(under: keys.objects) { entries throws(StoreError) in
            for entry in entries {
                let record = try reading("an object") { () throws(UnreadableValue) in
                    try ObjectRecord(entry.value)
                }
                guard record.isDeleted, record.updatedAt < oldest, !kept.contains(record.uid)
                else { continue }
                gone.append(entry)
            }
            return true
        }
        var removed = 0
        for entry in gone {
            // Nobody has taken the name up meanwhile: a commit would have written the key.
            let transaction = EtcdTransaction(
                conditions: [.modified(entry.key, at: entry.modified)],
                success: [.delete(entry.key), .touch(keys.head)]
            )
            if try await send(transaction).isSuccess { removed += 1 }
        }
        return removed
    }

    /// Removes what is left of a deleted job, once its fence is kept for whoever takes its name.
    private func bury(
        _ uid: UID,
        _ room: EtcdSlice.Room,
        fence: Fence
    ) async throws(StoreError) -> Bool {
        // Its records first: without its keys nobody would find them.
        for index in [keys.closed(of: uid), keys.skips(of: uid), keys.waiting(of: uid)] {
            try await pages(under: index, size: 500) { entries throws(StoreError) in
                var operations: [KeyOperation] = []
                for entry in entries {
                    operations += try removals(of: entry, under: index, of: uid)
                }
                try await remove(operations)
                return true
            }
        }
        let reading = try await read([.one(keys.head)])
        var slice = slice()
        var head = try self.reading("the list's head") { () throws(UnreadableValue) in
            try slice.note(head: keys.head, reading.answers[0])
            return slice.head
        }
        head.fenceFloor = max(head.fenceFloor, fence)
        let transaction = EtcdTransaction(
            conditions: [
                slice.unchanged(keys.head), .modified(keys.gate(uid), at: room.gateRevision),
                .modified(keys.cursor(uid), at: room.cursorRevision),
            ],
            success: [
                .put(keys.head, head.bytes), .delete(keys.gate(uid)), .delete(keys.cursor(uid)),
            ]
        )
        cache.forget(uid)
        return try await send(transaction).isSuccess
    }

    private func removals(
        of entry: KeyEntry,
        under index: EtcdKey,
        of uid: UID
    ) throws(StoreError) -> [KeyOperation] {
        if index == keys.closed(of: uid) {
            let (id, _) = try closedRun(entry)
            return [.delete(entry.key), .delete(keys.run(id))]
        }
        guard index == keys.waiting(of: uid) else { return [.delete(entry.key)] }
        let waiting = try reading("a trigger") { () throws(UnreadableValue) in
            try PendingTrigger(TriggerID(try keys.lastNumber(entry.key)), entry.value).trigger
        }
        return [.delete(entry.key), .delete(keys.due(waiting.id, at: waiting.notBefore))]
    }

    // MARK: Commits

    private func pruneBatches(keeping kept: Int) async throws(StoreError) -> Int {
        var rounds = 0
        while true {
            let reading = try await read([.one(keys.head)])
            var slice = slice()
            var head = try self.reading("the list's head") { () throws(UnreadableValue) in
                try slice.note(head: keys.head, reading.answers[0])
                return slice.head
            }
            let first = Int64(clamping: head.head.revision.sequence) - Int64(max(1, kept))
            guard first > 0 else { return 0 }
            if UInt64(first) > head.floor {
                head.floor = UInt64(first)
                let transaction = EtcdTransaction(
                    conditions: [slice.unchanged(keys.head)],
                    success: [.put(keys.head, head.bytes)]
                )
                guard try await send(transaction).isSuccess else {
                    rounds += 1
                    try await rest(rounds, "the list's head")
                    continue
                }
            }
            return try await removeBatches(through: head.floor)
        }
    }

    private func removeBatches(through floor: UInt64) async throws(StoreError) -> Int {
        var removed = 0
        let end = keys.batch(floor + 1)
        try await pages(under: keys.batches, size: 500, .keysOnly) { entries throws(StoreError) in
            let old = entries.filter { $0.key < end }
            removed += old.count
            try await remove(old.map { .delete($0.key) })
            return old.count == entries.count
        }
        return removed
    }
}
