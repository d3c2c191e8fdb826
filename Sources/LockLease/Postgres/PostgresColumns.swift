// Our values as columns of arrays: one statement writes any number of rows.

internal import Postgres
internal import Vocabulary

extension Parameter {
    static func instant(_ instant: Instant?) -> Self { .integer(instant?.unixMilliseconds) }
    static func text(_ uid: UID) -> Self { .text(uid.text) }
    static func integer(_ session: SessionID) -> Self { .integer(session.rawValue) }

    static func digest(_ digest: Digest) -> Self { .bytes(digest.packed) }
    static func epoch(_ revision: Revision) -> Self { .integer(Int64(revision.epoch)) }
    static func sequence(_ revision: Revision) -> Self {
        .integer(Int64(clamping: revision.sequence))
    }

    static func column<Value>(_ values: [Value], _ integer: (Value) -> Int64?) -> Self {
        .integers(values.map(integer))
    }

    static func column<Value>(_ values: [Value], _ text: (Value) -> String?) -> Self {
        .texts(values.map(text))
    }

    static func column<Value>(_ values: [Value], _ bytes: (Value) -> [UInt8]?) -> Self {
        .blobs(values.map(bytes))
    }

    static func column<Value>(_ values: [Value], _ flag: (Value) -> Bool) -> Self {
        .flags(values.map(flag))
    }

    static func texts(_ ids: some Sequence<UID>) -> Self { .texts(ids.map(\.text)) }
    static func texts(_ ids: some Sequence<RunID>) -> Self { .texts(ids.map(\.text)) }
}

extension Digest {
    var packed: [UInt8] {
        var bytes = PackedBytes()
        bytes.put(self)
        return bytes.bytes
    }
}

/// Lists of columns as SQL: `unnest` turns arrays of one length into rows.
struct ColumnList {
    private let columns: [(name: String, type: String)]

    /// - Parameter text: Names with their types, as in `uid text, at int8`.
    init(_ text: String) {
        columns = text.split(separator: ",").map { column in
            let words = column.split { $0 == " " || $0 == "\n" }
            precondition(words.count == 2, "\"\(column)\" is no name with a type")
            return (String(words[0]), String(words[1]))
        }
    }

    /// The names with commas in between, behind `prefix`.
    func names(_ prefix: String = "") -> String {
        columns.map { prefix + $0.name }.joined(separator: ", ")
    }

    /// The rows that as many parameters hold, a column each.
    var arrays: String {
        let arrays = columns.enumerated().map { "$\($0 + 1)::\($1.type)[]" }
        return "unnest(\(arrays.joined(separator: ", ")))"
    }

    /// The same as a table `v`.
    var rows: String { "\(arrays) AS v(\(names()))" }

    /// `a=v.a, b=v.b …` for all but `keys`.
    func assignments(except keys: Set<String>, from table: String = "v") -> String {
        columns.filter { !keys.contains($0.name) }
            .map { "\($0.name)=\(table).\($0.name)" }.joined(separator: ", ")
    }
}

extension ObjectRecord {
    static let postgresColumns = ColumnList(
        """
        tenant text, kind text, name text, uid text, version int8, epoch int8, sequence int8,
        deleted bool, body bytea, digest bytea, created_at int8, updated_at int8, author text
        """
    )

    static func parameters(_ records: [Self]) -> [Parameter] {
        [
            .column(records) { $0.key.tenant }, .column(records) { $0.key.kind.rawValue },
            .column(records) { $0.key.name }, .column(records) { $0.uid.text },
            .column(records) { $0.version.rawValue }, .column(records) { Int64($0.revision.epoch) },
            .column(records) { Int64(clamping: $0.revision.sequence) },
            .column(records) { $0.isDeleted }, .column(records) { $0.body },
            .column(records) { $0.digest.packed },
            .column(records) { $0.createdAt.unixMilliseconds },
            .column(records) { $0.updatedAt.unixMilliseconds }, .column(records) { $0.author },
        ]
    }
}

extension JobCursor {
    static let postgresColumns = ColumnList(
        """
        uid text, tenant text, name text, epoch int8, sequence int8, enabled bool, overlap text,
        overlap_limit int8, retries int8, losses int8, keep_runs int8, keep_ms int8, digest bytea,
        at int8, fence int8, open int8, deleted_at int8
        """
    )

    static func parameters(_ cursors: [Self]) -> [Parameter] {
        [
            .column(cursors) { $0.uid.text }, .column(cursors) { $0.name.tenant },
            .column(cursors) { $0.name.name }, .column(cursors) { Int64($0.revision.epoch) },
            .column(cursors) { Int64(clamping: $0.revision.sequence) },
            .column(cursors) { $0.gate.isEnabled }, .column(cursors) { $0.gate.overlap.word },
            .column(cursors) { $0.gate.overlap.limit.map { Int64($0) } },
            .column(cursors) { Int64($0.gate.retries.limit) },
            .column(cursors) { $0.gate.nodeLoss.limit.map { Int64($0) } },
            .column(cursors) { Int64($0.gate.keep.runs) },
            .column(cursors) { $0.gate.keep.age.milliseconds },
            .column(cursors) { $0.digest.packed }, .column(cursors) { $0.at.unixMilliseconds },
            .column(cursors) { $0.fence.rawValue }, .column(cursors) { Int64($0.open) },
            .column(cursors) { $0.deletedAt?.unixMilliseconds },
        ]
    }
}

