// Where a node finds a secret that a job needs.

/// A name for a secret's value, which is on the nodes and never in the list.
package enum SecretReference: Hashable, Sendable {
    /// The whole of a file on the node, without one newline at its end.
    case file(String)

    /// What people write: `file:/etc/rota/secrets/db`.
    package var text: String {
        switch self {
        case .file(let path): "file:\(path)"
        }
    }

    /// `nil` unless it is `file:` with an absolute path that has no way up in it.
    package init?(text: String) {
        guard text.hasPrefix("file:/") else { return nil }
        let path = text.dropFirst("file:".count)
        let steps = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard !steps.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }),
            !path.utf8.contains(0)
        else { return nil }
        self = .file(String(path))
    }
}
