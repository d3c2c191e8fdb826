// Our values from the columns of PostgreSQL's rows.

internal import Postgres
internal import Vocabulary

/// Reads the columns of one row from left to right.
///
/// A value that is not there, or of another type, makes the row unsound; whoever reads it looks at
/// that once, at the end.
struct RowReader {
    private let row: Row
    private var next = 0
    private(set) var isSound = true

    init(_ row: Row) {
        self.row = row
    }

    mutating func integer() -> Int64 { sound(row.integer(place()), or: 0) }
    mutating func text() -> String { sound(row.text(place()), or: "") }
    mutating func flag() -> Bool { sound(row.flag(place()), or: false) }
    mutating func bytes() -> [UInt8] { sound(row.bytes(place()), or: []) }
    mutating func optionalInteger() -> Int64? { row.integer(place()) }
    mutating func optionalText() -> String? { row.text(place()) }
    mutating func optionalBytes() -> [UInt8]? { row.bytes(place()) }
    mutating func instant() -> Instant { Instant(unixMilliseconds: integer()) }

    mutating func digest() -> Digest {
        var reader = PackedReader(bytes())
        return sound(reader.digest(), or: .zero)
    }

    mutating func revision() -> Revision {
        let epoch = UInt32(clamping: integer())
        return Revision(epoch: epoch, sequence: UInt64(clamping: integer()))
    }

    /// `value`, without which the row makes no sense.
    private mutating func sound<Value>(_ value: Value?, or other: Value) -> Value {
        if value == nil { isSound = false }
        return value ?? other
    }

    private mutating func place() -> Int {
        defer { next += 1 }
        return next
    }
}

extension Rows {
    /// Every row as `Value`, all of which must make sense.
    func all<Value>(
        _ what: String,
        _ read: (inout RowReader) -> Value?
    ) throws(StoreError) -> [Value] {
        try map { (row) throws(StoreError) in
            var reader = RowReader(row)
            guard let value = read(&reader), reader.isSound else {
                throw .corrupt("the row of \(what) makes no sense")
            }
            return value
        }
    }

    /// The first row as `Value`, if there is one.
    func first<Value>(
        _ what: String,
        _ read: (inout RowReader) -> Value?
    ) throws(StoreError) -> Value? {
        guard let row = first else { return nil }
        var reader = RowReader(row)
        guard let value = read(&reader), reader.isSound else {
            throw .corrupt("the row of \(what) makes no sense")
        }
        return value
    }
}

extension ObjectRecord {
    init?(_ columns: inout RowReader) {
        let tenant = columns.text()
        guard let kind = ObjectKind(rawValue: columns.text()) else { return nil }
        self.init(
            key: ObjectKey(tenant: tenant, kind: kind, name: columns.text()),
            uid: UID(columns.text()),
            version: Version(columns.integer()),
            revision: columns.revision(),
            isDeleted: columns.flag(),
            body: columns.bytes(),
            digest: columns.digest(),
            createdAt: columns.instant(),
            updatedAt: columns.instant(),
            author: columns.text()
        )
    }
}

extension JobCursor {
    init?(_ columns: inout RowReader) {
        uid = UID(columns.text())
        let tenant = columns.text()
        name = ObjectKey(tenant: tenant, kind: .job, name: columns.text())
        revision = columns.revision()
        let isEnabled = columns.flag()
        let word = columns.text()
        let limit = columns.optionalInteger().map { Int($0) }
        guard let overlap = OverlapPolicy(word: word, limit: limit) else { return nil }
        var retries = RetryPolicy()
        retries.limit = Int(columns.integer())
        let losses = columns.optionalInteger().map { Int($0) }
        var keep = Retention()
        keep.runs = Int(columns.integer())
        keep.age = .milliseconds(columns.integer())
        gate = JobGate(
            isEnabled: isEnabled,
            overlap: overlap,
            retries: retries,
            nodeLoss: losses.map { .retry(limit: $0) } ?? .lost,
            keep: keep
        )
        digest = columns.digest()
        at = columns.instant()
        fence = Fence(columns.integer())
        open = Int(columns.integer())
        deletedAt = columns.optionalInteger().map(Instant.init(unixMilliseconds:))
    }
}