extension ExitStatus {
    fileprivate var kind: String {
        switch self {
        case .code: "code"
        case .signal: "signal"
        case .httpStatus: "http"
        }
    }

    fileprivate var number: Int64 {
        switch self {
        case .code(let number), .signal(let number): Int64(number)
        case .httpStatus(let status): Int64(status)
        }
    }
}

extension NodeLossPolicy {
    fileprivate var limit: Int? {
        switch self {
        case .lost: nil
        case .retry(let limit): limit
        }
    }
}

extension RunKey {
    /// In front of the columns of runs and triggers.
    fileprivate static func parameters(_ keys: [Self]) -> [Parameter] {
        [
            .column(keys) { $0.job.text }, .column(keys) { $0.instant.unixMilliseconds },
            .column(keys) { Int64($0.shard.index) }, .column(keys) { Int64($0.shard.count) },
            .column(keys) { Int64($0.attempt) },
        ]
    }
}

extension PendingTrigger {
    static let postgresColumns = ColumnList(
        """
        id int8, uid text, instant int8, shard int8, shards int8, attempt int8, tenant text,
        name text, cause text, detail text, by_hand bool, retries int8, losses int8,
        not_before int8
        """
    )

    static func parameters(_ pending: [Self]) -> [Parameter] {
        [.column(pending) { $0.trigger.id.rawValue }] + RunKey.parameters(pending.map(\.trigger.key))
            + [
                .column(pending) { $0.trigger.name.tenant },
                .column(pending) { $0.trigger.name.name },
                .column(pending) { $0.trigger.cause.word },
                .column(pending) { $0.trigger.cause.detail },
                .column(pending) { $0.lineage.isByHand },
                .column(pending) { Int64($0.lineage.retries) },
                .column(pending) { Int64($0.lineage.losses) },
                .column(pending) { $0.trigger.notBefore.unixMilliseconds },
            ]
    }
}

extension StoredRun {
    static let postgresColumns = ColumnList(
        """
        id text, uid text, instant int8, shard int8, shards int8, attempt int8, tenant text,
        name text, cause text, detail text, by_hand bool, retries int8, losses int8, fence int8,
        epoch int8, sequence int8, node text, session int8, state text, claimed_at int8,
        finished_at int8, exit_kind text, exit int8, reason text, kill_author text,
        kill_grace_ms int8, kill_at int8, retry int8
        """
    )

    /// What a run has when it is opened.
    static let openColumns = ColumnList(
        """
        id text, uid text, instant int8, shard int8, shards int8, attempt int8, tenant text,
        name text, cause text, detail text, by_hand bool, retries int8, losses int8, fence int8,
        epoch int8, sequence int8, node text, session int8, state text, claimed_at int8
        """
    )

    static func openParameters(_ runs: [Self]) -> [Parameter] {
        [.column(runs) { $0.record.id.text }] + RunKey.parameters(runs.map(\.record.key))
            + [
                .column(runs) { $0.record.name.tenant }, .column(runs) { $0.record.name.name },
                .column(runs) { $0.record.cause.word }, .column(runs) { $0.record.cause.detail },
                .column(runs) { $0.lineage.isByHand }, .column(runs) { Int64($0.lineage.retries) },
                .column(runs) { Int64($0.lineage.losses) },
                .column(runs) { $0.record.fence.rawValue },
                .column(runs) { Int64($0.record.revision.epoch) },
                .column(runs) { Int64(clamping: $0.record.revision.sequence) },
                .column(runs) { $0.record.node.text }, .column(runs) { $0.record.session.rawValue },
                .column(runs) { $0.record.state.rawValue },
                .column(runs) { $0.record.claimedAt.unixMilliseconds },
            ]
    }

    /// What the end of a run adds.
    static let endColumns = ColumnList(
        """
        id text, state text, finished_at int8, exit_kind text, exit int8, reason text, retry int8
        """
    )

    static func endParameters(_ runs: [Self]) -> [Parameter] {
        [
            .column(runs) { $0.record.id.text }, .column(runs) { $0.record.state.rawValue },
            .column(runs) { $0.record.finishedAt?.unixMilliseconds },
            .column(runs) { $0.record.exit?.kind }, .column(runs) { $0.record.exit?.number },
            .column(runs) { $0.record.reason }, .column(runs) { $0.retry?.rawValue },
        ]
    }

    static let killColumns = ColumnList(
        "id text, kill_author text, kill_grace_ms int8, kill_at int8"
    )

    static func killParameters(_ runs: [Self]) -> [Parameter] {
        [
            .column(runs) { $0.record.id.text }, .column(runs) { $0.record.kill?.author },
            .column(runs) { $0.record.kill?.grace?.milliseconds },
            .column(runs) { $0.record.kill?.requestedAt.unixMilliseconds },
        ]
    }
}

extension StoreDelta.Skip {
    static let columns = ColumnList(
        "uid text, through int8, since int8, count int8, reason text, at int8"
    )

    static func parameters(_ skips: [Self]) -> [Parameter] {
        [
            .column(skips) { $0.job.text },
            .column(skips) { $0.skip.range.through.unixMilliseconds },
            .column(skips) { $0.skip.range.from.unixMilliseconds },
            .column(skips) { Int64($0.skip.range.count) },
            .column(skips) { $0.skip.range.reason.rawValue },
            .column(skips) { $0.skip.at.unixMilliseconds },
        ]
    }
}
