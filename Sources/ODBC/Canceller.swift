// Ends a statement from another thread.

internal import CODBC
internal import Synchronization

/// What may be handed to other threads of a statement: the power to end it.
package final class Canceller: Sendable {
    // Guarded by the canceller's lock, which outlasts every use of the handle by this class.
    @safe private struct Handle: @unchecked Sendable {
        let pointer: SQLHSTMT
    }

    private let handle: Mutex<Handle?>
    private let isUsed = Atomic(false)

    init(_ statement: SQLHSTMT) {
        handle = unsafe Mutex(Handle(pointer: statement))
    }

    /// Whether the statement's end was ever asked for.
    var wasUsed: Bool { isUsed.load(ordering: .acquiring) }

    /// Asks the driver to end what the statement is doing; harmless if that is nothing.
    ///
    /// Blocks while the driver tells the database, which may take as long as a connection does.
    package func cancel() {
        handle.withLock { handle in
            guard let handle else { return }
            isUsed.store(true, ordering: .releasing)
            unsafe SQLCancel(handle.pointer)
        }
    }

    /// The statement goes; waits for a cancel that is under way.
    func retire() {
        handle.withLock { $0 = nil }
    }
}
