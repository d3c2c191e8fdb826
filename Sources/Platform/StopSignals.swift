// TERM and INT as values.

internal import CLinux
internal import Glibc

/// Turns the signals that end a daemon into a stream.
///
/// By handlers rather than by `signalfd(2)`: the concurrency runtime has started threads before
/// `main`, and a signal that is blocked here would still end the process there.
package final class StopSignals: Sendable {
    /// One element for each time the daemon was told to end.
    package let requests: AsyncStream<Void>
    private let loop = EventLoop(name: "rota-signals")

    /// Catches TERM and INT, and ignores PIPE, for the rest of the process's life.
    package init() {
        let counter = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(counter >= 0, "eventfd failed: errno \(errno)")
        for number in [SIGTERM, SIGINT] {
            let code = clinux_count_signal(number, counter)
            precondition(code == 0, "sigaction(\(number)) failed: errno \(errno)")
        }
        signal(SIGPIPE, SIG_IGN)
        let (requests, queue) = AsyncStream.makeStream(of: Void.self)
        self.requests = requests
        loop.watch(counter) {
            var count: UInt64 = 0
            if unsafe read(counter, &count, 8) == 8 { queue.yield() }
        }
    }
}
