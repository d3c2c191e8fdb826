// PostgreSQL's failures in the store's words: who is to do what about them.

internal import Postgres

extension PostgresError {
    /// Whether another transaction was in the way and this one was undone for it.
    var isCollision: Bool {
        guard kind == .refused else { return false }
        switch code {
        case .deadlock, .serializationFailure, .uniqueViolation: return true
        // These two are ours: see ``DeltaWriter`` and how calendars are looked at again.
        case .notNullViolation, .divisionByZero: return true
        case _: return false
        }
    }

    /// Whether the server is not, or no longer, one that can be written to.
    var isOfAnotherServer: Bool {
        switch code {
        case .readOnlyTransaction, .undefinedTable, .undefinedColumn: true
        case _: false
        }
    }
}

extension StoreError {
    /// A failure of the server at `url`.
    ///
    /// - Parameters:
    ///   - error: What the server or libpq said.
    ///   - url: Where; nothing secret of it is shown.
    ///   - isCommitSent: Whether what was under way may have been done.
    init(_ error: PostgresError, at url: PostgresStoreURL, isCommitSent: Bool) {
        let address = "\(url.address)"
        let said = "\(error.message)\(error.code.map { " (\($0.text))" } ?? "")"
        let user = url.address.user.map { "the user \($0)" } ?? "this user"
        switch error.kind {
        case .lost where isCommitSent, .late where isCommitSent:
            self = .unknown("\(address): \(said)")
            return
        case .refused, .lost, .late, .misconfigured: break
        }
        switch error.code {
        case .invalidPassword, .invalidAuthorization:
            self = .incompatible(
                """
                \(address) does not let \(user) in: \(said). \
                Correct the password in the URL or in PGPASSFILE, or pg_hba.conf on the server
                """
            )
        case .invalidDatabase:
            self = .incompatible(
                "\(address): \(said). Make it with CREATE DATABASE, or name another in the URL"
            )
        case .insufficientPrivilege:
            self = .incompatible(
                """
                \(address): \(said). \(user) must own the schema \(url.schema), or be allowed \
                to make it: GRANT CREATE ON DATABASE \(url.address.database ?? "") TO it
                """
            )
        case .diskFull: self = .full("\(address): \(said)")
        case .dataCorrupted, .indexCorrupted: self = .corrupt("\(address): \(said)")
        case .readOnlyTransaction:
            self = .unavailable("\(address) takes no writes: \(said)")
        case _ where error.kind == .misconfigured: self = .incompatible("store: \(said)")
        case _: self = .unavailable("\(address): \(said)")
        }
    }
}
