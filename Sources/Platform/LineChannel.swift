// Lines of bytes both ways over one stream socket.

internal import Glibc
internal import Synchronization

/// A connection that carries lines, on the thread of a loop.
///
/// Nothing is lost while it stands: what the other side does not take yet waits in memory.
package final class LineChannel: Sendable {
    /// What came.
    package enum Event: Sendable {
        /// Without its newline.
        case line([UInt8])
        /// The last event: the other side has gone, or a line was too long.
        case ended
    }

    private struct State {
        var unread: [UInt8] = []
        var unsent: [UInt8] = []
        var sent = 0
        var isBlocked = false
        var isClosed = false
        var receive: (@Sendable (Event) -> Void)?
        var writeWatch: WriteWatch?
    }

    /// The longest line that is taken from the other side.
    package static let lineLimit = 8 << 20

    private let socket: Socket
    private let loop: EventLoop
    private let state = Mutex(State())

    /// Takes over `socket`; events come on the loop's thread, in order, after ``start(_:)``.
    package init(_ socket: Socket, on loop: EventLoop) {
        self.socket = socket
        self.loop = loop
    }

    /// Begins to read; call it on the loop's thread.
    package func start(_ receive: @escaping @Sendable (Event) -> Void) {
        state.withLock { $0.receive = receive }
        loop.watch(socket.descriptor) { self.read() }
    }

    /// Sends `line` and a newline, in the order of the calls; on the loop's thread.
    package func send(_ line: [UInt8]) {
        let mayWrite = state.withLock { state in
            guard !state.isClosed else { return false }
            state.unsent += line
            state.unsent.append(0x0A)
            return !state.isBlocked
        }
        if mayWrite { write() }
    }

    /// Ends the connection; no event follows.
    package func close() {
        let (wasOpen, watch) = state.withLock { state in
            defer {
                state.isClosed = true
                state.receive = nil
                state.writeWatch = nil
            }
            return (!state.isClosed, state.writeWatch)
        }
        guard wasOpen else { return }
        loop.unwatch(socket.descriptor)
        if let watch { loop.unwatch(watch.descriptor) }
    }

    private func read() {
        switch socket.read(atMost: 262_144) {
        case .nothing: break
        case .bytes(let bytes): take(bytes)
        case .end, .failed: end()
        }
    }

    private func take(_ bytes: [UInt8]) {
        let (lines, isTooLong) = state.withLock { state in
            state.unread += bytes
            var lines: [[UInt8]] = []
            var start = 0
            while let end = state.unread[start...].firstIndex(of: 0x0A) {
                lines.append(Array(state.unread[start..<end]))
                start = end + 1
            }
            if start > 0 { state.unread.removeFirst(start) }
            return (lines, state.unread.count > Self.lineLimit)
        }
        for line in lines { state.withLock { $0.receive }?(.line(line)) }
        if isTooLong { end() }
    }

    private func end() {
        let receive = state.withLock { $0.receive }
        close()
        receive?(.ended)
    }

    private func write() {
        while true {
            let rest = state.withLock { $0.unsent[$0.sent...] }
            guard !rest.isEmpty else { break }
            // A broken connection is heard of by reading.
            guard let count = socket.write(rest) else { break }
            if count == 0 { return block() }
            state.withLock { $0.sent += count }
        }
        state.withLock { state in
            state.unsent = []
            state.sent = 0
        }
    }

    private func block() {
        guard let watch = try? WriteWatch(of: socket) else { return end() }
        state.withLock { state in
            state.unsent.removeFirst(state.sent)
            state.sent = 0
            state.isBlocked = true
            state.writeWatch = watch
        }
        loop.watch(watch.descriptor) {
            self.loop.unwatch(watch.descriptor)
            self.state.withLock { state in
                state.isBlocked = false
                state.writeWatch = nil
            }
            self.write()
        }
    }
}
