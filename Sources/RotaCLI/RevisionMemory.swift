// Reading one's own writes: the last revision made here, kept for a minute.

internal import Platform
internal import Vocabulary

/// Remembers, per cluster and tenant, the revision of this user's last change.
///
/// Sent as `Rota-Min-Revision`, so that another master, which may be behind, first catches up.
/// Nothing here may fail a command: without a memory the answer may only be older.
struct RevisionMemory: Sendable {
    private static let term = Duration.seconds(60)

    private let path: String
    private let key: String
    private let world: World

    init(settings: Settings, world: World) {
        self.world = world
        path = Folders.state(in: world) + "/revisions.json"
        key = settings.cluster.key
    }

    func recall() -> String? {
        guard let entry = entries()[key], let text = entry["revision"]?.string,
            Revision(text) != nil
        else { return nil }
        return text
    }

    func remember(_ revision: String) {
        var entries = entries()
        entries[key] = ["revision": .string(revision), "at": .string(world.clock.now.description)]
        try? world.files.write(path, Wire.bytes(.object(entries)), mode: 0o600)
    }

    /// What is young enough to matter.
    private func entries() -> [String: Value] {
        guard let bytes = try? world.files.read(path),
            let members = Wire.value(bytes)?.object
        else { return [:] }
        let now = world.clock.now
        return members.filter { entry in
            guard let at = entry.value["at"]?.string.flatMap({ Instant(rfc3339: $0) }) else {
                return false
            }
            return at <= now && at.duration(to: now) <= Self.term
        }
    }
}
