// The one row about the store itself, what it remembers of requests, and single rows by their key.

internal import SQLite
internal import Vocabulary

/// The store's own row.
struct StoreMeta {
    var storeID: String
    /// The epoch of the next commit.
    var epoch: UInt32
    var head: Position
    /// The row's own and every session's beats, so that most claims need not write this row.
    var writes: Int64
    var triggers: Int64
    var kills: Int64
    /// The newest batch that pruning removed.
    var floor: Revision
    /// The highest fence of any job that pruning removed.
    var fenceFloor: Fence
}

extension StoreFile {
    func meta() throws(StoreError) -> StoreMeta {
        let sql = """
            SELECT head_epoch, sequence, digest, store_id, epoch,
            writes + (SELECT coalesce(sum(beat), 0) FROM session), triggers, kills, floor,
            fence_floor FROM meta
            """
        let found = try first(sql) { row -> StoreMeta? in
            var columns = ColumnReader()
            let revision = columns.revision(row)
            guard let digest = columns.digest(row) else { return nil }
            let storeID = columns.text(row)
            let epoch = UInt32(clamping: columns.integer(row))
            return StoreMeta(
                storeID: storeID,
                epoch: epoch,
                head: Position(revision: revision, digest: digest),
                writes: columns.integer(row),
                triggers: columns.integer(row),
                kills: columns.integer(row),
                floor: Revision(epoch: epoch, sequence: UInt64(clamping: columns.integer(row))),
                fenceFloor: Fence(columns.integer(row))
            )
        }
        guard let meta = found ?? nil else { throw .corrupt("\(path) has lost its own row") }
        return meta
    }

    // MARK: Remembered requests

    /// The outcome of an earlier request of this id.
    func remembered(_ id: RequestID) throws(StoreError) -> PackedReader? {
        try first("SELECT outcome FROM request WHERE id=?", [.text(id.text)]) {
            PackedReader($0.blob(0))
        }
    }

    /// Remembers an outcome, and now and then forgets those that are older than has to be.
    func remember(
        _ id: RequestID,
        _ outcome: PackedBytes,
        at now: Instant
    ) throws(StoreError) {
        try forgetRequests(at: now)
        try run(
            "INSERT INTO request(id, at, outcome) VALUES(?, ?, ?)",
            [.text(id.text), .instant(now), .blob(outcome.bytes)]
        )
    }

    /// Many at a time and seldom: each of them alone would cost its claim two pages to sync.
    private func forgetRequests(at now: Instant) throws(StoreError) {
        let memory = settings.requestMemory
        let due = now.advanced(by: .zero - memory - memory / 16)
        // Rows go from the oldest on, so that what was the oldest once is a bound for ever.
        if let oldestRequest, oldestRequest >= due { return }
        oldestRequest = try first("SELECT at FROM request ORDER BY number LIMIT 1") {
            Instant(unixMilliseconds: $0.integer(0))
        }
        guard let oldestRequest, oldestRequest < due else { return }
        try run(
            """
            DELETE FROM request WHERE number IN (
                SELECT number FROM (SELECT number, at FROM request ORDER BY number LIMIT 1000)
                WHERE at < ?)
            """,
            [.instant(now.advanced(by: .zero - memory))]
        )
    }

    // MARK: Rows by key

    func cursor(of job: UID) throws(StoreError) -> JobCursor? {
        let found = try claiming { statements throws(SQLiteError) in
            try statements.cursor(of: job)
        }
        return try known(found, what: "job \(job)")
    }

    func object(_ key: ObjectKey) throws(StoreError) -> ObjectRecord? {
        try known(
            first(
                """
                SELECT \(StoreSchema.objectColumns) FROM object
                WHERE tenant=? AND kind=? AND name=?
                """,
                [.text(key.tenant), .text(key.kind.rawValue), .text(key.name)],
                row: { ObjectRecord(row: $0) }
            ),
            what: "\(key)"
        )
    }

    func storedRun(_ id: RunID) throws(StoreError) -> StoredRun? {
        try known(
            first(
                "SELECT \(StoredRun.columns) FROM run WHERE id=?",
                [.text(id.text)],
                row: { StoredRun(row: $0) }
            ),
            what: "run \(id)"
        )
    }

    func pending(_ id: TriggerID) throws(StoreError) -> PendingTrigger? {
        try known(
            first(
                "SELECT \(PendingTrigger.columns) FROM pending WHERE id=?",
                [.integer(id.rawValue)],
                row: { PendingTrigger(row: $0) }
            ),
            what: "\(id)"
        )
    }

    /// Runs of one query, all of which must make sense.
    func storedRuns(
        where condition: String,
        _ values: [SQLValue]
    ) throws(StoreError) -> [StoredRun] {
        try all(
            rows("SELECT \(StoredRun.columns) FROM run WHERE \(condition)", values) {
                StoredRun(row: $0)
            },
            what: "a run"
        )
    }

    /// Tells "no row" (outer `nil`) from "a row that makes no sense" (inner `nil`).
    private func known<Result>(
        _ result: Result??,
        what: String
    ) throws(StoreError) -> Result? {
        guard let found = result else { return nil }
        guard let found else { throw .corrupt("\(path): the row of \(what) makes no sense") }
        return found
    }

    /// `results`, unless a row made no sense.
    func all<Result>(_ results: [Result?], what: String) throws(StoreError) -> [Result] {
        let sensible = results.compactMap { $0 }
        guard sensible.count == results.count else {
            throw .corrupt("\(path): the row of \(what) makes no sense")
        }
        return sensible
    }
}
