// The difference that a call made, as statements: few, and each for any number of rows.

internal import Postgres
internal import Vocabulary

/// Whose row counts a write: one that all calls wrote to would have them commit one by one.
enum WriteCounter: Equatable {
    case session(SessionID)
    /// For calls that nobody's session stands behind.
    case store
}

/// Turns a ``StoreDelta`` into statements.
///
/// Rows are written in the order in which all callers lock them: what the cursors guard, then the
/// session, then the store's own row.
struct DeltaWriter {
    private let before: StoreModel
    private let delta: StoreDelta
    private let counter: WriteCounter
    private(set) var steps: [Step] = []

    init(_ delta: StoreDelta, from before: StoreModel, counter: WriteCounter) {
        self.delta = delta
        self.before = before
        self.counter = counter
    }

    /// The statements for everything in the delta, without BEGIN and COMMIT.
    ///
    /// - Parameters:
    ///   - items: What a claim asked for; its memory is packed against it.
    ///   - now: When the request is remembered.
    static func steps(
        for delta: StoreDelta,
        from before: StoreModel,
        counter: WriteCounter,
        items: [ClaimItem],
        at now: Instant
    ) -> [Step] {
        var writer = Self(delta, from: before, counter: counter)
        writer.putObjects()
        writer.putCursors()
        writer.putRuns()
        writer.putTriggers()
        writer.putSkips()
        writer.putRequests(items, at: now)
        writer.putSessions()
        writer.putMeta()
        return writer.steps
    }

    private mutating func add(_ sql: String, _ parameters: [Parameter]) {
        steps.append(Step(sql, parameters))
    }

    // MARK: The list

    private static let putObject = """
        INSERT INTO object(\(ObjectRecord.postgresColumns.names())) SELECT \(ObjectRecord.postgresColumns.names())
        FROM \(ObjectRecord.postgresColumns.rows) ON CONFLICT (tenant, kind, name) DO UPDATE SET
        \(ObjectRecord.postgresColumns.assignments(except: ["tenant", "kind", "name"], from: "excluded"))
        """
    private static let putChange = """
        INSERT INTO change(\(ObjectRecord.postgresColumns.names()), ordinal)
        SELECT \(ObjectRecord.postgresColumns.names()), ordinal - 1 FROM
        \(ObjectRecord.postgresColumns.arrays) WITH ORDINALITY AS v(\(ObjectRecord.postgresColumns.names()), ordinal)
        """
    private static let putBatch = """
        INSERT INTO batch(sequence, epoch, digest, previous_epoch, previous_sequence,
        previous_digest) VALUES($1, $2, $3, $4, $5, $6)
        """

    private mutating func putObjects() {
        let objects = delta.objects.put.map(\.value)
        if !objects.isEmpty { add(Self.putObject, ObjectRecord.parameters(objects)) }
        for batch in delta.batches {
            add(Self.putChange, ObjectRecord.parameters(batch.records))
            let (revision, previous) = (batch.position.revision, batch.previous)
            add(
                Self.putBatch,
                [
                    .sequence(revision), .epoch(revision), .digest(batch.position.digest),
                    .epoch(previous.revision), .sequence(previous.revision),
                    .digest(previous.digest),
                ]
            )
        }
    }

    // MARK: Jobs

    private static let moved = ColumnList("uid text, at int8, fence int8, open int8")
    private static let moveCursor = """
        UPDATE cursor SET \(moved.assignments(except: ["uid"]))
        FROM \(moved.rows) WHERE cursor.uid=v.uid
        """
    private static let putCursor = """
        INSERT INTO cursor(\(JobCursor.postgresColumns.names()))
        SELECT \(JobCursor.postgresColumns.names()) FROM \(JobCursor.postgresColumns.rows)
        ON CONFLICT (uid) DO UPDATE
        SET \(JobCursor.postgresColumns.assignments(except: ["uid"], from: "excluded"))
        """

    private mutating func putCursors() {
        let cursors = delta.cursors.put.map(\.value)
        guard !cursors.isEmpty else { return }
        guard delta.batches.isEmpty else {
            add(Self.putCursor, JobCursor.parameters(cursors))
            return
        }
        add(
            Self.moveCursor,
            [
                .column(cursors) { $0.uid.text }, .column(cursors) { $0.at.unixMilliseconds },
                .column(cursors) { $0.fence.rawValue }, .column(cursors) { Int64($0.open) },
            ]
        )
    }

    private static let openRun = """
        INSERT INTO open_run(\(StoredRun.openColumns.names()))
        SELECT \(StoredRun.openColumns.names()) FROM \(StoredRun.openColumns.rows)
        """
    private static let killRun = """
        UPDATE open_run SET \(StoredRun.killColumns.assignments(except: ["id"]))
        FROM \(StoredRun.killColumns.rows) WHERE open_run.id=v.id
        """
    private static let closeRun: String = {
        let ends: Set = ["state", "finished_at", "exit_kind", "exit", "reason", "retry"]
        let values = StoredRun.postgresColumns.names().split(separator: ", ").map {
            ends.contains(String($0)) ? "v.\($0)" : "gone.\($0)"
        }
        return """
            WITH v AS (SELECT * FROM \(StoredRun.endColumns.rows)),
            gone AS (DELETE FROM open_run USING v WHERE open_run.id=v.id RETURNING open_run.*)
            INSERT INTO closed_run(\(StoredRun.postgresColumns.names()))
            SELECT \(values.joined(separator: ", ")) FROM gone JOIN v ON v.id=gone.id
            """
    }()

