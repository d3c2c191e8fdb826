// Which store a `store:` setting names.

internal import Vocabulary

/// A `store:` setting, read.
package enum StoreURL: Equatable, Sendable {
    /// `sqlite:///absolute/path`
    case sqlite(path: String)
    /// `postgres://user@host,host/database?schema=rota`, as it was written.
    case postgres(String)
    /// `etcd://host:port,host:port/prefix`, as it was written.
    case etcd(String)

    private static let advice = """
        Write sqlite:///absolute/path, postgres://user@host/database or etcd://host:2379/prefix
        """

    /// Reads `text`; what is behind the kind of a networked store is read when it is opened.
    ///
    /// - Throws: ``StoreError/incompatible(_:)`` with what to write instead.
    package init(_ text: String) throws(StoreError) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            // Not shown: what has no kind may still hold a password.
            throw .incompatible("store: the setting names no kind of store. \(Self.advice)")
        }
        let rest = String(text[colon...].dropFirst(3))
        switch text[..<colon] {
        case "sqlite":
            guard rest.hasPrefix("/"), rest.count > 1, !rest.hasSuffix("/") else {
                throw .incompatible(
                    """
                    store: "\(text)" has no absolute path of a file. \
                    Write it as in sqlite:///var/lib/rota/store.db
                    """
                )
            }
            self = .sqlite(path: rest)
        case "postgres", "postgresql": self = .postgres(text)
        case "etcd", "etcds": self = .etcd(text)
        case let scheme:
            throw .incompatible("store: \(scheme):// is no kind of store. \(Self.advice)")
        }
    }
}

/// Opens the store that a `store:` setting names, or makes it.
///
/// A networked store is reached at the first call, not here. The `witness` remembers how far the
/// store's history went, and refuses one that went back.
///
/// - Throws: ``StoreError/incompatible(_:)`` for a setting that names none, and what opening the
///   store throws.
package func openStore(
    _ url: String,
    witness: HistoryWitness = HistoryWitness()
) throws(StoreError) -> any LeaseStore {
    let store: any LeaseStore =
        switch try StoreURL(url) {
        case .sqlite(let path): try SQLiteLeaseStore(path: path)
        case .postgres(let url): try PostgresLeaseStore(url: url)
        case .etcd(let url): EtcdLeaseStore(try EtcdSettings(url: url))
        }
    return WitnessedStore(store, witness: witness)
}

/// Copies the store that a `store:` setting names to the new file `target`.
///
/// - Throws: ``StoreError/incompatible(_:)`` for a store that has tools of its own for that.
package func backUpStore(_ url: String, to target: String) async throws(StoreError) {
    switch try StoreURL(url) {
    case .sqlite(let path): try await SQLiteLeaseStore(path: path).backUp(to: target)
    case .postgres:
        throw .incompatible("a PostgreSQL store is backed up with pg_dump, or as its server is")
    case .etcd: throw .incompatible("an etcd store is backed up with: etcdctl snapshot save FILE")
    }
}
