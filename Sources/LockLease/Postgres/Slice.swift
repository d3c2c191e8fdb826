// The part of the store that one call needs, read and held still.

internal import Postgres
internal import Vocabulary

/// What a call is decided by.
struct Slice {
    var model: StoreModel
    /// The store's clock.
    var now: Instant
    /// Whether this very request was answered before, so that its answer rests on that commit.
    var isRepeated = false

    init(now: Instant, settings: PostgresStoreSettings) {
        model = StoreModel(
            storeID: "",
            tolerance: settings.tolerance,
            requestMemory: settings.requestMemory
        )
        self.now = now
    }

    mutating func add(_ cursors: [JobCursor]) {
        for cursor in cursors { model.jobs[cursor.uid] = StoreModel.Job(cursor: cursor) }
    }

    mutating func add(_ runs: [StoredRun]) {
        for run in runs {
            model.runs[run.record.id] = run
            if run.record.state.isOpen { model.openRuns.insert(run.record.id) }
        }
    }

    mutating func add(_ triggers: [PendingTrigger]) {
        for trigger in triggers { model.pending[trigger.trigger.id] = trigger }
    }

    mutating func add(_ objects: [ObjectRecord]) {
        for object in objects { model.objects[object.key] = object }
    }

    mutating func add(_ sessions: [SessionView]) {
        for view in sessions { model.sessions[view.id] = StoreModel.Session(view: view) }
    }
}

/// The statements that slices are read by.
///
/// Each is a statement of its own, so that under READ COMMITTED it sees what was committed while
/// the one before it waited for its locks.
enum SliceQuery {
    /// The store's clock in milliseconds, or the value that stands in for it.
    static func clock(_ number: Int) -> String {
        "coalesce($\(number), floor(extract(epoch FROM clock_timestamp()) * 1000)::int8)"
    }

    /// Edits wait for everybody who holds this, and everybody waits for an edit.
    static let shareList = "SELECT pg_advisory_xact_lock_shared($1::int4, 0)"
    static let lockList = "SELECT pg_advisory_xact_lock($1::int4, 0)"
    /// Whoever ends a session waits for everybody who relies on its life.
    static let shareSession = "SELECT pg_advisory_xact_lock_shared($1::int4, $2::int4)"
    static let lockSession = "SELECT pg_advisory_xact_lock($1::int4, $2::int4)"
    static let shareListAndSession = """
        SELECT pg_advisory_xact_lock_shared($1::int4, 0), \
        pg_advisory_xact_lock_shared($1::int4, $2::int4)
        """

    /// Cursors, locked in the order of their uids as everywhere.
    static func lockCursors(where condition: String) -> String {
        """
        SELECT \(JobCursor.postgresColumns.names()) FROM cursor WHERE \(condition)
        ORDER BY uid FOR NO KEY UPDATE
        """
    }

    static let cursors = lockCursors(where: "uid=ANY($1)")
    static let cursorsOfOpenRuns = lockCursors(
        where: "uid IN (SELECT uid FROM open_run WHERE id=ANY($1))"
    )

    static func openRuns(where condition: String) -> String {
        "SELECT \(StoredRun.postgresColumns.names()) FROM open_run WHERE \(condition)"
    }

    static let closedRuns = """
        SELECT \(StoredRun.postgresColumns.names()) FROM closed_run WHERE id=ANY($1)
        """

    static func triggers(where condition: String) -> String {
        "SELECT \(PendingTrigger.postgresColumns.names()) FROM pending WHERE \(condition)"
    }

    /// One trigger of each job that has any: enough to know that something waits.
    static func anyTriggers(where condition: String) -> String {
        """
        SELECT DISTINCT ON (uid) \(PendingTrigger.postgresColumns.names()) FROM pending
        WHERE \(condition) ORDER BY uid
        """
    }

    static let sessionColumns = "id, node, boot_id, pid, address, beat, term_ms, live"
}
