// What SQLite reported, with the statement it was working on.

/// A failed call into SQLite.
package struct SQLiteError: Error, Equatable, Sendable {
    /// The extended result code. <https://www.sqlite.org/rescode.html>
    package let code: Int32
    /// SQLite's own words, from `sqlite3_errmsg`.
    package let message: String
    /// The SQL being prepared or run, without its bound values; empty when opening a file.
    package let sql: String

    package init(code: Int32, message: String, sql: String) {
        self.code = code
        self.message = message
        self.sql = sql
    }

    /// The code without its extension.
    package var primaryCode: Int32 { code & 0xFF }
}

extension SQLiteError {
    package static let busy: Int32 = 5
    package static let readOnly: Int32 = 8
    package static let inputOutput: Int32 = 10
    package static let corrupt: Int32 = 11
    package static let full: Int32 = 13
    package static let cannotOpen: Int32 = 14
    package static let constraint: Int32 = 19
    package static let notADatabase: Int32 = 26
}

extension SQLiteError: CustomStringConvertible {
    package var description: String {
        let work = sql.isEmpty ? "opening the database" : "running `\(sql)`"
        return "SQLite error \(code) while \(work): \(message)"
    }
}
