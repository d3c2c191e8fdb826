// Which server, database and schema a `postgres://` log setting names.

internal import Platform
internal import Postgres

/// A `postgres://` setting, read: libpq's own URL, and `schema=` beside what libpq knows.
struct PostgresLogURL: Equatable, Sendable {
    static let defaultSchema = "rota_logs"

    let address: ServerAddress
    /// Logs share a database with a store, or with other logs, each in a schema of its own.
    let schema: String

    /// Reads `text`; nothing of it that may be secret is in the error.
    init(_ text: String) throws(LogError) {
        var schema = Self.defaultSchema
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let others = parts.dropFirst().joined().split(separator: "&").filter { item in
            guard item.hasPrefix("schema=") else { return true }
            schema = String(item.dropFirst(7))
            return false
        }
        guard Self.isValid(schema) else {
            throw .misconfigured(
                """
                log: the schema "\(schema)" is no name of one. Write ?schema= with up to 40 of \
                a-z, 0-9 and _, not a digit or pg_ first
                """
            )
        }
        self.schema = schema
        let query = others.isEmpty ? "" : "?" + others.joined(separator: "&")
        do throws(PostgresError) {
            address = try ServerAddress((parts.first ?? "") + query, defaults: Self.defaults)
        } catch {
            throw .misconfigured(
                """
                log: \(error.message) in the postgres:// URL. Write it as in \
                postgres://user@host:5432/database?schema=rota_logs, %xx for other characters
                """
            )
        }
    }

    /// What libpq does unless the URL says otherwise; see there for what each is good for.
    private static let defaults = [
        "target_session_attrs": "read-write",
        "keepalives": "1",
        "keepalives_idle": "3",
        "keepalives_interval": "1",
        "keepalives_count": "3",
        "tcp_user_timeout": "5000",
        "application_name": "rota-log@\(Machine.hostName)/\(Machine.processID)",
    ]

    private static func isValid(_ schema: String) -> Bool {
        let letters = Set("abcdefghijklmnopqrstuvwxyz_".utf8)
        let digits = Set("0123456789".utf8)
        return schema.utf8.first.map { letters.contains($0) } == true && schema.utf8.count <= 40
            && !schema.hasPrefix("pg_")
            && schema.utf8.allSatisfy { letters.contains($0) || digits.contains($0) }
    }
}
