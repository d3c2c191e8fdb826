// What an SQL task does on its thread, from connecting to the end of its transaction.

internal import LockLease
internal import ODBC
internal import Vocabulary

/// One SQL task with everything filled in.
///
/// Blocks its thread throughout. Before each step it asks `watch` whether it may go on, and it
/// hands `watch` what ends the step that comes.
struct SQLWork {
    private let task: SQLTask
    private let connection: ConnectionText
    private let parameters: [String?]
    private let guardRow: GuardRow?
    private let connectPatience = Duration.seconds(30)

    /// - Throws: What has no value on this node, or is not allowed on this host.
    init(
        _ task: SQLTask,
        for order: RunOrder,
        values: [String: String],
        rule: HostRule
    ) throws(TaskTemplate.Flaw) {
        self.task = task
        let address = try TaskTemplate(task.connection).filled(with: values)
        // What was filled in has not been looked at yet.
        if let why = rule.refusal(ofConnection: address) { throw TaskTemplate.Flaw(detail: why) }
        connection = ConnectionText(
            address,
            password: try task.password.map { text throws(TaskTemplate.Flaw) in
                try TaskTemplate(text).filled(with: values)
            }
        )
        parameters = try task.parameters.map { text throws(TaskTemplate.Flaw) in
            try text.map { text throws(TaskTemplate.Flaw) in
                try TaskTemplate(text).filled(with: values)
            }
        }
        guardRow = task.once ? GuardRow(order.grant) : nil
    }

    /// Does it, and answers how it ended.
    func run(_ watch: some SQLWatch) -> RunMachine.Ending {
        do throws(SQLFailure) {
            try perform(watch)
            return .judged(nil, failure: nil)
        } catch {
            return .judged(nil, failure: error.words)
        }
    }

    private func perform(_ watch: some SQLWatch) throws(SQLFailure) {
        try watch.check()
        let session = try SQLFailure.wrap { () throws(ODBCError) in
            try Connection(to: connection, within: connectPatience)
        }
        try watch.check()
        guard task.isTransaction else {
            try SQLFailure.wrap { () throws(ODBCError) in try session.commitEachStatement() }
            return try runStatement(on: session, watch)
        }
        if let guardRow {
            try prepareGuard(guardRow, on: session)
            if try isDone(guardRow, on: session, watch) { return }
        }
        do throws(SQLFailure) {
            try runStatement(on: session, watch)
            try watch.check()
        } catch {
            rollBack(session, watch)
            throw error
        }
        try commit(session, watch)
    }

    // MARK: The statement

    private func runStatement(
        on session: Connection,
        _ watch: some SQLWatch
    ) throws(SQLFailure) {
        let statement = try SQLFailure.wrap { () throws(ODBCError) in try session.statement() }
        try watch.begin(statement.canceller)
        defer { watch.endStatement() }
        try SQLFailure.wrap { () throws(ODBCError) in
            try statement.run(task.statement, parameters)
        }
        repeat {
            if statement.header.isEmpty {
                if let count = statement.changedRows { watch.note(Self.rows(count) + " changed") }
            } else {
                try printRows(of: statement, watch)
            }
            try watch.check()
        } while try SQLFailure.wrap({ () throws(ODBCError) in try statement.nextAnswer() })
    }

    private func printRows(
        of statement: Statement,
        _ watch: some SQLWatch
    ) throws(SQLFailure) {
        watch.print(RowText.line(statement.header))
        var count = 0
        while try SQLFailure.wrap({ () throws(ODBCError) in try statement.advance() }) {
            count += 1
            try watch.check()
            guard count <= task.rowLimit else { continue }
            let cells = try SQLFailure.wrap { () throws(ODBCError) in try statement.cells() }
            watch.print(RowText.line(cells))
        }
        let left = count - task.rowLimit
        watch.note(Self.rows(count) + (left > 0 ? ", of which \(left) are not shown" : ""))
    }

