// A job as the etcd store keeps it: what edits write, and what claims and finishes write.

internal import Vocabulary

/// What an edit of a job decides: one of its two keys, written by edits alone.
///
/// Apart from the cursor, so that an edit neither holds up the claims of its job nor waits for
/// them, and so that one commit can change any number of jobs: it compares the list's head, not
/// every job.
struct GateValue: Equatable {
    var name: ObjectKey
    var revision: Revision
    var gate: JobGate
    var digest: Digest
    var deletedAt: Instant?
}

/// What moves with a job's runs: the other key, which everything that changes anything of the job's
/// runs and triggers writes anew, so that comparing its revision holds all of that still.
struct CursorValue: Equatable {
    var at: Instant
    var fence: Fence
    var open = OpenRuns()
    /// How many triggers wait.
    var waiting = 0
    /// Those among them of cause `queued` and `replacement`, which claims ask for.
    var special: [TriggerID] = []
}

/// The open runs of one job: how many, and which, as long as they are few.
///
/// A job that may overlap without a limit can have thousands, and what is in the cursor is written
/// anew with every claim. Beyond a few they are found through the index of all open runs.
struct OpenRuns: Equatable {
    static let limit = 8

    private(set) var count = 0
    /// Oldest first; `nil`: too many to name, until all of them have ended.
    private(set) var ids: [RunID]? = []

    init() {}

    init(count: Int, ids: [RunID]?) {
        self.count = count
        self.ids = ids
    }

    mutating func insert(_ id: RunID) {
        count += 1
        guard var ids, ids.count < Self.limit else {
            ids = nil
            return
        }
        // Nearly always the newest.
        ids.insert(id, at: ids.lastIndex { $0 < id }.map { $0 + 1 } ?? 0)
        self.ids = ids
    }

    mutating func remove(_ id: RunID) {
        count -= 1
        ids = count == 0 ? [] : ids?.filter { $0 != id }
    }
}

extension JobCursor {
    init(_ uid: UID, _ gate: GateValue, _ cursor: CursorValue) {
        self.init(
            uid: uid,
            name: gate.name,
            revision: gate.revision,
            gate: gate.gate,
            digest: gate.digest,
            at: cursor.at,
            fence: cursor.fence,
            open: cursor.open.count,
            deletedAt: gate.deletedAt
        )
    }

    /// The part that edits write.
    var gateValue: GateValue {
        GateValue(
            name: name,
            revision: revision,
            gate: gate,
            digest: digest,
            deletedAt: deletedAt
        )
    }
}

extension GateValue {
    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(name.tenant)
        writer.put(name.name)
        writer.put(revision)
        writer.put(gate.isEnabled)
        switch gate.overlap {
        case .forbid: writer.put(UInt64(0))
        case .queue: writer.put(UInt64(1))
        case .replace: writer.put(UInt64(2))
        case .allow(limit: nil): writer.put(UInt64(3))
        case .allow(limit: .some(let limit)):
            writer.put(UInt64(4))
            writer.put(Int64(limit))
        }
        writer.put(Int64(gate.retries.limit))
        writer.put(gate.retries.backoff)
        writer.put(gate.retries.backoffLimit)
        switch gate.nodeLoss {
        case .lost: writer.put(false)
        case .retry(let limit):
            writer.put(true)
            writer.put(Int64(limit))
        }
        writer.put(Int64(gate.keep.runs))
        writer.put(gate.keep.age)
        writer.put(Int64(gate.keep.logBytes))
        writer.put(digest)
        writer.put(deletedAt) { $0.put($1) }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        let tenant = try reader.text()
        name = ObjectKey(tenant: tenant, kind: .job, name: try reader.text())
        revision = try reader.revision()
        let isEnabled = try reader.flag()
        let overlap: OverlapPolicy =
            switch try reader.unsigned() {
            case 0: .forbid
            case 1: .queue
            case 2: .replace
            case 3: .allow(limit: nil)
            case 4: .allow(limit: Int(try reader.number()))
            case _: throw UnreadableValue()
            }
        var retries = RetryPolicy()
        retries.limit = Int(try reader.number())
        retries.backoff = try reader.duration()
        retries.backoffLimit = try reader.duration()
        let nodeLoss: NodeLossPolicy =
            try reader.flag() ? .retry(limit: Int(try reader.number())) : .lost
        var keep = Retention()
        keep.runs = Int(try reader.number())
        keep.age = try reader.duration()
        keep.logBytes = Int(try reader.number())
        gate = JobGate(
            isEnabled: isEnabled,
            overlap: overlap,
            retries: retries,
            nodeLoss: nodeLoss,
            keep: keep
        )
        digest = try reader.digest()
        deletedAt = try reader.optional { reader throws(UnreadableValue) in try reader.instant() }
    }
}

extension CursorValue {
    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(at)
        writer.put(fence.rawValue)
        writer.put(Int64(open.count))
        writer.put(open.ids) { writer, ids in writer.put(each: ids) { $0.put($1.text) } }
        writer.put(Int64(waiting))
        writer.put(each: special) { $0.put($1.rawValue) }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        at = try reader.instant()
        fence = Fence(try reader.number())
        let count = Int(try reader.number())
        let ids = try reader.optional { reader throws(UnreadableValue) in
            try reader.list { reader throws(UnreadableValue) in RunID(try reader.text()) }
        }
        guard ids.map({ $0.count == count }) ?? (count >= 0) else { throw UnreadableValue() }
        open = OpenRuns(count: count, ids: ids)
        waiting = Int(try reader.number())
        special = try reader.list { reader throws(UnreadableValue) in
            TriggerID(try reader.number())
        }
    }
}