extension PendingTrigger {
    init?(_ columns: inout RowReader) {
        let id = TriggerID(columns.integer())
        guard let key = RunKey(&columns) else { return nil }
        let tenant = columns.text()
        let name = ObjectKey(tenant: tenant, kind: .job, name: columns.text())
        let word = columns.text()
        guard let cause = Cause(word: word, detail: columns.text()) else { return nil }
        lineage = Lineage(&columns)
        trigger = Trigger(
            id: id,
            key: key,
            name: name,
            cause: cause,
            notBefore: columns.instant()
        )
    }
}

extension StoredRun {
    init?(_ columns: inout RowReader) {
        let id = RunID(columns.text())
        guard let key = RunKey(&columns) else { return nil }
        let tenant = columns.text()
        let name = ObjectKey(tenant: tenant, kind: .job, name: columns.text())
        let word = columns.text()
        guard let cause = Cause(word: word, detail: columns.text()) else { return nil }
        lineage = Lineage(&columns)
        let fence = Fence(columns.integer())
        let revision = columns.revision()
        let node = NodeName(columns.text())
        let session = SessionID(columns.integer())
        guard let state = RunState(rawValue: columns.text()) else { return nil }
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
            claimedAt: columns.instant(),
            finishedAt: columns.optionalInteger().map(Instant.init(unixMilliseconds:))
        )
        let kind = columns.optionalText()
        record.exit = ExitStatus(kind: kind, number: columns.optionalInteger() ?? 0)
        record.reason = columns.text()
        record.kill = KillOrder(of: id, &columns)
        retry = columns.optionalInteger().map(TriggerID.init)
    }
}

extension KillOrder {
    fileprivate init?(of run: RunID, _ columns: inout RowReader) {
        let author = columns.optionalText()
        let grace = columns.optionalInteger()
        let requestedAt = columns.optionalInteger()
        guard let author, let requestedAt else { return nil }
        self.init(
            run: run,
            author: author,
            grace: grace.map { .milliseconds($0) },
            requestedAt: Instant(unixMilliseconds: requestedAt)
        )
    }
}

extension Lineage {
    fileprivate init(_ columns: inout RowReader) {
        isByHand = columns.flag()
        retries = Int(columns.integer())
        losses = Int(columns.integer())
    }
}

extension RunKey {
    fileprivate init?(_ columns: inout RowReader) {
        let job = UID(columns.text())
        let instant = columns.instant()
        let index = Int(columns.integer())
        let count = Int(columns.integer())
        guard count >= 1, (1...count).contains(index) else { return nil }
        let attempt = Int(columns.integer())
        self.init(
            job: job,
            instant: instant,
            shard: Shard(index: index, of: count),
            attempt: attempt
        )
    }
}

extension SkipRange {
    /// From `since, through, count, reason`.
    init?(_ columns: inout RowReader) {
        let (from, through) = (columns.instant(), columns.instant())
        let count = Int(columns.integer())
        guard let reason = SkipReason(rawValue: columns.text()) else { return nil }
        self.init(from: from, through: through, count: count, reason: reason)
    }
}

extension SessionView {
    /// From `id, node, boot_id, pid, address, beat, term_ms, live` and the number of open runs.
    ///
    /// A connection that broke tells nothing of the process behind it, so none is known to be gone.
    init?(_ columns: inout RowReader) {
        self.init(
            id: SessionID(columns.integer()),
            node: NodeIdentity(
                name: NodeName(columns.text()),
                bootID: columns.text(),
                processID: Int32(clamping: columns.integer()),
                address: columns.text()
            ),
            beat: Beat(columns.integer()),
            term: .milliseconds(columns.integer()),
            isLive: columns.flag(),
            isGone: false,
            openRuns: Int(columns.integer())
        )
    }
}
