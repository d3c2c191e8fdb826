// Our values as columns and back.

internal import SQLite
internal import Vocabulary

/// Reads the columns of one row from left to right.
struct ColumnReader: ~Copyable {
    private var next: Int32 = 0

    mutating func integer(_ row: borrowing Row) -> Int64 {
        defer { next += 1 }
        return row.integer(next)
    }

    mutating func optionalInteger(_ row: borrowing Row) -> Int64? {
        defer { next += 1 }
        return row.optionalInteger(next)
    }

    mutating func text(_ row: borrowing Row) -> String {
        defer { next += 1 }
        return row.text(next)
    }

    mutating func optionalText(_ row: borrowing Row) -> String? {
        defer { next += 1 }
        return row.optionalText(next)
    }

    mutating func blob(_ row: borrowing Row) -> [UInt8] {
        defer { next += 1 }
        return row.blob(next)
    }

    mutating func instant(_ row: borrowing Row) -> Instant {
        Instant(unixMilliseconds: integer(row))
    }

    mutating func digest(_ row: borrowing Row) -> Digest? {
        var reader = PackedReader(blob(row))
        return reader.digest()
    }

    mutating func revision(_ row: borrowing Row) -> Revision {
        let epoch = UInt32(clamping: integer(row))
        return Revision(epoch: epoch, sequence: UInt64(clamping: integer(row)))
    }
}

extension SQLValue {
    static func digest(_ digest: Digest) -> Self {
        var bytes = PackedBytes()
        bytes.put(digest)
        return .blob(bytes.bytes)
    }

    static func instant(_ instant: Instant) -> Self { .integer(instant.unixMilliseconds) }
    static func flag(_ flag: Bool) -> Self { .integer(flag ? 1 : 0) }
    static func epoch(_ revision: Revision) -> Self { .integer(Int64(revision.epoch)) }
    static func sequence(_ revision: Revision) -> Self {
        .integer(Int64(clamping: revision.sequence))
    }
}

extension ObjectRecord {
    /// From ``StoreSchema/objectColumns``; `nil` if the row makes no sense.
    init?(row: borrowing Row) {
        var columns = ColumnReader()
        let tenant = columns.text(row)
        guard let kind = ObjectKind(rawValue: columns.text(row)) else { return nil }
        let key = ObjectKey(tenant: tenant, kind: kind, name: columns.text(row))
        let uid = UID(columns.text(row))
        let version = Version(columns.integer(row))
        let revision = columns.revision(row)
        let isDeleted = columns.integer(row) != 0
        let body = columns.blob(row)
        guard let digest = columns.digest(row) else { return nil }
        self.init(
            key: key,
            uid: uid,
            version: version,
            revision: revision,
            isDeleted: isDeleted,
            body: body,
            digest: digest,
            createdAt: columns.instant(row),
            updatedAt: columns.instant(row),
            author: columns.text(row)
        )
    }

    /// The values of ``StoreSchema/objectColumns``.
    var values: [SQLValue] {
        [
            .text(key.tenant), .text(key.kind.rawValue), .text(key.name), .text(uid.text),
            .integer(version.rawValue), .epoch(revision), .sequence(revision), .flag(isDeleted),
            .blob(body), .digest(digest), .instant(createdAt), .instant(updatedAt), .text(author),
        ]
    }
}

extension JobCursor {
    static let columns = """
        uid, tenant, name, epoch, sequence, enabled, overlap, overlap_limit, retries, losses, \
        keep_runs, keep_ms, digest, at, fence, open, deleted_at
        """

    init?(row: borrowing Row) {
        var columns = ColumnReader()
        uid = UID(columns.text(row))
        let tenant = columns.text(row)
        name = ObjectKey(tenant: tenant, kind: .job, name: columns.text(row))
        revision = columns.revision(row)
        let isEnabled = columns.integer(row) != 0
        let word = columns.text(row)
        let limit = columns.optionalInteger(row).map(Int.init)
        guard let overlap = OverlapPolicy(word: word, limit: limit) else { return nil }
        var retries = RetryPolicy()
        retries.limit = Int(columns.integer(row))
        let losses = columns.optionalInteger(row).map(Int.init)
        var keep = Retention()
        keep.runs = Int(columns.integer(row))
        keep.age = .milliseconds(columns.integer(row))
        gate = JobGate(
            isEnabled: isEnabled,
            overlap: overlap,
            retries: retries,
            nodeLoss: losses.map { .retry(limit: $0) } ?? .lost,
            keep: keep
        )
        guard let digest = columns.digest(row) else { return nil }
        self.digest = digest
        at = columns.instant(row)
        fence = Fence(columns.integer(row))
        open = Int(columns.integer(row))
        deletedAt = columns.optionalInteger(row).map(Instant.init(unixMilliseconds:))
    }

    /// The values of ``columns``.
    var values: [SQLValue] {
        let losses: Int64? =
            switch gate.nodeLoss {
            case .lost: nil
            case .retry(let limit): Int64(limit)
            }
        return [
            .text(uid.text), .text(name.tenant), .text(name.name), .epoch(revision),
            .sequence(revision), .flag(gate.isEnabled), .text(gate.overlap.word),
            .optional(gate.overlap.limit.map(Int64.init)), .integer(gate.retries.limit),
            .optional(losses), .integer(gate.keep.runs), .integer(gate.keep.age.milliseconds),
            .digest(digest), .instant(at), .integer(fence.rawValue), .integer(open),
            .optional(deletedAt?.unixMilliseconds),
        ]
    }
}

