// The difference that a call made, as statements: few, and each for any number of rows.

internal import Postgres
internal import Vocabulary

/// Whose row counts a write: one that all calls wrote would have them commit one by one.
enum WriteCounter: Equatable {
    case session(SessionID)
    /// The same, of a call that only a live session may make.
    case liveSession(SessionID)
    /// For calls that nobody's session stands behind.
    case store
}

/// Turns a ``StoreDelta`` into statements.
///
/// Rows are written in the order in which all callers lock them: cursors, what they stand for, then
/// the session, then the store's own row. A statement that finds something else than the decision
/// was made by would write NULL where there must be a value; then nothing of the transaction is
/// done.
struct DeltaWriter {
    private let before: StoreModel
    private let turns: [UID: Int64]
    private let delta: StoreDelta
    private let counter: WriteCounter
    private let types: RowTypes
    private(set) var steps: [Step] = []

    private init(
        _ delta: StoreDelta,
        from slice: Slice,
        counter: WriteCounter,
        types: RowTypes
    ) {
        self.delta = delta
        self.types = types
        before = slice.model
        turns = slice.turns
        self.counter = counter
        steps = slice.guards
    }

    /// The statements for everything in the delta, without BEGIN and COMMIT.
    ///
    /// - Parameters:
    ///   - delta: What a call has changed in `slice`.
    ///   - slice: What it was decided by.
    ///   - counter: Whose row counts the write.
    ///   - items: What a claim asked for; its memory is packed against it.
    ///   - types: The server's numbers for what rows are sent as.
    /// - Returns: Statements in the order in which they are to be sent.
    static func steps(
        for delta: StoreDelta,
        from slice: Slice,
        counter: WriteCounter,
        items: [ClaimItem],
        types: RowTypes
    ) -> [Step] {
        var writer = Self(delta, from: slice, counter: counter, types: types)
        writer.putObjects()
        writer.putCursors()
        writer.putRuns()
        writer.putTriggers()
        writer.putSkips()
        writer.putRequests(items, at: slice.now)
        writer.putSessions()
        writer.putMeta()
        return writer.steps
    }

    private mutating func add(_ sql: String, _ parameters: [Parameter]) {
        steps.append(Step(sql, parameters))
    }

    private mutating func add(_ sql: String, _ type: String, _ rows: [[Parameter]]) {
        steps.append(Step(sql, [types.rows(type, rows)]))
    }

    /// The same with a statement of its own for one row, which is what most claims write: to take
    /// an array apart costs the server as much as to write a row.
    private mutating func add(
        _ sql: (many: String, one: String),
        _ type: String,
        _ rows: [[Parameter]]
    ) {
        if rows.count == 1 { add(sql.one, rows[0]) } else { add(sql.many, type, rows) }
    }

    // MARK: The list

    private static let putObject = """
        INSERT INTO object(\(ObjectRecord.postgresColumns.names()))
        SELECT \(ObjectRecord.postgresColumns.names()) FROM unnest($1::object_state[])
        ON CONFLICT (tenant, kind, name) DO UPDATE SET \(
        ObjectRecord.postgresColumns.assignments(
            except: ["tenant", "kind", "name"], from: "excluded"))
        """
    private static let putChange = """
        INSERT INTO change(\(ObjectRecord.postgresColumns.names()), ordinal)
        SELECT \(ObjectRecord.postgresColumns.names()), ordinality - 1
        FROM unnest($1::object_state[]) WITH ORDINALITY
        """
    private static let putBatch = """
        INSERT INTO batch(sequence, epoch, digest, previous_epoch, previous_sequence,
        previous_digest) VALUES($1, $2, $3, $4, $5, $6)
        """

