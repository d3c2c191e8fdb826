// The list: commits, its history, and its state.

internal import Sealing
package import Vocabulary

extension EtcdLeaseStore {
    /// Jobs of one commit whose cursors are compared as well; of more, only the head is.
    ///
    /// Cursors matter to a commit only for the pulse, which then simply moves, and for the fence
    /// of a job that is deleted and made anew in one commit.
    private static let comparedJobs = 90

    package func commit(
        _ edits: [ObjectEdit],
        id: RequestID,
        author: String
    ) async throws(StoreError) -> ChangeBatch {
        try await ready()
        var rounds = 0
        while true {
            let places = requestKeys(id)
            var slice = slice()
            let kept = try await load(edits, places, into: &slice)
            if let kept { return try await committed(kept, id, floor: slice.head) }
            var model = slice.model
            let batch = try model.commit(edits, id: id, author: author, at: gateway.clock)
            guard !batch.records.isEmpty else { return batch }
            if try await write(slice, model, batch, places) { return batch }
            rounds += 1
            try await rest(rounds, "commit \(id)")
        }
    }

    /// The batch that an earlier attempt has written.
    private func committed(
        _ kept: RememberedValue,
        _ id: RequestID,
        floor: HeadValue
    ) async throws(StoreError) -> ChangeBatch {
        guard case .commit(let sequence) = kept else {
            throw .incompatible("request \(id) was used for something else before")
        }
        let found = try await read([.one(keys.batch(sequence))]).answers[0].entries.first
        guard let found else {
            throw .compacted(floor: Revision(epoch: floor.epoch, sequence: floor.floor))
        }
        return try reading("commit \(sequence)") { () throws(UnreadableValue) in
            try ChangeBatch(found.value)
        }
    }

    // MARK: What a commit reads

    /// Loads what `edits` touch; answers what is remembered of the request.
    private func load(
        _ edits: [ObjectEdit],
        _ places: [EtcdKey],
        into slice: inout EtcdSlice
    ) async throws(StoreError) -> RememberedValue? {
        let names = Array(Set(edits.map(\.key))).sorted()
        let fixed: [KeyRange] = [.one(keys.head), .one(keys.counters)]
        let first = try await read(
            fixed + places.map(KeyRange.one) + names.map { .one(keys.object($0)) }
        )
        try reading("the list's head") { () throws(UnreadableValue) in
            try slice.note(head: keys.head, first.answers[0])
        }
        try note(counters: first.answers[1], in: &slice)
        if let kept = try remembered(places, first.answers[2..<4], in: &slice) { return kept }
        for (name, answer) in zip(names, first.answers[4...]) {
            try reading("\(name)") { () throws(UnreadableValue) in
                try slice.note(object: name, at: keys.object(name), answer)
            }
        }
        try await load(jobsOf: names, edits, at: first.revision, into: &slice)
        return nil
    }

    private func load(
        jobsOf names: [ObjectKey],
        _ edits: [ObjectEdit],
        at revision: Int64,
        into slice: inout EtcdSlice
    ) async throws(StoreError) {
        let jobs = names.filter { $0.kind == .job }.compactMap { slice.model.objects[$0]?.uid }
        let reading = try await read(jobs.map { .all(under: keys.job($0)) }, at: revision)
        for (uid, answer) in zip(jobs, reading.answers) {
            try self.reading("job \(uid)") { () throws(UnreadableValue) in
                try slice.note(job: uid, answer)
            }
            guard slice.model.jobs[uid] != nil else {
                throw .corrupt("etcd, prefix \(settings.prefix): job \(uid) has no cursor")
            }
        }
        let deleted = Set(
            edits.filter { $0.change == .delete }.compactMap { slice.model.objects[$0.key]?.uid }
        )
        try await load(
            aWaitingOf: jobs.filter { !deleted.contains($0) },
            at: revision,
            into: &slice
        )
        for uid in jobs where deleted.contains(uid) {
            guard (slice.rooms[uid]?.cursor?.waiting ?? 0) > 0 else { continue }
            try await load(allWaitingFor: uid, at: revision, into: &slice)
        }
    }

    // MARK: What a commit writes

