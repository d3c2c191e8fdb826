// One lane's connection to the server: made when needed, given up when lost, and never waited for.

internal import Postgres
internal import Vocabulary

/// Why a round trip of a transaction did not do what it was to do.
enum LinkFailure: Error {
    /// Another transaction was in the way; the same call may be made again at once.
    case collision(PostgresError)
    /// Another transaction has held a lock for too long.
    case blocked(PostgresError)
    /// There is no connection; nothing was begun.
    case away(StoreError)
    case store(StoreError)

    /// Whether there is nothing to roll back.
    var isBeforeAnything: Bool {
        switch self {
        case .away: true
        case .collision, .blocked, .store: false
        }
    }
}

/// A connection that comes and goes; what it throws is in the store's words.
///
/// Confine it to one thread: it blocks, for no longer than the deadline of each call.
final class ServerLink {
    let url: PostgresStoreURL
    let settings: PostgresStoreSettings
    let line: StoreLine
    private var connection: Connection?
    private var mark: ServerMark?
    private var failures = 0
    private var silentUntil: Connection.Deadline?
    private var lastFailure: StoreError?
    /// The first half of this store's advisory locks: the schema's number.
    private(set) var lockSpace: Int64 = 0
    /// Another one for each connection.
    private(set) var generation = 0
    /// The numbers of this schema's types.
    private(set) var types = RowTypes()
    /// What runs once on each new connection, for a lane that wants more than to ask.
    private let greeting: [Step]

    init(
        _ url: PostgresStoreURL,
        _ settings: PostgresStoreSettings,
        _ line: StoreLine,
        greeting: [Step] = []
    ) {
        self.url = url
        self.settings = settings
        self.line = line
        self.greeting = greeting
    }

    func close() {
        connection?.close()
        connection = nil
    }

    /// The deadline of a call that begins now.
    func deadline(_ limit: Duration? = nil) -> Connection.Deadline {
        ContinuousClock.now.advanced(by: limit ?? settings.callLimit)
    }

    // MARK: Round trips

    /// Makes sure that there is a connection to begin something on.
    func prepare(until deadline: Connection.Deadline) throws(LinkFailure) {
        do throws(StoreError) {
            _ = try ready(until: deadline)
        } catch {
            throw .away(error)
        }
    }

    /// Sends `steps`, none of which lasts by itself, on the connection that was prepared.
    ///
    /// Never on another one: what was begun there is not to go on here.
    func round(
        _ steps: [Step],
        until deadline: Connection.Deadline
    ) throws(LinkFailure) -> [Rows] {
        guard let connection, connection.isOpen else {
            throw .store(.unavailable("the connection was lost"))
        }
        do throws(PostgresError) {
            return try connection.run(steps, until: deadline)
        } catch {
            throw failure(error, isCommitSent: false)
        }
    }

    /// Makes something of what was read.
    func decoding<Result>(
        _ work: () throws(StoreError) -> Result
    ) throws(LinkFailure) -> Result {
        do throws(StoreError) {
            return try work()
        } catch {
            throw .store(error)
        }
    }

    /// Lets the others go first.
    func pause(_ milliseconds: Int64) {
        guard let connection, connection.isOpen else { return }
        let sql = "SELECT pg_sleep($1::float8 / 1000)"
        _ = try? connection.run([Step(sql, [.integer(milliseconds)])], until: deadline())
    }

    /// Sends `steps`, and COMMIT where a transaction is open; else they are one by themselves.
    ///
    /// Statements sent together outside of a transaction become one, which spares the server two
    /// of them. <https://www.postgresql.org/docs/15/libpq-pipeline-mode.html>
    ///
    /// From here on a lost answer is ``StoreError/unknown(_:)``. So is a commit of which the server
    /// says that it did not wait for its standbys, although libpq calls it done.
    func commit(
        _ steps: [Step],
        until deadline: Connection.Deadline
    ) throws(LinkFailure) -> [Rows] {
        guard let connection, connection.isOpen else {
            throw .store(.unavailable("the connection was lost"))
        }
        _ = connection.takeNotices()
        let answers: [Rows]
        do throws(PostgresError) {
            let end = connection.isInTransaction ? [Self.end] : []
            answers = Array(try connection.run(steps + end, until: deadline).prefix(steps.count))
        } catch {
            throw failure(error, isCommitSent: true)
        }
        if let notice = connection.takeNotices().first(where: { $0.code == .warning }) {
            line.setUnconfirmed(true)
            line.sever(notice.message)
            throw .store(.unknown("\(connection.place): \(notice.message)"))
        }
        line.setUnconfirmed(false)
        return answers
    }

    /// Ends a transaction that is not to last; one that cannot be ended goes with its connection.
    func rollBack() {
        guard let connection, connection.isOpen, connection.isInTransaction else { return }
        do {
            _ = try connection.run([Step("ROLLBACK")], until: deadline())
        } catch {
            lose(error.message)
        }
    }

    /// Reads by one statement.
    func read(_ sql: String, _ parameters: [Parameter] = []) throws(StoreError) -> Rows {
        try read([Step(sql, parameters)])[0]
    }

    /// Reads one unchanging state by several statements.
    func read(_ steps: [Step]) throws(StoreError) -> [Rows] {
        let isOne = steps.count == 1
        let all = isOne ? steps : [Self.beginReading] + steps + [Self.end]
        do throws(LinkFailure) {
            let deadline = deadline()
            try prepare(until: deadline)
            let rows = try round(all, until: deadline)
            return isOne ? rows : Array(rows.dropFirst().dropLast())
        } catch {
            if !isOne { rollBack() }
            throw inStoreWords(error)
        }
    }