    private static func rows(_ count: Int) -> String { count == 1 ? "1 row" : "\(count) rows" }

    // MARK: Once

    /// Sees to it that the table is there; creating it is a transaction of its own.
    private func prepareGuard(
        _ row: GuardRow,
        on session: Connection
    ) throws(SQLFailure) {
        func isThere() -> Bool {
            // A statement that failed spoils the transaction of some databases.
            defer { try? session.rollBack() }
            do throws(ODBCError) {
                _ = try row.find(on: session)
                return true
            } catch {
                return false
            }
        }
        if isThere() { return }
        var refusal: ODBCError?
        do throws(ODBCError) {
            try session.statement().run(GuardRow.definition)
            try session.commit()
        } catch {
            // Somebody else may have been quicker; then it is there now.
            try? session.rollBack()
            refusal = error
        }
        if isThere() { return }
        throw SQLFailure(
            "once needs the table rota_guard, which cannot be made or read"
                + (refusal.map { ": \($0)" } ?? "")
                + ". Have somebody who may run: \(GuardRow.definition)"
        )
    }

    /// Writes the guard row, or answers that the effect is there already.
    private func isDone(
        _ row: GuardRow,
        on session: Connection,
        _ watch: some SQLWatch
    ) throws(SQLFailure) -> Bool {
        do throws(ODBCError) {
            try row.insert(on: session)
            return false
        } catch {
            try? session.rollBack()
            guard let found = try? row.find(on: session) else { throw SQLFailure(error) }
            try? session.rollBack()
            switch found {
            case .isDone(let run):
                watch.note("its effect is there already, by run \(run); nothing was done")
                return true
            case .isStale(let newer, let run):
                throw SQLFailure(
                    "refused: run \(run) holds the newer fence \(newer) and has done it; "
                        + "this one's is \(row.fence)"
                )
            }
        }
    }

    // MARK: The end

    private func rollBack(_ session: Connection, _ watch: some SQLWatch) {
        do throws(ODBCError) {
            try session.rollBack()
            watch.note("rolled back: nothing of it took effect")
        } catch {
            // Without a connection the database rolls back by itself.
            watch.note("the database will roll it back: \(error)")
        }
    }

    private func commit(_ session: Connection, _ watch: some SQLWatch) throws(SQLFailure) {
        do throws(ODBCError) {
            try session.commit()
        } catch {
            try? session.rollBack()
            guard error.isConnectionLost else { throw SQLFailure(error) }
            guard let guardRow else {
                throw SQLFailure("\(error). Nobody knows whether it took effect")
            }
            // The guard row knows, if somebody can be asked.
            let found = (try? Connection(to: connection, within: connectPatience))
                .flatMap { try? guardRow.find(on: $0) }
            guard case .isDone(guardRow.run) = found else {
                throw SQLFailure("\(error). Whether it took effect, the next attempt will find out")
            }
            watch.note("the answer to its commit was lost; the guard row says it took effect")
        }
    }
}

/// Why an SQL task failed, in words.
struct SQLFailure: Error {
    let words: String

    init(_ words: String) {
        self.words = words
    }

    init(_ error: ODBCError) {
        words = "\(error)"
    }

    static func wrap<Result>(
        _ body: () throws(ODBCError) -> Result
    ) throws(Self) -> Result {
        do throws(ODBCError) {
            return try body()
        } catch {
            throw Self(error)
        }
    }
}

/// What an SQL task needs of whoever watches over it; called on the task's thread.
protocol SQLWatch {
    /// Throws once the task is to end.
    func check() throws(SQLFailure)
    /// Takes what ends the statement that comes; throws once the task is to end.
    func begin(_ canceller: Canceller) throws(SQLFailure)
    func endStatement()
    /// Takes output; may wait until there is room for more.
    func print(_ bytes: [UInt8])
    func note(_ text: String)
}
