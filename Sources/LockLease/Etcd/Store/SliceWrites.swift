// From what a call has changed in its slice to what is written to etcd.

internal import Vocabulary

/// What a call writes of one job, and what must still be as it was read.
struct JobWrite {
    let job: UID
    var conditions: [KeyCondition]
    var operations: [KeyOperation]
    /// The job as it is once this is written; its revisions are then the transaction's.
    var after: EtcdSlice.Room
    /// Its open runs that were written, and its runs that were closed.
    var opened: [StoredRun] = []
    var closed: [RunID] = []

    /// As a transaction inside of one that leaves room for `width` more.
    func nested(width: Int) -> KeyOperation {
        .nested(
            EtcdTransaction(
                conditions: conditions,
                success: EtcdTransaction.grouped(operations, width: width)
            )
        )
    }
}

extension EtcdSlice {
    /// What `delta` writes of each job that it touches, in the order of their uids.
    func jobWrites(_ delta: StoreDelta, to after: StoreModel, _ keys: StoreKeys) -> [JobWrite] {
        var parts: [UID: JobPart] = [:]
        for cursor in delta.cursors.put { parts[cursor.key, default: JobPart()].isMoved = true }
        for run in delta.runs.put {
            parts[run.value.record.key.job, default: JobPart()].runs.append(run)
        }
        for trigger in delta.triggers.put {
            parts[trigger.value.trigger.key.job, default: JobPart()].added.append(trigger.value)
        }
        for id in delta.triggers.removed {
            guard let gone = model.pending[id] else { continue }
            parts[gone.trigger.key.job, default: JobPart()].removed.append(gone)
        }
        for skip in delta.skips { parts[skip.job, default: JobPart()].skips.append(skip.skip) }
        return parts.sorted { $0.key < $1.key }.map { uid, part in
            write(part, of: uid, to: after, keys)
        }
    }

    private func write(
        _ part: JobPart,
        of uid: UID,
        to after: StoreModel,
        _ keys: StoreKeys
    ) -> JobWrite {
        guard let room = rooms[uid], var cursor = room.cursor, let job = after.jobs[uid]?.cursor
        else { preconditionFailure("job \(uid) was changed and not read") }
        var write = JobWrite(
            job: uid,
            conditions: [
                .modified(keys.cursor(uid), at: room.cursorRevision),
                .modified(keys.gate(uid), at: room.gateRevision),
            ],
            operations: [],
            after: room
        )
        cursor.at = job.at
        cursor.fence = job.fence
        for run in part.runs { put(run, &cursor, &write, keys) }
        for waiting in part.added { put(waiting, &cursor, &write, keys) }
        for waiting in part.removed { remove(waiting, &cursor, &write, keys) }
        for skip in part.skips {
            write.operations.append(
                .put(keys.skip(of: uid, through: skip.range.through), skip.bytes)
            )
        }
        precondition(cursor.open.count == job.open, "job \(uid) lost count of its open runs")
        write.operations.append(.put(keys.cursor(uid), cursor.bytes))
        write.after.cursor = cursor
        return write
    }

    private func put(
        _ run: Changes<RunID, StoredRun>.Entry,
        _ cursor: inout CursorValue,
        _ write: inout JobWrite,
        _ keys: StoreKeys
    ) {
        let (id, record) = (run.key, run.value.record)
        write.operations.append(.put(keys.run(id), run.value.bytes))
        guard record.state.isOpen else {
            cursor.open.remove(id)
            write.closed.append(id)
            write.operations.append(.delete(keys.open(id, by: record.session)))
            write.operations.append(
                .put(keys.closed(id, of: record.key.job), ClosedMark(record).bytes)
            )
            if record.kill != nil {
                write.operations.append(.delete(keys.kill(id, for: record.session)))
            }
            return
        }
        write.opened.append(run.value)
        if run.isNew {
            cursor.open.insert(id)
            write.operations.append(
                .put(keys.open(id, by: record.session), Array(record.key.job.text.utf8))
            )
        }
        if let order = record.kill, model.runs[id]?.record.kill == nil {
            write.operations.append(.put(keys.kill(id, for: record.session), order.bytes))
        }
    }

    private func put(
        _ waiting: PendingTrigger,
        _ cursor: inout CursorValue,
        _ write: inout JobWrite,
        _ keys: StoreKeys
    ) {
        let trigger = waiting.trigger
        cursor.waiting += 1
        if trigger.cause.isAskedForByClaims { cursor.special.append(trigger.id) }
        write.operations.append(.put(keys.waiting(trigger.id, of: trigger.key.job), waiting.bytes))
        write.operations.append(
            .put(keys.due(trigger.id, at: trigger.notBefore), Array(trigger.key.job.text.utf8))
        )
    }

    private func remove(
        _ waiting: PendingTrigger,
        _ cursor: inout CursorValue,
        _ write: inout JobWrite,
        _ keys: StoreKeys
    ) {
        let trigger = waiting.trigger
        cursor.waiting -= 1
        cursor.special.removeAll { $0 == trigger.id }
        write.operations.append(.delete(keys.waiting(trigger.id, of: trigger.key.job)))
        write.operations.append(.delete(keys.due(trigger.id, at: trigger.notBefore)))
    }

    /// Whether a call has numbered triggers or moved a pulse.
    func movesCounters(_ after: StoreModel) -> Bool { CounterValue(after.counters) != counters }

    /// The counters' condition and write, if the call has moved them.
    func counterWrite(
        to after: StoreModel,
        _ keys: StoreKeys
    ) -> (condition: KeyCondition, operation: KeyOperation)? {
        let value = CounterValue(after.counters)
        guard value != counters else { return nil }
        return (unchanged(keys.counters), .put(keys.counters, value.bytes))
    }
}

/// The part of a delta that concerns one job.
private struct JobPart {
    var isMoved = false
    var runs: [Changes<RunID, StoredRun>.Entry] = []
    var added: [PendingTrigger] = []
    var removed: [PendingTrigger] = []
    var skips: [StoredSkip] = []
}

extension Cause {
    /// Whether a claim of instants asks if such a trigger waits.
    fileprivate var isAskedForByClaims: Bool {
        switch self {
        case .queued, .replacement: true
        case .schedule, .catchUp, .manual, .retry, .nodeLoss, .backfill: false
        }
    }
}
