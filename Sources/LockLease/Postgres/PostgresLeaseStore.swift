// The networked store on PostgreSQL: lanes, transactions, and how a call is decided.

internal import Platform
internal import Postgres
package import Vocabulary

/// A store on a PostgreSQL server, for any number of hosts.
///
/// Every call that changes anything reads the slice of the store that it needs, lets ``StoreModel``
/// decide, and writes the difference in one transaction: two round trips. READ COMMITTED is enough,
/// because whatever a decision was made by is the same when its difference is written:
/// - the `cursor` row of a job stands for all that is the job's (its runs, triggers and skips). Who
///   changes any of it moves the row's turn; a claim or a finish writes only if the turn is still
///   the one it has seen, and is otherwise decided again, this time under locks, which all others
///   take from the start. Rows are locked in the order of their uids;
/// - the row of a session is locked by whoever ends it, and a claim's last statement but one counts
///   only on a live one. Renewals lock nothing else, so no claim holds up a heartbeat;
/// - an advisory lock of the list: edits take it for themselves, and whoever decides by calendars or
///   names shares it.
///
/// In this order: list, cursors, session, the store's own row.
///
/// Runs on a thread of its own, since it waits for the server; renewals and notifications have one
/// each. Between BEGIN and COMMIT nothing suspends. The server is reached at the first call.
package actor PostgresLeaseStore: LeaseStore {
    let link: ServerLink
    let settings: PostgresStoreSettings
    let pulses: PulseLane
    private let renewals: PostgresRenewalLane
    private let loop: EventLoop

    /// A store at `url`: `postgres://user@host:port,host:port/database?schema=rota`.
    ///
    /// - Throws: ``StoreError/incompatible(_:)`` for a URL that makes no sense.
    package init(
        url text: String,
        settings: PostgresStoreSettings = PostgresStoreSettings()
    ) throws(StoreError) {
        let url = try PostgresStoreURL(text)
        let line = StoreLine()
        self.settings = settings
        link = ServerLink(url, settings, line)
        renewals = PostgresRenewalLane(ServerLink(url, settings, line))
        pulses = PulseLane(url, settings, line)
        loop = EventLoop(name: "store")
    }

    deinit {
        loop.stop()
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Closes the connections, as the end of the process would; the next call opens them again.
    package func disconnect() async {
        link.close()
        await renewals.disconnect()
        await pulses.disconnect()
    }

    /// The value that stands in for the server's clock, if there is one.
    var clock: Parameter { .instant(settings.clock?()) }
    var lockSpace: Parameter { .integer(link.lockSpace) }

    // MARK: What has a thread of its own

    package func renew(_ session: SessionID) async throws(StoreError) -> Renewal {
        try await renewals.renew(session)
    }

    package func pulse() async throws(StoreError) -> StorePulse {
        try await pulses.pulse()
    }

    package func pulse(
        after seen: StorePulse,
        within limit: Duration
    ) async throws(StoreError) -> StorePulse {
        try await pulses.pulse(after: seen, within: limit)
    }
}

// MARK: - One transaction

extension PostgresLeaseStore {
    /// Makes a call that may change something.
    ///
    /// A transaction that stood in another's way is made again, with a little chance in between; a
    /// call that changes nothing ends without waiting for a disk. But where its answer rests on a
    /// commit whose outcome was unknown, it writes something all the same: then its own commit
    /// waits for the standbys, and with it the earlier one has reached them.
    ///
    /// - Parameters:
    ///   - counter: Whose row counts the write.
    ///   - holding: How the first attempt holds what it reads; later ones lock.
    ///   - items: What a claim asks for.
    ///   - load: Reads what the decision needs, behind BEGIN where it is to lock.
    ///   - decide: Makes the call on the slice.
    func write<Answer>(
        counting counter: WriteCounter,
        first holding: Holding = .locking,
        items: [ClaimItem] = [],
        load: (Holding, Connection.Deadline) throws(LinkFailure) -> Slice,
        decide: (inout StoreModel, Instant) throws(StoreError) -> Answer
    ) throws(StoreError) -> Answer {
        let deadline = link.deadline()
        var (attempt, holding) = (0, holding)
        while true {
            do throws(LinkFailure) {
                try link.prepare(until: deadline)
                let slice = try load(holding, deadline)
                return try finish(slice, holding, counter, items, decide, deadline)
            } catch {
                if !error.isBeforeAnything { link.rollBack() }
                guard case .collision = error, attempt < Self.attemptLimit,
                    ContinuousClock.now < deadline
                else { throw link.inStoreWords(error) }
                if holding == .locking { link.pause(Int64.random(in: 1...(2 << attempt))) }
                attempt += 1
                holding = .locking
            }
        }
    }

    private static let attemptLimit = 6

    private func finish<Answer>(
        _ loaded: Slice,
        _ holding: Holding,
        _ counter: WriteCounter,
        _ items: [ClaimItem],
        _ decide: (inout StoreModel, Instant) throws(StoreError) -> Answer,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Answer {
        var slice = loaded
        var (answer, delta) = try Self.decided(slice, decide)
        let newIDs = StoreCounters.newIDs(in: delta.counters)
        if newIDs.triggers > 0 || newIDs.sessions > 0 {
            // The decision is the same again, only the numbers are now the store's.
            try number(newIDs, &slice, deadline)
            (answer, delta) = try Self.decided(slice, decide)
        }
        let begin = holding == .looking ? [ServerLink.begin] : []
        guard !delta.isEmpty else {
            if slice.isRepeated || link.line.isUnconfirmed {
                _ = try link.commit(begin + [Self.touch], until: deadline)
            } else if holding == .locking {
                link.rollBack()
            }
            return answer
        }
        let steps = DeltaWriter.steps(
            for: delta,
            from: slice,
            counter: counter,
            items: items,
            types: link.types
        )
        _ = try link.commit(begin + steps, until: deadline)
        if delta.movesPulse { pulses.hint() }
        return answer
    }

    static let touch = Step("UPDATE meta SET touched=touched+1")

    private static func decided<Answer>(
        _ slice: Slice,
        _ decide: (inout StoreModel, Instant) throws(StoreError) -> Answer
    ) throws(LinkFailure) -> (Answer, StoreDelta) {
        var after = slice.model
        do throws(StoreError) {
            let answer = try decide(&after, slice.now)
            return (answer, StoreDelta(from: slice.model, to: after))
        } catch {
            throw .store(error)
        }
    }

    /// Takes ids for `new` triggers in a row, or for a session.
    ///
    /// A sequence and not a row, whose lock would last until the commit. Its lock here is held only
    /// while the server does these three statements, so that nobody's numbers come in between.
    private func number(
        _ new: (triggers: Int64, sessions: Int64),
        _ slice: inout Slice,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) {
        if new.triggers > 0 {
            let rows = try link.round(
                [
                    Step("SELECT pg_advisory_lock($1::int4, -1)", [lockSpace]),
                    Step(
                        "SELECT setval('trigger_id', nextval('trigger_id') + $1 - 1)",
                        [.integer(new.triggers)]
                    ),
                    Step("SELECT pg_advisory_unlock($1::int4, -1)", [lockSpace]),
                ],
                until: deadline
            )
            slice.model.counters.triggers = (rows[1].first?.integer(0) ?? 0) - new.triggers
        }
        if new.sessions > 0 {
            let next = Step("SELECT nextval('session_id')")
            let rows = try link.round([next], until: deadline)
            slice.model.counters.sessions = (rows[0].first?.integer(0) ?? 0) - new.sessions
        }
    }
}

extension StoreCounters {
    /// How many ids a call has given out.
    fileprivate static func newIDs(
        in change: Change<StoreCounters>
    ) -> (triggers: Int64, sessions: Int64) {
        (
            change.after.triggers - change.before.triggers,
            change.after.sessions - change.before.sessions
        )
    }
}

extension StoreDelta {
    fileprivate var movesPulse: Bool {
        head.isChanged || counters.before.triggerPulse != counters.after.triggerPulse
            || counters.before.killPulse != counters.after.killPulse
    }
}
