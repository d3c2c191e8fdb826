// A thread for what blocks and cannot be made not to.

internal import CLinux
internal import Glibc

/// Threads of their own for calls into libraries that block.
package enum DetachedThread {
    private final class Work {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Runs `body` on a new thread; nobody waits for its end.
    ///
    /// The kernel keeps 15 bytes of `name`. Throws where the system has no thread left.
    package static func start(
        _ name: String,
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        let work = unsafe Unmanaged.passRetained(Work(name: name, body: body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                let work = unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                unsafe clinux_name_thread(work.name)
                work.body()
                return nil
            },
            work.toOpaque()
        )
        guard code == 0 else {
            unsafe work.release()
            throw SystemError(code: code, while: "start the thread \(name)")
        }
        pthread_detach(thread)
    }
}
