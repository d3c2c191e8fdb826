// One connection to the server that keeps logs: made when needed, given up when lost.

internal import Postgres
internal import Vocabulary

/// A connection that comes and goes.
///
/// Confine it to one thread: it blocks, for no longer than ``callLimit``.
final class PostgresLogLink {
    /// The most time for one call, and for reaching the server.
    private static let callLimit = Duration.seconds(5)
    private static let connectLimit = Duration.seconds(2)
    /// How long a server that could not be reached is taken to be away, so that those who wait in
    /// line for it do not each wait for it in turn.
    private static let silence = Duration.milliseconds(250)

    let url: PostgresLogURL
    private var connection: Connection?
    private var failure: (error: LogError, until: Connection.Deadline)?

    init(_ url: PostgresLogURL) {
        self.url = url
    }

    func close() {
        connection?.close()
        connection = nil
    }

    /// Sends `steps`, which are done all or not at all, however often they arrive.
    ///
    /// A connection that turns out to be lost is made again once.
    ///
    /// - Throws: ``LogError/unavailable(_:)`` leaves open whether they were done.
    func repeated(_ steps: [Step]) throws(LogError) -> [Rows] {
        do throws(LinkFailure) {
            return try once(steps)
        } catch {
            guard case .lost = error else { throw error.inLogWords }
        }
        do throws(LinkFailure) {
            return try once(steps)
        } catch {
            throw error.inLogWords
        }
    }

    /// Sends `steps`, which are done all or not at all, and never again by itself.
    func once(_ steps: [Step]) throws(LinkFailure) -> [Rows] {
        let deadline = ContinuousClock.now.advanced(by: Self.callLimit)
        let connection = try ready(until: deadline)
        do throws(PostgresError) {
            return try connection.run(steps, until: deadline)
        } catch {
            if error.kind == .refused, error.code == .undefinedTable {
                // Somebody has dropped the schema; it is made again with the next connection.
                close()
            }
            let said = LogError(error, at: url)
            throw connection.isOpen ? .refused(said) : .lost(said)
        }
    }

    private func ready(until deadline: Connection.Deadline) throws(LinkFailure) -> Connection {
        if let connection, connection.isOpen { return connection }
        if let failure, ContinuousClock.now < failure.until { throw .refused(failure.error) }
        do throws(LogError) {
            let opened = try open(until: deadline)
            connection = opened
            failure = nil
            return opened
        } catch {
            failure = (error, ContinuousClock.now.advanced(by: Self.silence))
            throw .refused(error)
        }
    }

    private func open(until deadline: Connection.Deadline) throws(LogError) -> Connection {
        do throws(PostgresError) {
            let opened = try Connection(
                to: url.address,
                within: Self.connectLimit,
                until: deadline
            )
            try PostgresLogSchema(on: opened, named: url.schema, until: deadline).prepare()
            return opened
        } catch {
            throw LogError(error, at: url)
        }
    }
}

/// Why what was sent has not been answered.
enum LinkFailure: Error {
    /// It was not done.
    case refused(LogError)
    /// The connection was lost meanwhile: it may have been done.
    case lost(LogError)

    var inLogWords: LogError {
        switch self {
        case .refused(let error), .lost(let error): error
        }
    }
}

extension LogError {
    /// A failure of the server at `url`, of which nothing secret is shown.
    init(_ error: PostgresError, at url: PostgresLogURL) {
        let said = "\(url.address): \(error.message)\(error.code.map { " (\($0.text))" } ?? "")"
        let user = url.address.user.map { "the user \($0)" } ?? "this user"
        switch error.code {
        case .diskFull: self = .full(said)
        case .invalidPassword, .invalidAuthorization:
            self = .misconfigured(
                """
                log: \(said): it does not let \(user) in. \
                Correct the password in the URL or in PGPASSFILE, or pg_hba.conf on the server
                """
            )
        case .invalidDatabase:
            self = .misconfigured(
                "log: \(said). Make it with CREATE DATABASE, or name another in the URL"
            )
        case .insufficientPrivilege:
            self = .misconfigured(
                """
                log: \(said). \(user) must own the schema \(url.schema), or be allowed to make \
                it: GRANT CREATE ON DATABASE \(url.address.database ?? "") TO it
                """
            )
        case PostgresLogSchema.foreign: self = .misconfigured("log: \(said)")
        case _: self = .unavailable(said)
        }
    }
}