    private mutating func putRuns() {
        let opened = delta.runs.put.filter { $0.isNew }.map(\.value)
        let changed = delta.runs.put.filter { !$0.isNew }.map(\.value)
        let closed = changed.filter { !$0.record.state.isOpen }
        let killed = changed.filter { $0.record.state.isOpen }
        if !opened.isEmpty { add(Self.openRun, StoredRun.openParameters(opened)) }
        if !killed.isEmpty { add(Self.killRun, StoredRun.killParameters(killed)) }
        if !closed.isEmpty { add(Self.closeRun, StoredRun.endParameters(closed)) }
    }

    private static let addTrigger = """
        INSERT INTO pending(\(PendingTrigger.postgresColumns.names()))
        SELECT \(PendingTrigger.postgresColumns.names()) FROM \(PendingTrigger.postgresColumns.rows)
        """

    private mutating func putTriggers() {
        let removed = delta.triggers.removed.map(\.rawValue)
        if !removed.isEmpty { add("DELETE FROM pending WHERE id=ANY($1)", [.integers(removed)]) }
        let added = delta.triggers.put.map(\.value)
        if !added.isEmpty { add(Self.addTrigger, PendingTrigger.parameters(added)) }
    }

    private static let putSkip = """
        INSERT INTO skip(\(StoreDelta.Skip.columns.names()))
        SELECT \(StoreDelta.Skip.columns.names()) FROM \(StoreDelta.Skip.columns.rows)
        ON CONFLICT (uid, through) DO UPDATE SET
        \(StoreDelta.Skip.columns.assignments(except: ["uid", "through"], from: "excluded"))
        """

    private mutating func putSkips() {
        if !delta.skips.isEmpty { add(Self.putSkip, StoreDelta.Skip.parameters(delta.skips)) }
    }

    // MARK: Requests and counters

    private mutating func putRequests(_ items: [ClaimItem], at now: Instant) {
        for request in delta.requests {
            var memory = PackedBytes()
            switch request.outcome {
            case .claim(let outcomes):
                for (outcome, item) in zip(outcomes, items) { memory.put(outcome, of: item) }
            case .commit(let sequence): memory.put(Int64(clamping: sequence))
            case .trigger(let trigger): memory = PackedBytes(trigger)
            }
            add(
                "INSERT INTO request(id, at, outcome) VALUES($1, $2, $3)",
                [.text(request.id.text), .instant(now), .bytes(memory.bytes)]
            )
        }
    }

    private var writes: Int64 { delta.counters.after.writes - delta.counters.before.writes }
    private var triggers: Int64 {
        delta.counters.after.triggerPulse - delta.counters.before.triggerPulse
    }
    private var kills: Int64 { delta.counters.after.killPulse - delta.counters.before.killPulse }

    private static let openSession = """
        INSERT INTO session(id, node, boot_id, pid, address, term_ms)
        VALUES($1, $2, $3, $4, $5, $6)
        """
    private static let countInSession = """
        UPDATE session SET beat=beat+$2, writes=writes+$3, triggers=triggers+$4, kills=kills+$5
        WHERE id=$1
        """
    private static let endSession = "UPDATE session SET live=false, ended_at=$2 WHERE id=$1 AND live"

    private mutating func putSessions() {
        var beats: Int64 = 0
        for entry in delta.sessions.put {
            let session = entry.value
            guard !entry.isNew else {
                putNew(session.view)
                continue
            }
            if !session.view.isLive {
                add(Self.endSession, [.integer(entry.key), .instant(session.endedAt)])
            }
            // Renewals raise the beat meanwhile, so it grows by as much, not to as much.
            let known = before.sessions[entry.key]?.view.beat.rawValue ?? 0
            beats += session.view.beat.rawValue - known
        }
        guard case .session(let session) = counter else { return }
        add(
            Self.countInSession,
            [
                .integer(session), .integer(beats), .integer(writes), .integer(triggers),
                .integer(kills),
            ]
        )
    }

    private mutating func putNew(_ view: SessionView) {
        add(
            Self.openSession,
            [
                .integer(view.id), .text(view.node.name.text), .text(view.node.bootID),
                .integer(Int64(view.node.processID)), .text(view.node.address),
                .integer(view.term.milliseconds),
            ]
        )
    }

    private static let countInStore = """
        UPDATE meta SET writes=writes+$1, triggers=triggers+$2, kills=kills+$3
        """
    private static let moveHead = """
        UPDATE meta SET writes=writes+$1, triggers=triggers+$2, kills=kills+$3,
        head_epoch=$4, sequence=$5, digest=$6
        """

    private mutating func putMeta() {
        guard counter == .store else { return }
        let counts: [Parameter] = [.integer(writes), .integer(triggers), .integer(kills)]
        guard delta.head.isChanged else {
            add(Self.countInStore, counts)
            return
        }
        let head = delta.head.after
        add(
            Self.moveHead,
            counts + [.epoch(head.revision), .sequence(head.revision), .digest(head.digest)]
        )
    }
}
