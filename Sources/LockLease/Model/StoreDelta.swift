// What one call has changed, for a back end to write down.

internal import Vocabulary

/// The difference between a slice of the store before a call and after it.
///
/// Everything is in key order, so that two callers that write the same rows take their locks in the
/// same order.
struct StoreDelta: Equatable {
    /// A job's skip.
    struct Skip: Equatable {
        let job: UID
        let skip: StoredSkip
    }

    /// A request with its outcome.
    struct Request: Equatable {
        let id: RequestID
        let outcome: StoreModel.Remembered
    }

    let sessions: Changes<SessionID, StoreModel.Session>
    let objects: Changes<ObjectKey, ObjectRecord>
    /// Commits that were added, oldest first.
    let batches: [ChangeBatch]
    let cursors: Changes<UID, JobCursor>
    /// Skips that were added or written anew.
    let skips: [Skip]
    let runs: Changes<RunID, StoredRun>
    let triggers: Changes<TriggerID, PendingTrigger>
    /// Requests that are to be remembered.
    let requests: [Request]
    let head: Change<Position>
    let epoch: Change<UInt32>
    let counters: Change<StoreCounters>

    /// Compares two states of the same slice, of which `after` came from `before` by calls.
    ///
    /// - Complexity: O(things in the slice).
    init(from before: StoreModel, to after: StoreModel) {
        sessions = Changes(from: before.sessions, to: after.sessions)
        objects = Changes(from: before.objects, to: after.objects)
        batches = Array(after.batches.dropFirst(before.batches.count))
        cursors = Changes(from: before.jobs, to: after.jobs, \.cursor)
        skips = Self.skips(from: before.jobs, to: after.jobs)
        runs = Changes(from: before.runs, to: after.runs)
        triggers = Changes(from: before.pending, to: after.pending)
        requests = Changes(from: before.requests, to: after.requests).put
            .map { Request(id: $0.key, outcome: $0.value) }
        head = Change(from: before.head, to: after.head)
        epoch = Change(from: before.epoch, to: after.epoch)
        counters = Change(from: before.counters, to: after.counters)
    }

    /// Whether the call changed nothing at all, so that nothing need be written.
    var isEmpty: Bool { !counters.isChanged }

    private static func skips(
        from before: [UID: StoreModel.Job],
        to after: [UID: StoreModel.Job]
    ) -> [Skip] {
        var skips: [Skip] = []
        for (uid, job) in after where !job.skips.isEmpty {
            let known = before[uid]?.skips ?? [:]
            skips += job.skips.values.filter { known[$0.range.through] != $0 }
                .map { Skip(job: uid, skip: $0) }
        }
        return skips.sorted { ($0.job, $0.skip.range.through) < ($1.job, $1.skip.range.through) }
    }
}

/// One value before and after.
struct Change<Value: Equatable>: Equatable {
    let before: Value
    let after: Value

    init(from before: Value, to after: Value) {
        self.before = before
        self.after = after
    }

    var isChanged: Bool { before != after }
}

/// What was written to a table, and what was taken out, in key order.
struct Changes<Key: Hashable & Comparable, Value: Equatable>: Equatable {
    struct Entry: Equatable {
        let key: Key
        let value: Value
        /// Whether the key was not there before.
        let isNew: Bool
    }

    /// New or changed values.
    let put: [Entry]
    let removed: [Key]

    init(from before: [Key: Value], to after: [Key: Value]) {
        self.init(from: before, to: after, \.self)
    }

    /// Compares only `part` of each entry.
    init<Whole>(from before: [Key: Whole], to after: [Key: Whole], _ part: (Whole) -> Value) {
        put = after.compactMap { key, whole -> Entry? in
            let value = part(whole)
            guard let old = before[key] else {
                return Entry(key: key, value: value, isNew: true)
            }
            return part(old) == value ? nil : Entry(key: key, value: value, isNew: false)
        }.sorted { $0.key < $1.key }
        // A call that only adds, which is nearly every one, need not look for what is gone.
        let old = put.count { !$0.isNew }
        removed =
            after.count == before.count + put.count - old
            ? [] : before.keys.filter { after[$0] == nil }.sorted()
    }

    var isEmpty: Bool { put.isEmpty && removed.isEmpty }
}
