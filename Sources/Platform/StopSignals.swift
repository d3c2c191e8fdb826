// TERM and INT as values.

internal import CLinux
internal import Glibc

/// Turns the signals that end a daemon into a stream; made before any thread is started.
package final class StopSignals: Sendable {
    /// One element per signal.
    package let requests: AsyncStream<Void>
    private let loop = EventLoop(name: "rota-signals")

    /// Blocks TERM and INT for this thread and those it will start, and ignores PIPE.
    package init() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        let code = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        precondition(code == 0, "pthread_sigmask failed with \(code)")
        signal(SIGPIPE, SIG_IGN)
        let descriptor = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        precondition(descriptor >= 0, "signalfd failed: errno \(errno)")
        let (requests, queue) = AsyncStream.makeStream(of: Void.self)
        self.requests = requests
        loop.watch(descriptor) {
            var info = signalfd_siginfo()
            while unsafe read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) > 0 {
                queue.yield()
            }
        }
    }
}
