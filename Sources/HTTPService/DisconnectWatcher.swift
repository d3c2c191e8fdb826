// Notices that a reader left while its connection is suspended, which the daemon cannot.

internal import Glibc
internal import Synchronization

/// One thread in `poll(2)` over the sockets of all feeds; it starts with the first.
final class DisconnectWatcher: Sendable {
    typealias Number = UInt64
    typealias Callback = @Sendable () -> Void

    private struct Watched {
        let descriptor: Int32
        let callback: Callback
    }

    private struct State {
        var watched: [Number: Watched] = [:]
        var lastNumber: Number = 0
        var isStopping = false
        var thread: pthread_t?
    }

    /// `POLLRDHUP`, Linux 2.6.17: the peer has closed its side.
    private static let peerClosed: Int16 = 0x2000

    private let state = Mutex(State())
    /// Read end, write end.
    private let pipe: (Int32, Int32)

    init() {
        var ends: [Int32] = [-1, -1]
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let code = unsafe socketpair(AF_UNIX, Int32(kind), 0, &ends)
        precondition(code == 0, "no descriptors left for a socket pair: errno \(errno)")
        pipe = (ends[0], ends[1])
    }

    deinit {
        close(pipe.0)
        close(pipe.1)
    }

    /// Calls `callback` at most once, on the watcher's thread, when the peer closes its side.
    func watch(_ descriptor: Int32, _ callback: @escaping Callback) -> Number {
        let number = state.withLock { state in
            state.lastNumber += 1
            state.watched[state.lastNumber] = Watched(descriptor: descriptor, callback: callback)
            if state.thread == nil, !state.isStopping { state.thread = start() }
            return state.lastNumber
        }
        wake()
        return number
    }

    /// Call this before the descriptor is closed.
    func unwatch(_ number: Number) {
        if state.withLock({ $0.watched.removeValue(forKey: number) }) != nil { wake() }
    }

    /// Ends the thread; not to be called on it.
    func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            return state.thread.take()
        }
        wake()
        if let thread { pthread_join(thread, nil) }
    }

    private func wake() {
        var byte: UInt8 = 1
        _ = unsafe write(pipe.1, &byte, 1)
    }

    private func start() -> pthread_t {
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<DisconnectWatcher>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            Unmanaged.passRetained(self).toOpaque()
        )
        precondition(code == 0, "pthread_create failed with \(code)")
        return thread
    }

    private func run() {
        while true {
            let (watched, isStopping) = state.withLock { ($0.watched, $0.isStopping) }
            if isStopping { return }
            let numbers = Array(watched.keys)
            var polls = [pollfd(fd: pipe.0, events: Int16(POLLIN), revents: 0)]
            polls += watched.values.map {
                pollfd(fd: $0.descriptor, events: Self.peerClosed, revents: 0)
            }
            guard unsafe poll(&polls, nfds_t(polls.count), -1) > 0 else { continue }
            if polls[0].revents != 0 { drain() }
            for (number, poll) in zip(numbers, polls.dropFirst()) where poll.revents != 0 {
                // The number, not the descriptor, says whether this is still the same connection.
                state.withLock { $0.watched.removeValue(forKey: number) }?.callback()
            }
        }
    }

    private func drain() {
        var bytes = [UInt8](repeating: 0, count: 512)
        while unsafe read(pipe.0, &bytes, bytes.count) > 0 {}
    }
}
