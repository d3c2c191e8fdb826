// The model's list and its history.

internal import Vocabulary

extension StoreModel {
    mutating func commit(
        _ edits: [ObjectEdit],
        id: RequestID,
        author: String,
        at now: Instant
    ) throws(StoreError) -> ChangeBatch {
        if case .commit(let sequence) = requests[id] {
            guard let kept = batches.first(where: { $0.position.revision.sequence == sequence })
            else { throw .compacted(floor: floorRevision) }
            return kept
        }
        guard !edits.isEmpty else {
            return ChangeBatch(previous: head, position: head, records: [])
        }
        let revision = Revision(epoch: epoch, sequence: head.revision.sequence + 1)
        let stamp = EditStamp(revision: revision, at: now, author: author)
        // Edits see the ones before them, and all or none of them stay.
        var staged: [ObjectKey: ObjectRecord] = [:]
        var records: [ObjectRecord] = []
        var previous: [ObjectRecord?] = []
        for edit in edits {
            let current = staged[edit.key] ?? objects[edit.key]
            let record = try stamp.apply(edit, to: current)
            previous.append(current)
            staged[edit.key] = record
            records.append(record)
        }
        var moved = false
        for (index, edit) in edits.enumerated() where edit.key.kind == .job {
            moved = putJob(edit, records[index], replacing: previous[index]) || moved
        }
        objects.merge(staged) { $1 }
        let batch = ChangeBatch(after: head, revision: revision, records: records)
        batches.append(batch)
        head = batch.position
        remember(id, .commit(revision.sequence), at: now)
        count(triggers: moved)
        return batch
    }

    private mutating func putJob(
        _ edit: ObjectEdit,
        _ record: ObjectRecord,
        replacing current: ObjectRecord?
    ) -> Bool {
        let before = current.flatMap { jobs[$0.uid]?.cursor }
        let after = JobCursor.after(edit, record, before: before, fenceFloor: counters.fenceFloor)
        guard let after
        else { preconditionFailure("job \(edit.key) is in the list and has no cursor") }
        let moved = hasPending(after.uid)
        if after.isDeleted { pending = pending.filter { $1.trigger.key.job != after.uid } }
        jobs[after.uid, default: Job(cursor: after)].cursor = after
        return moved
    }

    private var floorRevision: Revision { Revision(epoch: epoch, sequence: floor) }

    func changes(after revision: Revision, limit: Int) throws(StoreError) -> [ChangeBatch] {
        guard revision == .zero || revision.epoch == epoch, revision.sequence >= floor else {
            throw .compacted(floor: floorRevision)
        }
        let later = batches.drop { $0.position.revision.sequence <= revision.sequence }
        return Array(later.prefix(max(0, limit)))
    }

    func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) -> (records: [ObjectRecord], position: Position) {
        let keys = objects.keys.filter { other in key.map { $0 < other } ?? true }.sorted()
        return (keys.prefix(max(0, limit)).compactMap { objects[$0] }, head)
    }

    mutating func prune(_ retention: StoreRetention, at now: Instant) -> Int {
        var removed = pruneRuns(at: now)
        for uid in jobs.keys {
            let oldest = now.advanced(by: .zero - retention.skips)
            let kept = jobs[uid]?.skips.filter { $1.at >= oldest } ?? [:]
            removed += (jobs[uid]?.skips.count ?? 0) - kept.count
            jobs[uid]?.skips = kept
        }
        let oldestSession = now.advanced(by: .zero - deadSessionMemory)
        for view in views() where !view.isLive && view.openRuns == 0 {
            guard let ended = sessions[view.id]?.endedAt, ended < oldestSession else { continue }
            sessions[view.id] = nil
            removed += 1
        }
        removed += pruneTombstones(now.advanced(by: .zero - retention.tombstones))
        let first = Int64(clamping: head.revision.sequence) - Int64(max(1, retention.batches))
        if first > 0 {
            floor = max(floor, UInt64(first))
            let kept = batches.drop { $0.position.revision.sequence <= floor }
            removed += batches.count - kept.count
            batches = Array(kept)
        }
        return removed
    }

    private mutating func pruneRuns(at now: Instant) -> Int {
        let closed = runs.values.map(\.record).filter { !$0.state.isOpen }
        var removed = 0
        for (uid, records) in Dictionary(grouping: closed, by: \.key.job) {
            guard let keep = jobs[uid]?.cursor.gate.keep else { continue }
            let oldest = now.advanced(by: .zero - keep.age)
            let newestFirst = records.sorted { $0.id > $1.id }.enumerated()
            for (place, run) in newestFirst
            where place >= keep.runs || run.finishedAt.map({ $0 < oldest }) == true {
                runs[run.id] = nil
                removed += 1
            }
        }
        return removed
    }

    private mutating func pruneTombstones(_ oldest: Instant) -> Int {
        for job in jobs.values.map(\.cursor) where job.open == 0 {
            guard let deletedAt = job.deletedAt, deletedAt < oldest else { continue }
            counters.fenceFloor = max(counters.fenceFloor, job.fence)
            jobs[job.uid] = nil
            runs = runs.filter { $1.record.key.job != job.uid }
        }
        let kept = objects.filter { _, record in
            !record.isDeleted || record.updatedAt >= oldest || jobs[record.uid] != nil
        }
        defer { objects = kept }
        return objects.count - kept.count
    }
}