    static let begin = Step("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    private static let beginReading = Step("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    private static let end = Step("COMMIT")

    // MARK: Connecting

    /// The connection, made anew if need be.
    ///
    /// - Throws: ``StoreError/unavailable(_:)`` at once while the last failure is fresh.
    func ready(until deadline: Connection.Deadline) throws(StoreError) -> Connection {
        try line.check()
        if let connection, connection.isOpen {
            guard mark.map({ line.admits($0) }) != true else { return connection }
            close()
        }
        let opened = try connect(until: deadline)
        guard let mark, line.admits(mark) else {
            let reason = "another server answers at \(opened.place) than before"
            lose(reason)
            throw .unavailable(reason)
        }
        return opened
    }

    /// Makes the store's present server the one that is meant, with all lanes.
    func identify(until deadline: Connection.Deadline) throws(StoreError) {
        if let connection, connection.isOpen, let mark {
            // One that was lost without our noticing shows it now.
            do throws(PostgresError) {
                _ = try connection.run([Step("SELECT 1")], until: deadline)
                line.identify(mark)
                return
            } catch {
                close()
            }
        }
        _ = try connect(until: deadline)
        if let mark { line.identify(mark) }
    }

    private func connect(until deadline: Connection.Deadline) throws(StoreError) -> Connection {
        if let silentUntil, ContinuousClock.now < silentUntil, let lastFailure {
            throw lastFailure
        }
        do throws(StoreError) {
            let opened = try open(until: deadline)
            failures = 0
            silentUntil = nil
            return opened
        } catch {
            close()
            wait(after: error)
            if case .unavailable(let reason) = error { line.sever(reason) }
            throw error
        }
    }

    /// Full jitter: all nodes that lost one server must not come back in step.
    private func wait(after failure: StoreError) {
        let (first, longest) = settings.retryLimits
        let most = min(longest, first * (1 << min(failures, 12)))
        failures += 1
        lastFailure = failure
        silentUntil = ContinuousClock.now.advanced(by: most * Double.random(in: 0...1))
    }

    private func open(until deadline: Connection.Deadline) throws(StoreError) -> Connection {
        let opened = try inStoreWords { () throws(PostgresError) in
            try Connection(to: url.address, within: settings.connectLimit, until: deadline)
        }
        connection = opened
        generation += 1
        let greeted = try inStoreWords { () throws(PostgresError) in
            try ServerGreeting(on: opened, schema: url.schema, settings, until: deadline)
        }
        try greeted.check(at: opened.place)
        mark = greeted.mark
        lockSpace = try StoreTables(link: self, on: opened, until: deadline).prepare()
        let found = try inStoreWords { () throws(PostgresError) in
            try opened.run([.once(RowTypes.query, [.text(url.schema)])], until: deadline)
        }
        types = try RowTypes(found[0])
        if !greeting.isEmpty {
            _ = try inStoreWords { () throws(PostgresError) in
                try opened.run(greeting, until: deadline)
            }
        }
        return opened
    }

    // MARK: Failures

    /// Does `work`, of which nothing lasts by itself.
    func inStoreWords<Result>(
        _ work: () throws(PostgresError) -> Result
    ) throws(StoreError) -> Result {
        do throws(PostgresError) {
            return try work()
        } catch {
            throw StoreError(error, at: url, isCommitSent: false)
        }
    }

    func inStoreWords(_ failure: LinkFailure) -> StoreError {
        switch failure {
        case .collision(let error): .unavailable("too many others at once: \(error.message)")
        case .blocked(let error): .unavailable(holder() ?? error.message)
        case .away(let error), .store(let error): error
        }
    }

    private func failure(_ error: PostgresError, isCommitSent: Bool) -> LinkFailure {
        if error.isCollision { return .collision(error) }
        if error.code == .lockNotAvailable { return .blocked(error) }
        let failure = StoreError(error, at: url, isCommitSent: isCommitSent)
        if connection?.isOpen != true || error.isOfAnotherServer { lose(error.message) }
        if case .unknown = failure { line.setUnconfirmed(true) }
        return .store(failure)
    }

    private func lose(_ reason: String) {
        close()
        line.sever(reason)
    }

    /// Who has sat on an open transaction of this database for longest, in words.
    private func holder() -> String? {
        let sql = """
            SELECT pid, application_name, coalesce(host(client_addr), 'this host'), state,
            floor(extract(epoch FROM clock_timestamp() - xact_start) * 1000)::int8
            FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND xact_start < clock_timestamp() - $1 * interval '1 ms' AND state IS NOT NULL
            AND backend_type = 'client backend' ORDER BY xact_start LIMIT 1
            """
        guard let connection, connection.isOpen,
            let row = try? connection.run(
                [Step(sql, [.integer(settings.lockLimit.milliseconds)])],
                until: deadline()
            ).first?.first,
            let process = row.integer(0), let name = row.text(1), let host = row.text(2),
            let state = row.text(3), let age = row.integer(4)
        else { return nil }
        return """
            store held by \(name.isEmpty ? "another program" : name) on \(host) for \(age) ms \
            (server process \(process), \(state)): continue or end it
            """
    }
}

// MARK: - Notifications

extension ServerLink {
    /// The connection's socket; -1 while there is none.
    var descriptor: Int32 { connection?.descriptor ?? -1 }

    /// The channels on which others have notified since the last call; never waits.
    func notifications() throws(StoreError) -> [String] {
        guard let connection, connection.isOpen else { return [] }
        do throws(PostgresError) {
            return try connection.takeNotifications()
        } catch {
            lose(error.message)
            throw .unavailable("\(url.address): \(error.message)")
        }
    }
}
