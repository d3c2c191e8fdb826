// Which store a `store:` setting names.

/// A `store:` setting, read.
package enum StoreURL: Equatable, Sendable {
    /// `sqlite:///absolute/path`
    case sqlite(path: String)

    private static let advice =
        "Write sqlite:///absolute/path, as in sqlite:///var/lib/rota/store.db"

    /// Reads `text`.
    ///
    /// - Throws: ``StoreError/incompatible(_:)`` with what to write instead.
    package init(_ text: String) throws(StoreError) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            throw .incompatible("store: \"\(text)\" names no kind of store. \(Self.advice)")
        }
        let rest = String(text[colon...].dropFirst(3))
        switch text[..<colon] {
        case "sqlite":
            guard rest.hasPrefix("/"), rest.count > 1, !rest.hasSuffix("/") else {
                throw .incompatible(
                    "store: \"\(text)\" has no absolute path of a file. \(Self.advice)"
                )
            }
            self = .sqlite(path: rest)
        case "postgres", "postgresql", "etcd":
            throw .incompatible(
                """
                store: \(text[..<colon]):// is not built in yet; only one host can share a store. \
                \(Self.advice)
                """
            )
        case let scheme:
            throw .incompatible("store: \(scheme):// is no kind of store. \(Self.advice)")
        }
    }
}

/// Opens the store that a `store:` setting names, or makes it.
///
/// - Throws: ``StoreError/incompatible(_:)`` for a setting that names none, and what opening the
///   store throws.
package func openStore(_ url: String) throws(StoreError) -> any LeaseStore {
    switch try StoreURL(url) {
    case .sqlite(let path): try SQLiteLeaseStore(path: path)
    }
}
