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

/// The columns of a type that a statement takes rows of, in the order in which they are sent.
///
/// Part of the first migration, so never changed: a release that sends more makes another type.
struct ColumnList {
    /// Names with their types, as in `uid text, at int8`.
    let definition: String
    private let columns: [String]

    init(_ text: String) {
        definition = text
        columns = text.split(separator: ",").map { column in
            let words = column.split { $0 == " " || $0 == "\n" }
            precondition(words.count == 2, "\"\(column)\" is no name with a type")
            return String(words[0])
        }
    }

    /// The names with commas in between, each behind `prefix`.
    func names(_ prefix: String = "") -> String {
        columns.map { prefix + $0 }.joined(separator: ", ")
    }

    /// A mark for each column's value.
    var marks: String {
        columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
    }

    /// `a=v.a, b=v.b …` for all but `keys`.
    func assignments(except keys: Set<String>, from table: String = "v") -> String {
        columns.filter { !keys.contains($0) }.map { "\($0)=\(table).\($0)" }
            .joined(separator: ", ")
    }
}

/// The types of rows that statements take, by their names.
struct RowTypes {
    private var types: [String: RowType] = [:]

    static let query = """
        SELECT typname, oid::int8, typarray::int8 FROM pg_type
        WHERE typnamespace=$1::regnamespace AND typtype='c'
        """

    init() {}

    init(_ rows: Rows) throws(StoreError) {
        for (name, type) in try rows.all("a type", Self.entry) { types[name] = type }
    }

    private static func entry(_ columns: inout RowReader) -> (String, RowType)? {
        let name = columns.text()
        let row = UInt32(truncatingIfNeeded: columns.integer())
        return (name, RowType(row: row, array: UInt32(truncatingIfNeeded: columns.integer())))
    }

    /// Values for a parameter of type `name[]`; the server refuses a type that there is not.
    func rows(_ name: String, _ rows: [[Parameter]]) -> Parameter {
        .rows(rows, of: types[name] ?? RowType(row: 0, array: 0))
    }
}

extension ObjectRecord {
    static let postgresColumns = ColumnList(
        """
        tenant text, kind text, name text, uid text, version int8, epoch int8, sequence int8,
        deleted bool, body bytea, digest bytea, created_at int8, updated_at int8, author text
        """
    )

    var row: [Parameter] {
        [
            .text(key.tenant), .text(key.kind.rawValue), .text(key.name), .text(uid),
            .integer(version.rawValue), .epoch(revision), .sequence(revision), .flag(isDeleted),
            .bytes(body), .digest(digest), .instant(createdAt), .instant(updatedAt), .text(author),
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

    var row: [Parameter] {
        [
            .text(uid), .text(name.tenant), .text(name.name), .epoch(revision),
            .sequence(revision), .flag(gate.isEnabled), .text(gate.overlap.word),
            .integer(gate.overlap.limit.map { Int64($0) }), .integer(gate.retries.limit),
            .integer(gate.nodeLoss.limit.map { Int64($0) }), .integer(gate.keep.runs),
            .integer(gate.keep.age.milliseconds), .digest(digest), .instant(at),
            .integer(fence.rawValue), .integer(open), .instant(deletedAt),
        ]
    }

    /// What claims and finishes change, and the turn in which they found it.
    static let moveColumns = ColumnList("uid text, at int8, fence int8, open int8, turn int8")

    func move(in turn: Int64?) -> [Parameter] {
        [.text(uid), .instant(at), .integer(fence.rawValue), .integer(open), .integer(turn)]
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

extension PendingTrigger {
    static let postgresColumns = ColumnList(
        """
        id int8, uid text, instant int8, shard int8, shards int8, attempt int8, tenant text,
        name text, cause text, detail text, by_hand bool, retries int8, losses int8,
        not_before int8
        """
    )

    var row: [Parameter] {
        let (key, name, cause) = (trigger.key, trigger.name, trigger.cause)
        return [
            .integer(trigger.id.rawValue), .text(key.job), .instant(key.instant),
            .integer(key.shard.index), .integer(key.shard.count), .integer(key.attempt),
            .text(name.tenant), .text(name.name), .text(cause.word), .text(cause.detail),
            .flag(lineage.isByHand), .integer(lineage.retries), .integer(lineage.losses),
            .instant(trigger.notBefore),
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

    var opening: [Parameter] {
        let (key, name, cause) = (record.key, record.name, record.cause)
        return [
            .text(record.id.text), .text(key.job), .instant(key.instant),
            .integer(key.shard.index), .integer(key.shard.count), .integer(key.attempt),
            .text(name.tenant), .text(name.name), .text(cause.word), .text(cause.detail),
            .flag(lineage.isByHand), .integer(lineage.retries), .integer(lineage.losses),
            .integer(record.fence.rawValue), .epoch(record.revision), .sequence(record.revision),
            .text(record.node.text), .integer(record.session), .text(record.state.rawValue),
            .instant(record.claimedAt),
        ]
    }

    /// What the end of a run adds.
    static let endColumns = ColumnList(
        """
        id text, state text, finished_at int8, exit_kind text, exit int8, reason text, retry int8
        """
    )

    var ending: [Parameter] {
        [
            .text(record.id.text), .text(record.state.rawValue), .instant(record.finishedAt),
            .text(record.exit?.kind), .integer(record.exit?.number), .text(record.reason),
            .integer(retry?.rawValue),
        ]
    }

    static let killColumns = ColumnList(
        "id text, kill_author text, kill_grace_ms int8, kill_at int8"
    )

    var kill: [Parameter] {
        [
            .text(record.id.text), .text(record.kill?.author),
            .integer(record.kill?.grace?.milliseconds), .instant(record.kill?.requestedAt),
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

extension StoreDelta.Skip {
    static let columns = ColumnList(
        "uid text, through int8, since int8, count int8, reason text, at int8"
    )

    var row: [Parameter] {
        [
            .text(job), .instant(skip.range.through), .instant(skip.range.from),
            .integer(skip.range.count), .text(skip.range.reason.rawValue), .instant(skip.at),
        ]
    }
}
