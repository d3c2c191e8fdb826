// Which server, database and schema a `postgres://` setting names.

internal import Platform
internal import Postgres

/// A `postgres://` setting, read: libpq's own URL, and `schema=` beside what libpq knows.
struct PostgresStoreURL: Equatable, Sendable {
    let address: ServerAddress
    /// Several stores may share a database, each in a schema of its own.
    let schema: String

    /// Reads `text`; nothing of it that may be secret is in the error.
    init(_ text: String) throws(StoreError) {
        let (plain, schema) = Self.takeSchema(from: text)
        guard Self.isValid(schema) else {
            throw .incompatible(
                """
                store: the schema "\(schema)" is no name of one. Write ?schema= with up to 40 of \
                a-z, 0-9 and _, not a digit or pg_ first
                """
            )
        }
        self.schema = schema
        do throws(PostgresError) {
            address = try ServerAddress(plain, defaults: Self.defaults)
        } catch {
            throw .incompatible(
                """
                store: \(error.message) in the postgres:// URL. Write it as in \
                postgres://user@host:5432/database?schema=rota, %xx for other characters
                """
            )
        }
    }

    /// What libpq does unless the URL says otherwise.
    ///
    /// The first decides that a host is left alone while it is a standby; the others notice within
    /// seconds that a server has gone without a word.
    private static let defaults = [
        "target_session_attrs": "read-write",
        "keepalives": "1",
        "keepalives_idle": "3",
        "keepalives_interval": "1",
        "keepalives_count": "3",
        "tcp_user_timeout": "5000",
        "application_name": "rota@\(Machine.hostName)/\(Machine.processID)",
    ]

    private static func takeSchema(from text: String) -> (plain: String, schema: String) {
        guard let mark = text.firstIndex(of: "?") else { return (text, "rota") }
        var schema = "rota"
        let others = text[mark...].dropFirst().split(separator: "&").filter { item in
            guard item.hasPrefix("schema=") else { return true }
            schema = String(item.dropFirst(7))
            return false
        }
        let query = others.isEmpty ? "" : "?" + others.joined(separator: "&")
        return (text[..<mark] + query, schema)
    }

    private static func isValid(_ schema: String) -> Bool {
        let letters = Set("abcdefghijklmnopqrstuvwxyz_".utf8)
        guard let first = schema.utf8.first, letters.contains(first), schema.utf8.count <= 40 else {
            return false
        }
        let digits = Set("0123456789".utf8)
        return !schema.hasPrefix("pg_")
            && schema.utf8.allSatisfy { letters.contains($0) || digits.contains($0) }
    }
}
