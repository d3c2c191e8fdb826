// Holds up an answer for somebody who cannot take it yet.

internal import Synchronization

/// A valve in one transfer's body; the connection then fills up, and the server waits.
///
/// A piece that is on its way already may still come. Use one for each transfer, or for several
/// one after the other.
package final class TransferValve: Sendable {
    private struct State {
        var isClosed = false
        var reopen: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    package var isClosed: Bool { state.withLock { $0.isClosed } }

    package func close() {
        state.withLock { $0.isClosed = true }
    }

    package func open() {
        let reopen = state.withLock { state in
            defer { state.isClosed = false }
            return state.isClosed ? state.reopen : nil
        }
        reopen?()
    }

    /// Sets what takes up the transfer again.
    func attach(_ reopen: @escaping @Sendable () -> Void) {
        state.withLock { $0.reopen = reopen }
    }
}
