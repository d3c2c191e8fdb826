// Where a database is, as ODBC's connection strings say it.

/// A connection string and the password that completes it; its description has no password.
package struct ConnectionText: Equatable, Sendable, CustomStringConvertible {
    package let description: String
    let password: String?

    /// - Parameters:
    ///   - text: `KEY=VALUE;…`, or a data source's name alone.
    ///   - password: Added as `PWD`; `nil`: none is asked for.
    package init(_ text: String, password: String? = nil) {
        description = text.contains("=") ? text : "DSN=\(text)"
        self.password = password
    }

    /// What the driver manager is given.
    ///
    /// - SeeAlso: ODBC Programmer's Reference, `SQLDriverConnect`, on braces.
    var whole: String {
        guard let password else { return description }
        let end = description.hasSuffix(";") ? "" : ";"
        return description + end + "PWD={" + password.replacing("}", with: "}}") + "}"
    }
}