    private func write(
        _ slice: EtcdSlice,
        _ model: StoreModel,
        _ batch: ChangeBatch,
        _ places: [EtcdKey]
    ) async throws(StoreError) -> Bool {
        var model = model
        let delta = StoreDelta(from: slice.model, to: model)
        let compared = slice.rooms.keys.sorted()
        let comparesAll = compared.count <= Self.comparedJobs
        if !comparesAll, model.counters.triggerPulse == slice.model.counters.triggerPulse {
            model.counters.triggerPulse += 1
        }
        let memory = RememberedValue.commit(batch.position.revision.sequence)
        var transaction = EtcdTransaction(
            conditions: [slice.unchanged(keys.head)] + places.map(slice.unchanged)
        )
        var operations: [KeyOperation] = [
            .put(keys.head, slice.headValue(of: model).bytes),
            .put(keys.batch(batch.position.revision.sequence), batch.bytes),
            .put(places[0], memory.bytes),
        ]
        if let (condition, operation) = slice.counterWrite(to: model, keys) {
            transaction.conditions.append(condition)
            operations.append(operation)
        }
        operations += delta.objects.put.map { .put(keys.object($0.key), $0.value.bytes) }
        for uid in compared where comparesAll || slice.isRemade(uid, in: delta) {
            transaction.conditions.append(
                .modified(keys.cursor(uid), at: slice.rooms[uid]?.cursorRevision ?? 0)
            )
        }
        operations += slice.gateWrites(delta, keys)
        let width = EtcdTransaction.width - transaction.conditions.count
        guard width >= 16 else {
            throw .tooLarge("a commit may delete and remake at most 100 jobs. Do it in parts")
        }
        transaction.success = EtcdTransaction.grouped(operations, width: width)
        guard try await send(transaction).isSuccess else { return false }
        for entry in delta.cursors.put { cache.forget(entry.key) }
        for entry in delta.objects.put { cache.forget(calendar: keys.object(entry.key)) }
        return true
    }

    // MARK: Reading the list

    package func object(_ key: ObjectKey) async throws(StoreError) -> ObjectRecord? {
        try await ready()
        guard let entry = try await read([.one(keys.object(key))]).answers[0].entries.first else {
            return nil
        }
        return try reading("\(key)") { () throws(UnreadableValue) in
            try ObjectRecord(entry.value)
        }
    }

    package func changes(
        after revision: Revision,
        limit: Int
    ) async throws(StoreError) -> [ChangeBatch] {
        try await ready()
        let reading = try await read([.one(keys.head)])
        var slice = slice()
        try self.reading("the list's head") { () throws(UnreadableValue) in
            try slice.note(head: keys.head, reading.answers[0])
        }
        // Refuses what goes back too far, and has no batches yet.
        _ = try slice.model.changes(after: revision, limit: 0)
        let limit = bounded(limit)
        var batches: [ChangeBatch] = []
        guard limit > 0 else { return [] }
        try await pages(
            under: keys.batches,
            from: keys.batch(revision.sequence + 1),
            at: reading.revision,
            size: min(limit, 100)
        ) { entries throws(StoreError) in
            for entry in entries.prefix(limit - batches.count) {
                batches.append(
                    try self.reading("a commit") { () throws(UnreadableValue) in
                        try ChangeBatch(entry.value)
                    }
                )
            }
            return batches.count < limit
        }
        return batches
    }

    package func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) async throws(StoreError) -> (records: [ObjectRecord], position: Position) {
        try await ready()
        let reading = try await read([.one(keys.head)])
        var slice = slice()
        try self.reading("the list's head") { () throws(UnreadableValue) in
            try slice.note(head: keys.head, reading.answers[0])
        }
        let limit = bounded(limit)
        var records: [ObjectRecord] = []
        guard limit > 0 else { return ([], slice.head.head) }
        try await pages(
            under: keys.objects,
            from: key.map(keys.objectAfter),
            at: reading.revision,
            size: min(limit, settings.pageSize)
        ) { entries throws(StoreError) in
            for entry in entries.prefix(limit - records.count) {
                records.append(
                    try self.reading("an object") { () throws(UnreadableValue) in
                        try ObjectRecord(entry.value)
                    }
                )
            }
            return records.count < limit
        }
        return (records, slice.head.head)
    }
}

extension EtcdSlice {
    /// Whether a commit has deleted a job and given its name to another, whose fences go on from
    /// it.
    fileprivate func isRemade(_ uid: UID, in delta: StoreDelta) -> Bool {
        guard let name = rooms[uid]?.gate?.name else { return false }
        return delta.cursors.put.contains {
            $0.key != uid && $0.value.name == name && !$0.value.isDeleted
        }
    }

    /// What a commit writes of its jobs: their gates; the cursors of new ones; and what waited for
    /// deleted ones.
    fileprivate func gateWrites(_ delta: StoreDelta, _ keys: StoreKeys) -> [KeyOperation] {
        var operations: [KeyOperation] = []
        for entry in delta.cursors.put {
            operations.append(.put(keys.gate(entry.key), entry.value.gateValue.bytes))
            guard entry.isNew else { continue }
            let cursor = CursorValue(at: entry.value.at, fence: entry.value.fence)
            operations.append(.put(keys.cursor(entry.key), cursor.bytes))
        }
        var emptied: Set<UID> = []
        for id in delta.triggers.removed {
            guard let gone = model.pending[id]?.trigger else { continue }
            emptied.insert(gone.key.job)
            operations.append(.delete(keys.waiting(id, of: gone.key.job)))
            operations.append(.delete(keys.due(id, at: gone.notBefore)))
        }
        for uid in emptied.sorted() {
            guard var cursor = rooms[uid]?.cursor else { continue }
            cursor.waiting = 0
            cursor.special = []
            operations.append(.put(keys.cursor(uid), cursor.bytes))
        }
        return operations
    }
}
