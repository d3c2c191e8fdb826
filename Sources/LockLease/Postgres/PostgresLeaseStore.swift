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
/// - an advisory lock of the list: edits take it for themselves, and whoever decides by calendars
///   or names shares it.
///
/// In this order: list, cursors, session, the store's own row.
///
/// Runs on a thread of its own, since it waits for the server; renewals and notifications have one
/// each. Between BEGIN and COMMIT nothing suspends. The server is reached at the first call.
package actor PostgresLeaseStore: LeaseStore {
    let link: ServerLink
    let settings: PostgresStoreSettings
    let pulses: PulseLane
    var memory = JobMemory()
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
