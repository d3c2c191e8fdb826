// A database of one test's own, as ODBC reaches it.

internal import Foundation

/// An empty database behind a driver of Debian's: a file, or a schema of the shared server.
package final class TestDatabase: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case sqlite
        case postgres

        /// Those that can be had here.
        package static var possible: [Self] {
            allCases.filter { $0 == .sqlite || PostgresServer.isPossible }
        }
    }

    package let kind: Kind
    /// ODBC's connection string, without a password.
    package let connection: String
    /// The password that completes it; `nil` where none is asked for.
    package let password: String?
    private let file: String?

    package init(_ kind: Kind) throws {
        self.kind = kind
        switch kind {
        case .sqlite:
            let path = FileManager.default.temporaryDirectory.path + "/odbc-" + UUID().uuidString
            file = path
            connection = "Driver=SQLite3;Database=\(path);Timeout=20000"
            password = nil
        case .postgres:
            file = nil
            let url = try PostgresServer.freshURL()
            guard let parts = URLComponents(string: url), let host = parts.host,
                let port = parts.port, let user = parts.user,
                let schema = parts.queryItems?.first(where: { $0.name == "schema" })?.value
            else { throw Unreadable(url: url) }
            let settings = "CREATE SCHEMA IF NOT EXISTS \(schema); SET search_path TO \(schema)"
            connection =
                "Driver=PostgreSQL Unicode;Server=\(host);Port=\(port);Uid=\(user);"
                + "Database=\(parts.path.dropFirst());ConnSettings={\(settings)}"
            password = parts.password
        }
    }

    deinit {
        guard let file else { return }
        for end in ["", "-journal", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: file + end)
        }
    }

    private struct Unreadable: Error {
        let url: String
    }
}
