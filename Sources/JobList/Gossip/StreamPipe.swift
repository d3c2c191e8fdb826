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
    /// No stream of ours, or damaged.
    case foreign
    /// The other side belongs to this cluster, by its fingerprint.
    case otherCluster(String)
    /// A guest came with a key that is not in our ring.
    case unknownKey(KeyID)
    /// The other side has not got our key; its own is `theirs`.
    case keyRefused(KeyID, theirs: KeyID)
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
///
/// Behind the greetings either side sends a header and then frames: four bytes of length, and what
/// ``FrameSealer`` makes. The dialling side's first frame is empty and proves that it has the key,
/// so that a stranger never makes the other side hold more than some hundred bytes.
struct StreamPipe {
    /// The largest frame, sealed.
    static let frameLimit = 1 << 20
    private static let chunk = frameLimit - FrameSealer.overhead

    private let socket: Socket
    private var readiness: Readiness
    private var outgoing: FrameSealer
    private let incomingKey: SecretKey
    private var incoming: FrameOpener?
    private var unread: [UInt8] = []
    private var hasGreeted = false

    /// Connects and greets, under the key in use.
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
        return try await greet(RawPipe(socket: socket, readiness: readiness), keys)
    }

    /// The dialling side's half of the greeting.
    private static func greet(
        _ raw: RawPipe,
        _ keys: GossipKeys
    ) async throws(StreamFault) -> StreamPipe {
        var raw = raw
        let key = keys.view.used
        let own = EphemeralKey()
        let client = StreamGreeting(
            key: key.id,
            cluster: keys.clusterMark,
            ephemeral: own.publicBytes
        )
        try await raw.write(client.bytes)
        guard let server = StreamGreeting(try await raw.read(StreamGreeting.length)) else {
            throw .foreign
        }
        switch server.verdict {
        case .welcome: break
        case .otherCluster: throw .otherCluster(server.clusterFingerprint)
        case .unknownKey: throw .keyRefused(key.id, theirs: server.key)
        }
        guard server.key == key.id, server.cluster == keys.clusterMark,
            let secret = own.shared(with: server.ephemeral)
        else { throw .foreign }
        let sealing = StreamKeys(
            key,
            clusterID: keys.clusterID,
            client: client,
            server: server,
            secret: secret
        )
        var pipe = StreamPipe(raw, out: sealing.fromClient, in: sealing.fromServer)
        try await pipe.write([], .message)
        return pipe
    }

    /// Greets whoever connected and has one of our keys.
    static func take(
        _ socket: Socket,
        keys: GossipKeys,
        readiness: Readiness
    ) async throws(StreamFault) -> StreamPipe {
        var raw = RawPipe(socket: socket, readiness: readiness)
        guard let client = StreamGreeting(try await raw.read(StreamGreeting.length)),
            client.verdict == .welcome
        else { throw .foreign }
        let view = keys.view
        let (used, mark) = (view.used.id, keys.clusterMark)
        guard client.cluster == mark else {
            try await raw.write(
                StreamGreeting.refusal(.otherCluster, key: used, cluster: mark).bytes
            )
            throw .otherCluster(client.clusterFingerprint)
        }
        guard let key = view[client.key] else {
            try await raw.write(StreamGreeting.refusal(.unknownKey, key: used, cluster: mark).bytes)
            throw .unknownKey(client.key)
        }
        let own = EphemeralKey()
        guard let secret = own.shared(with: client.ephemeral) else { throw .foreign }
        let server = StreamGreeting(key: key.id, cluster: mark, ephemeral: own.publicBytes)
        try await raw.write(server.bytes)
        let sealing = StreamKeys(
            key,
            clusterID: keys.clusterID,
            client: client,
            server: server,
            secret: secret
        )
        var pipe = StreamPipe(raw, out: sealing.fromServer, in: sealing.fromClient)
        guard try await pipe.receive(limit: 0, frameLimit: FrameSealer.overhead).isEmpty else {
            throw .foreign
        }
        return pipe
    }

    private init(_ raw: RawPipe, out: SecretKey, in incoming: SecretKey) {
        socket = raw.socket
        readiness = raw.readiness
        unread = raw.unread
        outgoing = FrameSealer(key: out)
        incomingKey = incoming
    }

    /// From now on the other side may take as long as `readiness` allows.
    mutating func trust(_ readiness: Readiness) {
        self.readiness = readiness
    }

    /// Sends one message in as many frames as it takes; the last one is marked as the end.
    mutating func send(_ message: [UInt8]) async throws(StreamFault) {
        var start = 0
        repeat {
            let end = min(start + Self.chunk, message.count)
            try await write(message[start..<end], end == message.count ? .message : .more)
            start = end
        } while start < message.count
    }

    private mutating func write(
        _ plain: ArraySlice<UInt8>,
        _ end: FrameEnd
    ) async throws(StreamFault) {
        let sealed = outgoing.seal(plain, end)
        let length = UInt32(sealed.count)
        let prefix = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
        let header = hasGreeted ? [] : outgoing.header
        hasGreeted = true
        var raw = RawPipe(socket: socket, readiness: readiness)
        try await raw.write(header + prefix + sealed)
    }

    /// The next message of at most `limit` bytes, whose frames are none longer than `frameLimit`.
    mutating func receive(
        limit: Int,
        frameLimit: Int = StreamPipe.frameLimit
    ) async throws(StreamFault) -> [UInt8] {
        var message: [UInt8] = []
        while true {
            var raw = RawPipe(socket: socket, readiness: readiness, unread: unread)
            if incoming == nil {
                let header = try await raw.read(FrameSealer.headerLength)
                incoming = FrameOpener(key: incomingKey, header: header)
            }
            let prefix = try await raw.read(4)
            let length = prefix.reduce(0) { $0 << 8 | Int($1) }
            guard length <= frameLimit, length >= FrameSealer.overhead else { throw .foreign }
            let sealed = try await raw.read(length)
            unread = raw.unread
            guard let (plain, end) = incoming?.open(sealed) else { throw .foreign }
            guard message.count + plain.count <= limit else { throw .malformed }
            message += plain
            if end == .message { return message }
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