    private mutating func putObjects() {
        let objects = delta.objects.put.map(\.value)
        if !objects.isEmpty { add(Self.putObject, "object_state", objects.map(\.row)) }
        for batch in delta.batches {
            add(Self.putChange, "object_state", batch.records.map(\.row))
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

    private static let moveCursor = (
        many: """
        UPDATE cursor SET at=v.at, fence=v.fence, open=v.open,
        turn=CASE cursor.turn WHEN v.turn THEN v.turn+1 END
        FROM unnest($1::job_move[]) AS v WHERE cursor.uid=v.uid
        """,
        one: """
        UPDATE cursor SET at=$2, fence=$3, open=$4, turn=CASE turn WHEN $5 THEN $5+1 END
        WHERE uid=$1
        """
    )
    private static let touchCursor = """
        UPDATE cursor SET turn=CASE cursor.turn WHEN v.turn THEN v.turn+1 END
        FROM unnest($1::text[], $2::int8[]) AS v(uid, turn) WHERE cursor.uid=v.uid
        """
    private static let putCursor = """
        INSERT INTO cursor(\(JobCursor.postgresColumns.names()))
        SELECT \(JobCursor.postgresColumns.names()) FROM unnest($1::job_state[])
        ON CONFLICT (uid) DO UPDATE SET turn=cursor.turn+1,
        \(JobCursor.postgresColumns.assignments(except: ["uid"], from: "excluded"))
        """

    private mutating func putCursors() {
        let cursors = delta.cursors.put.map(\.value)
        guard delta.batches.isEmpty else {
            if !cursors.isEmpty { add(Self.putCursor, "job_state", cursors.map(\.row)) }
            return
        }
        if !cursors.isEmpty {
            add(Self.moveCursor, "job_move", cursors.map { $0.move(in: turns[$0.uid]) })
        }
        // Runs and triggers that change while their job's own row stays as it is.
        var jobs = Set(delta.runs.put.map(\.value.record.key.job))
        jobs.formUnion(delta.triggers.put.map(\.value.trigger.key.job))
        jobs.formUnion(delta.triggers.removed.compactMap { before.pending[$0]?.trigger.key.job })
        let touched = jobs.subtracting(cursors.map(\.uid)).sorted()
        guard !touched.isEmpty else { return }
        add(Self.touchCursor, [.texts(touched), .integers(touched.map { turns[$0] })])
    }

    private static let openRun = (
        many: """
        INSERT INTO open_run(\(StoredRun.openColumns.names()))
        SELECT \(StoredRun.openColumns.names()) FROM unnest($1::new_run[])
        """,
        one: """
        INSERT INTO open_run(\(StoredRun.openColumns.names()))
        VALUES(\(StoredRun.openColumns.marks))
        """
    )
    private static let killRun = """
        UPDATE open_run SET \(StoredRun.killColumns.assignments(except: ["id"]))
        FROM unnest($1::run_kill[]) AS v WHERE open_run.id=v.id
        """
    private static let closeRun: String = {
        let ends: Set = ["state", "finished_at", "exit_kind", "exit", "reason", "retry"]
        let columns = StoredRun.postgresColumns.names()
        let values = columns.split(separator: ", ").map {
            ends.contains(String($0)) ? "v.\($0)" : "gone.\($0)"
        }
        return """
            WITH v AS (SELECT * FROM unnest($1::run_end[])),
            gone AS (DELETE FROM open_run USING v WHERE open_run.id=v.id RETURNING open_run.*)
            INSERT INTO closed_run(\(columns)) SELECT \(values.joined(separator: ", "))
            FROM gone JOIN v ON v.id=gone.id
            """
    }()

    private mutating func putRuns() {
        let opened = delta.runs.put.filter { $0.isNew }.map(\.value)
        let changed = delta.runs.put.filter { !$0.isNew }.map(\.value)
        let closed = changed.filter { !$0.record.state.isOpen }
        let killed = changed.filter { $0.record.state.isOpen }
        if !opened.isEmpty { add(Self.openRun, "new_run", opened.map(\.opening)) }
        if !killed.isEmpty { add(Self.killRun, "run_kill", killed.map(\.kill)) }
        if !closed.isEmpty { add(Self.closeRun, "run_end", closed.map(\.ending)) }
    }

    private static let addTrigger = """
        INSERT INTO pending(\(PendingTrigger.postgresColumns.names()))
        SELECT \(PendingTrigger.postgresColumns.names()) FROM unnest($1::new_trigger[])
        """

    private mutating func putTriggers() {
        let removed = delta.triggers.removed.map(\.rawValue)
        if !removed.isEmpty { add("DELETE FROM pending WHERE id=ANY($1)", [.integers(removed)]) }
        let added = delta.triggers.put.map(\.value)
        if !added.isEmpty { add(Self.addTrigger, "new_trigger", added.map(\.row)) }
    }

    private static let putSkip = """
        INSERT INTO skip(\(StoreDelta.Skip.columns.names()))
        SELECT \(StoreDelta.Skip.columns.names()) FROM unnest($1::new_skip[])
        ON CONFLICT (uid, through) DO UPDATE SET
        \(StoreDelta.Skip.columns.assignments(except: ["uid", "through"], from: "excluded"))
        """

    private mutating func putSkips() {
        if !delta.skips.isEmpty { add(Self.putSkip, "new_skip", delta.skips.map(\.row)) }
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
            case .backfill(let verdicts): memory = PackedBytes(verdicts)
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
        WITH opened AS (INSERT INTO session(id, node, boot_id, pid, address, term_ms)
            VALUES($1, $2, $3, $4, $5, $6) RETURNING id)
        INSERT INTO tally(session) SELECT id FROM opened
        """
    private static let countInSession = """
        UPDATE tally SET beats=beats+$2, writes=writes+$3, triggers=triggers+$4, kills=kills+$5
        WHERE session=$1
        """
    private static let countInLiveSession = """
        UPDATE tally SET beats=CASE WHEN live THEN beats+$2 END, writes=writes+$3,
        triggers=triggers+$4, kills=kills+$5 WHERE session=$1
        RETURNING floor(extract(epoch FROM clock_timestamp()) * 1000)::int8
        """
    private static let endSession = """
        WITH ended AS (UPDATE tally SET live=false WHERE session=$1)
        UPDATE session SET live=false, ended_at=$2 WHERE id=$1 AND live
        """

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
        let (sql, session): (String, SessionID)
        switch counter {
        case .session(let id): (sql, session) = (Self.countInSession, id)
        case .liveSession(let id): (sql, session) = (Self.countInLiveSession, id)
        case .store: return
        }
        add(
            sql,
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
