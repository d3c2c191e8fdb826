// Where a thread of one's own waits until it may go on.

internal import Glibc

/// A gate that threads wait at while it is closed; for threads that may block.
@safe
package final class ThreadGate: Sendable {
    // Guarded by the mutex in it.
    @safe private struct State: @unchecked Sendable {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        let isOpen = UnsafeMutablePointer<Bool>.allocate(capacity: 1)
    }

    private let state = State()

    package init(isOpen: Bool) {
        unsafe pthread_mutex_init(state.mutex, nil)
        unsafe pthread_cond_init(state.condition, nil)
        unsafe state.isOpen.initialize(to: isOpen)
    }

    deinit {
        unsafe pthread_cond_destroy(state.condition)
        unsafe pthread_mutex_destroy(state.mutex)
        unsafe state.condition.deallocate()
        unsafe state.mutex.deallocate()
        unsafe state.isOpen.deallocate()
    }

    /// Lets everybody go on who waits or comes.
    package func open() { set(true) }

    package func close() { set(false) }

    /// Blocks the calling thread while the gate is closed.
    package func pass() {
        unsafe pthread_mutex_lock(state.mutex)
        while unsafe !state.isOpen.pointee {
            unsafe pthread_cond_wait(state.condition, state.mutex)
        }
        unsafe pthread_mutex_unlock(state.mutex)
    }

    private func set(_ isOpen: Bool) {
        unsafe pthread_mutex_lock(state.mutex)
        unsafe state.isOpen.pointee = isOpen
        unsafe pthread_cond_broadcast(state.condition)
        unsafe pthread_mutex_unlock(state.mutex)
    }
}
