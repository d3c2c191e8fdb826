// What a PostgreSQL server or the way to it refused, as a value.

/// Why a call to a PostgreSQL server failed.
package struct PostgresError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The server refused a statement; the connection is as good as before.
        case refused
        /// There is no connection, or it was lost; what was under way may have been done.
        case lost
        /// The deadline passed; the connection was closed, and what was under way may be done yet.
        case late
        /// The words that say where the server is make no sense; nothing was tried.
        case misconfigured
    }

    package let kind: Kind
    /// The server's five characters, where it said any.
    package let code: SQLState?
    /// The server's or libpq's own words, on one line.
    package let message: String
    /// What was being done: a statement without its values, or a connection's address.
    package let work: String

    package init(kind: Kind, code: SQLState? = nil, message: String, work: String) {
        self.kind = kind
        self.code = code
        self.message = message
        self.work = work
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        let code = code.map { " (\($0.text))" } ?? ""
        return "PostgreSQL, \(work): \(message)\(code)"
    }
}

/// What kind of failure a server reports.
///
/// - SeeAlso: <https://www.postgresql.org/docs/15/errcodes-appendix.html>
package struct SQLState: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The first two characters: the class of the failure.
    package var group: Substring { text.prefix(2) }

    package static let warning = Self("01000")
    package static let divisionByZero = Self("22012")
    package static let notNullViolation = Self("23502")
    package static let uniqueViolation = Self("23505")
    package static let checkViolation = Self("23514")
    package static let readOnlyTransaction = Self("25006")
    package static let invalidAuthorization = Self("28000")
    package static let invalidPassword = Self("28P01")
    package static let invalidDatabase = Self("3D000")
    package static let serializationFailure = Self("40001")
    package static let deadlock = Self("40P01")
    package static let insufficientPrivilege = Self("42501")
    package static let undefinedTable = Self("42P01")
    package static let undefinedColumn = Self("42703")
    package static let diskFull = Self("53100")
    package static let outOfMemory = Self("53200")
    package static let tooManyConnections = Self("53300")
    package static let lockNotAvailable = Self("55P03")
    package static let queryCanceled = Self("57014")
    package static let adminShutdown = Self("57P01")
    package static let crashShutdown = Self("57P02")
    package static let cannotConnectNow = Self("57P03")
    package static let inputOutput = Self("58030")
    package static let dataCorrupted = Self("XX001")
    package static let indexCorrupted = Self("XX002")
}

extension String {
    /// libpq's words on one line, without the places in the server's source that they name.
    var onOneLine: String {
        split(separator: "\n")
            .map {
                $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
            }
            .filter { !$0.isEmpty && !$0.hasPrefix("LOCATION:") }
            .joined(separator: "; ")
    }
}
