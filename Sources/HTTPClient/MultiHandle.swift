// A thin wrapper over `CURLM *`: many transfers at a time.

internal import CCurl

/// The handle of all transfers of one thread.
// Guarded by confinement to the loop's thread; `wake` alone is for others, under the loop's lock.
@safe struct MultiHandle: @unchecked Sendable {
    private let pointer: UnsafeMutableRawPointer

    init() {
        guard let made = unsafe curl_multi_init() else { preconditionFailure("out of memory") }
        unsafe pointer = made
    }

    /// Ends the wait of the thread in ``wait()``, now or the next time.
    func wake() {
        unsafe curl_multi_wakeup(pointer)
    }

    func add(_ transfer: Transfer) {
        unsafe curl_multi_add_handle(pointer, transfer.handle)
    }

    func remove(_ transfer: Transfer) {
        unsafe curl_multi_remove_handle(pointer, transfer.handle)
    }

    /// Moves every transfer as far as it goes without waiting; callbacks run in here.
    func perform() {
        var count: Int32 = 0
        unsafe curl_multi_perform(pointer, &count)
    }

    /// Waits until a socket is ready, a timeout of curl's is due, or ``wake()``.
    func wait() {
        // curl shortens this by its own timers; the number is only an upper bound.
        unsafe curl_multi_poll(pointer, nil, 0, 60_000, nil)
    }

    /// A transfer that is over, by its key.
    func nextResult() -> (key: Transfer.Key, code: CURLcode)? {
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(pointer, &left) {
            if unsafe message.pointee.msg == CURLMSG_DONE,
                let handle = unsafe message.pointee.easy_handle
            {
                return unsafe (Transfer.Key(bitPattern: handle), ccurl_result(message))
            }
        }
        return nil
    }

    /// Closes all connections; no transfer may be left.
    func free() {
        unsafe curl_multi_cleanup(pointer)
    }
}
