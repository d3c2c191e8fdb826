// History: whose store this is, how far it goes, and what accepting a restored one does.

internal import Vocabulary

extension EtcdLeaseStore {
    /// Sent whatever was lost before; the answer goes through consensus, so it is not an old one.
    package func identify() async throws(StoreError) -> StoreIdentity {
        if (try? reach.check()) == nil { lookAgain() }
        let known = try await findIdentity()
        let answer = try await send(
            EtcdTransaction(success: [.read(.one(keys.head)), .delete(keys.nothing)])
        )
        var slice = slice()
        let head = try reading("the list's head") { () throws(UnreadableValue) in
            try slice.note(head: keys.head, answer.ranges.first ?? RangeAnswer())
            return slice.head.head
        }
        reach.restore()
        return StoreIdentity(
            id: known.id,
            schema: Int(known.schema),
            head: head,
            writes: answer.header.revision ?? 0,
            clock: gateway.clock
        )
    }

    /// Called before anything else is sent.
    func ready() async throws(StoreError) {
        try reach.check()
        if identity == nil { _ = try await findIdentity() }
        keepHouseIfDue()
    }

    private func findIdentity() async throws(StoreError) -> IdentityValue {
        while true {
            let anything = KeyRange.all(under: keys.everything, limit: 1, .keysOnly)
            let answer = try await send(
                EtcdTransaction(
                    success: [
                        .read(.one(keys.identity)), .read(anything), .delete(keys.nothing),
                    ]
                )
            )
            if let entry = answer.ranges.first?.entries.first { return try own(entry.value) }
            if let stranger = answer.ranges.last?.entries.first { throw strange(stranger.key) }
            let made = IdentityValue(
                id: RunID.make(at: gateway.clock, using: &random).text
            )
            let creation = EtcdTransaction(
                conditions: [.isEmpty(.all(under: keys.everything))],
                success: [.put(keys.identity, made.bytes)]
            )
            // If somebody else made it meanwhile, theirs counts.
            guard try await send(creation).isSuccess else { continue }
            identity = made
            return made
        }
    }

    private func own(_ bytes: [UInt8]) throws(StoreError) -> IdentityValue {
        let found: IdentityValue
        do throws(UnreadableValue) {
            found = try IdentityValue(bytes)
        } catch {
            throw strange(keys.identity)
        }
        guard found.schema <= IdentityValue.schema else {
            throw .incompatible(
                """
                store: the etcd prefix \(settings.prefix) is a store of a newer release (schema \
                \(found.schema), this one knows \(IdentityValue.schema)). Update this program
                """
            )
        }
        identity = found
        return found
    }

    private func strange(_ key: EtcdKey) -> StoreError {
        .incompatible(
            """
            store: the etcd prefix \(settings.prefix) holds keys of something else, such as \
            \(key.description.prefix(80)). Name another prefix
            """
        )
    }

    // MARK: Accepting

    /// In steps, since no transaction of etcd's could hold all jobs of a large store.
    ///
    /// The first one ends every session and keeps new ones from opening, so nothing can be claimed
    /// until the last one begins the epoch. Whoever calls again after a failure in between goes on.
    package func acceptHistory() async throws(StoreError) -> StoreIdentity {
        try await ready()
        cache.forgetAll()
        let now = gateway.clock
        try await endAllSessions(at: now)
        let reading = try await read([.one(keys.head)])
        var slice = slice()
        try self.reading("the list's head") { () throws(UnreadableValue) in
            try slice.note(head: keys.head, reading.answers[0])
        }
        let epoch = max(slice.model.epoch, slice.model.head.revision.epoch)
        var jobs: [UID] = []
        try await pages(under: keys.jobs, at: reading.revision, .keysOnly) {
            entries throws(StoreError) in
            for entry in entries where entry.key.bytes.last == UInt8(ascii: "c") {
                jobs.append(try job(of: entry.key))
            }
            return true
        }
        for uid in jobs { try await accept(uid, of: epoch, at: now) }
        try await beginEpoch()
        return try await identify()
    }

    private func job(of key: EtcdKey) throws(StoreError) -> UID {
        try reading("the key \(key)") { () throws(UnreadableValue) in
            try keys.jobAndRest(key, under: keys.jobs).0
        }
    }

    private func endAllSessions(at now: Instant) async throws(StoreError) {
        while true {
            let reading = try await read([
                .all(under: keys.living, limit: 30), .one(keys.accepting),
            ])
            let living = reading.answers[0].entries
            let isMarked = !reading.answers[1].entries.isEmpty
            if living.isEmpty, isMarked { return }
            var transaction = EtcdTransaction()
            if !isMarked { transaction.success.append(.put(keys.accepting, [])) }
            for entry in living {
                let (id, value) = try self.reading("a session") { () throws(UnreadableValue) in
                    (SessionID(try keys.lastNumber(entry.key)), try SessionValue(entry.value))
                }
                transaction.conditions.append(.version(entry.key, entry.version))
                transaction.success += end(
                    id,
                    value,
                    beat: Beat(entry.version - 1),
                    at: now,
                    nonce: 0
                )
            }
            _ = try await send(transaction)
        }
    }

    /// Moves one job's cursor to `now`, closes its runs and forgets what waits.
    private func accept(_ uid: UID, of epoch: UInt32, at now: Instant) async throws(StoreError) {
        var attempt = 0
        while true {
            var slice = slice()
            try await load([uid], everythingOf: true, into: &slice)
            // The epoch that is about to begin tells where fences go on.
            slice.model.epoch = epoch
            let before = slice.model
            var model = before
            _ = model.acceptHistory(at: now)
            let delta = StoreDelta(from: before, to: model)
            guard let write = slice.jobWrites(delta, to: model, keys).first else { return }
            let transaction = EtcdTransaction(
                conditions: write.conditions,
                success: EtcdTransaction.grouped(write.operations, width: 100)
            )
            if try await send(transaction).isSuccess { return }
            attempt += 1
            try await rest(attempt, "job \(uid)")
        }
    }

    private func beginEpoch() async throws(StoreError) {
        var attempt = 0
        while true {
            let reading = try await read([
                .one(keys.head), .one(keys.counters), .one(keys.sessionCount),
            ])
            var slice = slice()
            slice.model.counters.sessions = try counted(reading.answers[2].entries.first)
            slice.note(keys.sessionCount, reading.answers[2])
            try self.reading("the list's head") { () throws(UnreadableValue) in
                try slice.note(head: keys.head, reading.answers[0])
                try slice.note(counters: keys.counters, reading.answers[1])
            }
            var model = slice.model
            _ = model.acceptHistory(at: gateway.clock)
            var transaction = EtcdTransaction(
                conditions: [slice.unchanged(keys.head), slice.unchanged(keys.sessionCount)],
                success: [
                    .put(keys.head, slice.headValue(of: model).bytes),
                    .put(keys.sessionCount, countBytes(model.counters.sessions)),
                    .delete(keys.accepting),
                ]
            )
            if let (condition, operation) = slice.counterWrite(to: model, keys) {
                transaction.conditions.append(condition)
                transaction.success.append(operation)
            }
            if try await send(transaction).isSuccess { return }
            attempt += 1
            try await rest(attempt, "the list's head")
        }
    }
}

extension EtcdSlice {
    /// The list's own key as `model` has left it.
    func headValue(of model: StoreModel) -> HeadValue {
        HeadValue(
            epoch: model.epoch,
            head: model.head,
            floor: model.floor,
            fenceFloor: model.counters.fenceFloor
        )
    }
}
