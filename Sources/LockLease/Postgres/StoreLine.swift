// What the connections of one store have in common: whether it may be used, and what it owes.

internal import Synchronization

/// Which server a connection has reached, and since when that one runs.
struct ServerMark: Equatable, Sendable {
    /// Given to a cluster when it was made; a copy and a standby share it.
    let systemID: String
    /// Changes when a standby is promoted or a backup is restored up to some moment.
    let timeline: String
    /// Changes when the server starts again, be it on files that were exchanged meanwhile.
    let startedAt: Int64
}

/// The state that the lanes of one store share.
///
/// Once any of them has lost the server, none is used until somebody has asked who the store is:
/// what answers then may be a restored one. And a lane never works with another server than the
/// one that was identified.
final class StoreLine: Sendable {
    private struct State {
        var severedBy: String?
        var server: ServerMark?
        var isUnconfirmed = false
    }

    private let state = Mutex(State())

    /// Throws unless the store may be used.
    func check() throws(StoreError) {
        guard let reason = state.withLock({ $0.severedBy }) else { return }
        throw .unavailable(reason)
    }

    /// Has no lane use the store until it has been identified again.
    func sever(_ reason: String) {
        state.withLock { $0.severedBy = $0.severedBy ?? reason }
    }

    /// Answers whether a connection to `server` may be used, which the first one always may.
    func admits(_ server: ServerMark) -> Bool {
        state.withLock { state in
            if state.server == nil { state.server = server }
            return state.server == server
        }
    }

    /// Takes `server` for the one that is meant, and lets the lanes use it.
    func identify(_ server: ServerMark) {
        state.withLock { state in
            state.server = server
            state.severedBy = nil
        }
    }

    /// Whether an earlier commit of this store may not have reached every copy it was meant to.
    var isUnconfirmed: Bool { state.withLock { $0.isUnconfirmed } }

    func setUnconfirmed(_ flag: Bool) {
        state.withLock { $0.isUnconfirmed = flag }
    }
}
