// What a database, its driver or the driver manager refused, as a value.

/// Why a call through ODBC failed.
package struct ODBCError: Error, Equatable, Sendable {
    /// One diagnostic record, in the order in which ODBC ranks them.
    package struct Record: Equatable, Sendable {
        /// Five characters, of which the first two are the class.
        ///
        /// - SeeAlso: ODBC Programmer's Reference, appendix A.
        package let state: String
        /// The database's own number.
        package let native: Int32
        /// The driver's words on one line, without the passwords that were given.
        package let message: String

        package init(state: String, native: Int32, message: String) {
            self.state = state
            self.native = native
            self.message = message
        }
    }

    /// What was being done: a statement without its values, or connecting.
    package let work: String
    /// Never empty; the first is the cause.
    package let records: [Record]

    package init(work: String, records: [Record]) {
        self.work = work
        self.records = records
    }

    /// The cause's five characters.
    package var state: String { records.first?.state ?? "HY000" }

    /// Whether somebody asked for the statement's end: ours, or an administrator.
    package var isCancelled: Bool { ["HY008", "57014"].contains(state) }

    /// Whether the connection is gone, so that what was under way may have been done.
    package var isConnectionLost: Bool { state.hasPrefix("08") || state.hasPrefix("57P") }
}

extension ODBCError: CustomStringConvertible {
    package var description: String {
        let words = records.prefix(3).map { "\($0.message) (SQLSTATE \($0.state))" }
        return "\(work): \(words.joined(separator: "; "))"
    }
}

extension ODBCError {
    /// A failure that no driver has words for.
    init(work: String, state: String, _ message: String) {
        self.init(
            work: work,
            records: [Record(state: state, native: 0, message: message)]
        )
    }
}
