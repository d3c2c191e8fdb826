// What a job does to a database.

/// One statement, or several at once, on a database that ODBC reaches; its rows are the output.
package struct SQLTask: Hashable, Sendable {
    /// ODBC's connection string without a password, or a data source's name.
    package var connection: String
    /// A template that names a secret; `nil`: the database asks for none.
    package var password: String?
    package var statement: String
    /// Templates for the question marks in the statement, in order; `nil` is NULL.
    package var parameters: [String?] = []
    /// Whether a guard row in the task's own transaction makes the effect happen at most once.
    package var once = false
    /// Whether all of the statement takes effect together or not at all.
    package var isTransaction = true
    /// How many rows are printed; further ones are only counted.
    package var rowLimit = 1_000

    package init(connection: String, statement: String) {
        self.connection = connection
        self.statement = statement
    }
}
