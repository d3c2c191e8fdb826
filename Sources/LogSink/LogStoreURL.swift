// Which log store a `log:` setting names.

internal import Vocabulary

/// A `log:` setting, read.
package enum LogStoreURL: Equatable, Sendable {
    /// `sqlite:///absolute/path`
    case sqlite(path: String)
    /// `postgres://user@host/database?schema=rota_logs`, as it was written.
    case postgres(String)

    private static let advice = """
        Write sqlite:///absolute/path or postgres://user@host/database
        """

    /// A node's own file, for a setting that nobody has written.
    package static func local(in dataFolder: String) -> Self {
        .sqlite(path: "\(dataFolder)/logs.db")
    }

    /// Reads `text`.
    ///
    /// - Throws: ``LogError/misconfigured(_:)`` with what to write instead, and nothing of `text`
    ///   in it that may be secret.
    package init(_ text: String) throws(LogError) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            // Not shown: what has no kind may still hold a password.
            throw .misconfigured("log: the setting names no kind of log store. \(Self.advice)")
        }
        let rest = String(text[colon...].dropFirst(3))
        switch text[..<colon] {
        case "sqlite":
            guard rest.hasPrefix("/"), rest.count > 1, !rest.hasSuffix("/") else {
                throw .misconfigured(
                    """
                    log: "\(text)" has no absolute path of a file. \
                    Write it as in sqlite:///var/lib/rota/logs.db
                    """
                )
            }
            self = .sqlite(path: rest)
        case "postgres", "postgresql":
            _ = try PostgresLogURL(text)
            self = .postgres(text)
        case let scheme:
            throw .misconfigured("log: \(scheme):// is no kind of log store. \(Self.advice)")
        }
    }

    /// What ``init(_:)`` reads back; it may hold a password.
    package var text: String {
        switch self {
        case .sqlite(let path): "sqlite://\(path)"
        case .postgres(let url): url
        }
    }

    /// Opens the store to write and read logs; makes it if it is not there.
    ///
    /// A server is reached at the first call, not here.
    ///
    /// - Throws: ``LogError/unavailable(_:)`` naming a file that cannot be opened.
    package func sink() throws(LogError) -> any LogSink {
        switch self {
        case .sqlite(let path): try SQLiteLogSink(path: path)
        case .postgres(let url): try PostgresLogSink(url: url)
        }
    }

    /// A reader of the store, which another process writes; it need not be there yet.
    package func reader() throws(LogError) -> any LogReader {
        switch self {
        case .sqlite(let path): SQLiteLogReader(path: path)
        case .postgres(let url): try PostgresLogReader(url: url)
        }
    }
}
