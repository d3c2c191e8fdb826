// Which session this node had when it last ran, for its next life.

internal import Documents
internal import LockLease
internal import Platform
internal import Synchronization
internal import Vocabulary

/// The note of a session in a node's folder.
///
/// A session is resumed only on the same boot of the same machine, at the same store, and once the
/// process that had it is gone: so a copy of the folder elsewhere resumes nothing.
struct SessionNote {
    private let path: String

    init(dataFolder: String) {
        path = dataFolder + "/session"
    }

    /// Whether a former life has left one.
    var exists: Bool { FileStore.exists(path) }

    /// Notes that this process has `session` at the store called `store`.
    func write(_ session: SessionID, at store: String) throws(SystemError) {
        let ours = ProcessTable.entry(of: Machine.processID)
        let value: Value = [
            "session": .integer(session.rawValue),
            "store": .string(store),
            "boot": .string(BootIdentity.current),
            "pid": .integer(Int64(Machine.processID)),
            "start": .integer(Int64(clamping: ours?.startTime ?? 0)),
        ]
        try FileStore.rewrite(path, with: JSON.bytes(value), mode: 0o600)
    }

    /// The session to go on with at the store called `store`, if there is one.
    func session(at store: String) -> SessionID? {
        guard let bytes = try? FileStore.read(path, limit: 4_096),
            let value = try? JSON.parse(bytes), value["store"]?.string == store,
            value["boot"]?.string == BootIdentity.current,
            let session = value["session"]?.integer, let processID = value["pid"]?.integer,
            let startTime = value["start"]?.integer
        else { return nil }
        let holder = ProcessTable.entry(of: Int32(truncatingIfNeeded: processID))
        let isGone = holder.map { $0.isZombie || $0.startTime != UInt64(clamping: startTime) }
        return isGone ?? true ? SessionID(session) : nil
    }
}

/// Which session has been noted last, so that each is noted once.
final class NotedSession: Sendable {
    private let session = Mutex<SessionID?>(nil)

    var last: SessionID? { session.withLock(\.self) }

    func note(_ session: SessionID) {
        self.session.withLock { $0 = session }
    }
}
