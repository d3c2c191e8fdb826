// The part of the store that one call needs, read and held still.

internal import Postgres
internal import Vocabulary

/// How a slice is held still until the difference is written.
enum Holding {
    /// Not at all: the turns of its jobs are looked at again by the statement that moves them, and
    /// if one is another by then, all is decided afresh. Cheap, and right nearly always.
    case looking
    /// By locks, in the order of the uids: whoever was overtaken once is not overtaken again.
    case locking
}

/// What a call is decided by.
struct Slice {
    var model: StoreModel
    /// The store's clock.
    var now = Instant.epoch
    /// Whether this very request was answered before, so that its answer rests on that commit.
    var isRepeated = false
    /// Which state of each job this is.
    var turns: [UID: Int64] = [:]
    /// What must still be so when the difference is written, before anything of it is.
    var guards: [Step] = []

    init(settings: PostgresStoreSettings) {
        model = StoreModel(
            storeID: "",
            tolerance: settings.tolerance,
            requestMemory: settings.requestMemory
        )
    }

    /// Jobs, from ``SliceQuery/cursors(where:_:)``.
    mutating func addJobs(_ rows: Rows) throws(StoreError) {
        let jobs = try rows.all("a job") { columns -> (JobCursor, Int64)? in
            guard let cursor = JobCursor(&columns) else { return nil }
            return (cursor, columns.integer())
        }
        for (cursor, turn) in jobs {
            model.jobs[cursor.uid] = StoreModel.Job(cursor: cursor)
            turns[cursor.uid] = turn
        }
    }

    mutating func addRuns(_ rows: Rows) throws(StoreError) {
        for run in try rows.all("a run", { StoredRun(&$0) }) {
            model.runs[run.record.id] = run
            if run.record.state.isOpen { model.openRuns.insert(run.record.id) }
        }
    }

    mutating func addTriggers(_ rows: Rows) throws(StoreError) {
        for trigger in try rows.all("a trigger", { PendingTrigger(&$0) }) {
            model.pending[trigger.trigger.id] = trigger
        }
    }

    mutating func addObjects(_ rows: Rows) throws(StoreError) {
        for object in try rows.all("an object", { ObjectRecord(&$0) }) {
            model.objects[object.key] = object
        }
    }

    mutating func addSessions(_ rows: Rows) throws(StoreError) {
        for view in try rows.all("a session", { SessionView(&$0) }) {
            model.sessions[view.id] = StoreModel.Session(view: view)
        }
    }

    /// The clock, from ``SliceQuery/clock(_:)`` in the first column.
    mutating func setClock(_ rows: Rows) {
        now = Instant(unixMilliseconds: rows.first?.integer(0) ?? 0)
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

    /// Edits wait for everybody who holds this, and everybody who wants it waits for an edit.
    static let shareList = "SELECT pg_advisory_xact_lock_shared($1::int4, 0)"
    static let lockList = "SELECT pg_advisory_xact_lock($1::int4, 0)"

    /// Jobs; always read before what they stand for.
    static func cursors(where condition: String, _ holding: Holding) -> String {
        let columns = JobCursor.postgresColumns.names()
        let looking = "SELECT \(columns), turn FROM cursor WHERE \(condition)"
        return switch holding {
        case .looking: looking
        case .locking: "\(looking) ORDER BY uid FOR NO KEY UPDATE"
        }
    }

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

    /// Sessions, without the number of their open runs unless there is SQL for that.
    static func sessions(where condition: String, openRuns: String = "0::int8") -> String {
        """
        SELECT \(sessionColumns), \(openRuns) FROM session JOIN tally ON session=id
        WHERE \(condition)
        """
    }

    static let sessionColumns = """
        id, node, boot_id, pid, address, beat + beats, term_ms, session.live
        """
}
