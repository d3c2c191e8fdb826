// One sealed connection between two peers, read and written without blocking a thread.

internal import Gossip
internal import Platform
internal import Sealing
internal import Synchronization
internal import Vocabulary

/// What went wrong on a stream; the exchange is tried again elsewhere or later.
enum StreamFault: Error, Equatable {
    case closed
    case timedOut
    /// Another key, another cluster, or damage.
    case foreign
    case malformed
    case system(Int32)
}

/// Lets one task wait for a descriptor, up to a deadline for the whole connection.
final class Readiness: Sendable {
    private struct State {
        var waiting: CheckedContinuation<Bool, Never>?
        var isExpired = false
    }

    private let state = Mutex(State())
    private let loop: EventLoop

    init(on loop: EventLoop, until deadline: MonotonicInstant) {
        self.loop = loop
        loop.call(at: deadline) { [weak self] in self?.expire() }
    }

    /// Waits until `descriptor` is readable; call it on the loop's thread.
    func wait(for descriptor: Int32) async throws(StreamFault) {
        let isReady = await withCheckedContinuation { continuation in
            let isExpired = state.withLock { state in
                if !state.isExpired { state.waiting = continuation }
                return state.isExpired
            }
            guard !isExpired else { return continuation.resume(returning: false) }
            loop.watch(descriptor) { [weak self] in self?.finish(true) }
        }
        loop.unwatch(descriptor)
        guard isReady else { throw .timedOut }
    }

    /// Ends what waits, and every later wait at once.
    func expire() {
        state.withLock { $0.isExpired = true }
        finish(false)
    }

    private func finish(_ isReady: Bool) {
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: isReady)
    }
}

/// A connection with its seals; confined to the desk that opened it.
struct StreamPipe {
    private let socket: Socket
    private var readiness: Readiness
    private var outgoing: StreamSeal
    private var incoming: StreamSeal
    private var unread: [UInt8] = []

    private static let chunk = StreamSeal.frameLimit - Sealer.tagLength - 1

    /// Connects and exchanges sessions: the server's comes first.
    static func dial(
        _ address: SocketAddress,
        keys: GossipKeys,
        readiness: Readiness,
        onConnect: @Sendable () -> Void = {}
    ) async throws(StreamFault) -> StreamPipe {
        let socket: Socket
        let watch: WriteWatch
        do {
            socket = try Socket.connecting(to: address)
            watch = try WriteWatch(of: socket)
        } catch {
            throw .system(error.code)
        }
        try await readiness.wait(for: watch.descriptor)
        let code = socket.connectionError
        guard code == 0 else { throw .system(code) }
        onConnect()
        var raw = RawPipe(socket: socket, readiness: readiness)
        let server = try await raw.read(StreamSeal.sessionLength)
        let client = SecureRandom.bytes(StreamSeal.sessionLength)
        try await raw.write(client)
        return StreamPipe(raw, keys: keys, mine: client, client: client, server: server)
    }

    /// Greets whoever connected.
    static func take(
        _ socket: Socket,
        keys: GossipKeys,
        readiness: Readiness
    ) async throws(StreamFault) -> StreamPipe {
        var raw = RawPipe(socket: socket, readiness: readiness)
        let server = SecureRandom.bytes(StreamSeal.sessionLength)
        try await raw.write(server)
        let client = try await raw.read(StreamSeal.sessionLength)
        return StreamPipe(raw, keys: keys, mine: server, client: client, server: server)
    }

    private init(
        _ raw: RawPipe,
        keys: GossipKeys,
        mine: [UInt8],
        client: [UInt8],
        server: [UInt8]
    ) {
        socket = raw.socket
        readiness = raw.readiness
        unread = raw.unread
        let theirs = mine == client ? server : client
        outgoing = StreamSeal(keys: keys, session: mine, client: client, server: server)
        incoming = StreamSeal(keys: keys, session: theirs, client: client, server: server)
    }

    /// From now on the other side may take as long as `readiness` allows.
    mutating func trust(_ readiness: Readiness) {
        self.readiness = readiness
    }

    /// Sends one message in as many frames as it takes; the last one says so in its first byte.
    mutating func send(_ message: [UInt8]) async throws(StreamFault) {
        var start = 0
        repeat {
            let end = min(start + Self.chunk, message.count)
            let isLast = end == message.count
            let sealed = outgoing.seal([isLast ? 1 : 0] + message[start..<end])
            let length = UInt32(sealed.count)
            let prefix = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
            var raw = RawPipe(socket: socket, readiness: readiness)
            try await raw.write(prefix + sealed)
            start = end
        } while start < message.count
    }

    /// The next message of at most `limit` bytes.
    mutating func receive(limit: Int) async throws(StreamFault) -> [UInt8] {
        var message: [UInt8] = []
        while true {
            var raw = RawPipe(socket: socket, readiness: readiness, unread: unread)
            let prefix = try await raw.read(4)
            let length = prefix.reduce(0) { $0 << 8 | Int($1) }
            guard length <= StreamSeal.frameLimit, length > Sealer.tagLength else {
                throw .foreign
            }
            let sealed = try await raw.read(length)
            unread = raw.unread
            guard let plain = incoming.open(sealed), let mark = plain.first else {
                throw .foreign
            }
            guard message.count + plain.count - 1 <= limit else { throw .malformed }
            message += plain.dropFirst()
            if mark == 1 { return message }
        }
    }
}

/// A connection before it is sealed.
private struct RawPipe {
    let socket: Socket
    let readiness: Readiness
    var unread: [UInt8] = []

    mutating func read(_ count: Int) async throws(StreamFault) -> [UInt8] {
        while unread.count < count {
            switch socket.read(atMost: 65_536) {
            case .bytes(let bytes): unread += bytes
            case .nothing: try await readiness.wait(for: socket.descriptor)
            case .end: throw .closed
            case .failed(let code): throw .system(code)
            }
        }
        defer { unread.removeFirst(count) }
        return Array(unread.prefix(count))
    }

    mutating func write(_ bytes: [UInt8]) async throws(StreamFault) {
        var rest = bytes[...]
        var watch: WriteWatch?
        while !rest.isEmpty {
            guard let count = socket.write(rest) else { throw .closed }
            rest = rest.dropFirst(count)
            guard count == 0 else { continue }
            if watch == nil {
                do throws(SystemError) { watch = try WriteWatch(of: socket) } catch {
                    throw .system(error.code)
                }
            }
            if let watch { try await readiness.wait(for: watch.descriptor) }
        }
    }
}