extension OverlapPolicy {
    var word: String {
        switch self {
        case .forbid: "forbid"
        case .queue: "queue"
        case .allow: "allow"
        case .replace: "replace"
        }
    }

    var limit: Int? {
        switch self {
        case .forbid, .queue, .replace: nil
        case .allow(let limit): limit
        }
    }

    init?(word: String, limit: Int?) {
        switch word {
        case "forbid": self = .forbid
        case "queue": self = .queue
        case "allow": self = .allow(limit: limit)
        case "replace": self = .replace
        case _: return nil
        }
    }
}

extension PendingTrigger {
    static let columns = """
        id, uid, instant, shard, shards, attempt, tenant, name, cause, detail, by_hand, retries, \
        losses, not_before
        """

    init?(row: borrowing Row) {
        var columns = ColumnReader()
        let id = TriggerID(columns.integer(row))
        guard let key = RunKey(&columns, row) else { return nil }
        let tenant = columns.text(row)
        let name = ObjectKey(tenant: tenant, kind: .job, name: columns.text(row))
        let word = columns.text(row)
        guard let cause = Cause(word: word, detail: columns.text(row)) else { return nil }
        lineage = Lineage(&columns, row)
        trigger = Trigger(
            id: id,
            key: key,
            name: name,
            cause: cause,
            notBefore: columns.instant(row)
        )
    }
}

extension Lineage {
    fileprivate init(_ columns: inout ColumnReader, _ row: borrowing Row) {
        isByHand = columns.integer(row) != 0
        retries = Int(columns.integer(row))
        losses = Int(columns.integer(row))
    }

    var values: [SQLValue] { [.flag(isByHand), .integer(retries), .integer(losses)] }
}

extension RunKey {
    fileprivate init?(_ columns: inout ColumnReader, _ row: borrowing Row) {
        let job = UID(columns.text(row))
        let instant = columns.instant(row)
        let index = Int(columns.integer(row))
        let count = Int(columns.integer(row))
        guard count >= 1, (1...count).contains(index) else { return nil }
        let attempt = Int(columns.integer(row))
        self.init(
            job: job,
            instant: instant,
            shard: Shard(index: index, of: count),
            attempt: attempt
        )
    }

    var values: [SQLValue] {
        [
            .text(job.text), .instant(instant), .integer(shard.index), .integer(shard.count),
            .integer(attempt),
        ]
    }
}

extension StoredRun {
    static let columns = """
        id, uid, instant, shard, shards, attempt, tenant, name, cause, detail, by_hand, retries, \
        losses, fence, epoch, sequence, node, session, state, claimed_at, finished_at, exit_kind, \
        exit, reason, kill_author, kill_grace_ms, kill_at, retry
        """

    init?(row: borrowing Row) {
        var columns = ColumnReader()
        let id = RunID(columns.text(row))
        guard let key = RunKey(&columns, row) else { return nil }
        let tenant = columns.text(row)
        let name = ObjectKey(tenant: tenant, kind: .job, name: columns.text(row))
        let word = columns.text(row)
        guard let cause = Cause(word: word, detail: columns.text(row)) else { return nil }
        lineage = Lineage(&columns, row)
        let fence = Fence(columns.integer(row))
        let revision = columns.revision(row)
        let node = NodeName(columns.text(row))
        let session = SessionID(columns.integer(row))
        guard let state = RunState(rawValue: columns.text(row)) else { return nil }
        record = RunRecord(
            id: id,
            key: key,
            name: name,
            cause: cause,
            fence: fence,
            revision: revision,
            node: node,
            session: session,
            state: state,
            claimedAt: columns.instant(row),
            finishedAt: columns.optionalInteger(row).map(Instant.init(unixMilliseconds:))
        )
        let kind = columns.optionalText(row)
        record.exit = ExitStatus(kind: kind, number: columns.integer(row))
        record.reason = columns.text(row)
        record.kill = KillOrder(of: id, &columns, row)
        retry = columns.optionalInteger(row).map(TriggerID.init)
    }
}

extension KillOrder {
    fileprivate init?(of run: RunID, _ columns: inout ColumnReader, _ row: borrowing Row) {
        let author = columns.optionalText(row)
        let grace = columns.optionalInteger(row)
        let requestedAt = columns.instant(row)
        guard let author else { return nil }
        self.init(
            run: run,
            author: author,
            grace: grace.map { .milliseconds($0) },
            requestedAt: requestedAt
        )
    }
}

extension ExitStatus {
    init?(kind: String?, number: Int64) {
        switch kind {
        case "code": self = .code(Int32(clamping: number))
        case "signal": self = .signal(Int32(clamping: number))
        case "http": self = .httpStatus(Int(number))
        case _: return nil
        }
    }

    /// The values of `exit_kind` and `exit`.
    static func values(_ exit: Self?) -> [SQLValue] {
        switch exit {
        case .code(let code): [.text("code"), .integer(Int64(code))]
        case .signal(let number): [.text("signal"), .integer(Int64(number))]
        case .httpStatus(let status): [.text("http"), .integer(status)]
        case nil: [.null, .null]
        }
    }
}

extension SkipRange {
    /// From `since, through, count, reason`.
    init?(row: borrowing Row) {
        guard let reason = SkipReason(rawValue: row.text(3)) else { return nil }
        self.init(
            from: Instant(unixMilliseconds: row.integer(0)),
            through: Instant(unixMilliseconds: row.integer(1)),
            count: Int(row.integer(2)),
            reason: reason
        )
    }
}
