// Where peers are: numbers at once, names after asking the resolver on a thread of its own.

internal import Gossip
internal import Platform
internal import Synchronization
internal import Vocabulary

/// Turns what peers and operators write into addresses.
final class NameBook: Sendable {
    private struct State {
        var numeric: [PeerAddress: SocketAddress] = [:]
        var resolved: [PeerAddress: (address: SocketAddress, at: MonotonicInstant)] = [:]
        var resolver: Resolver?
    }

    private static let limit = 32_768
    /// A name may move; it is asked for again after this long.
    private static let lifetime = Duration.seconds(30)

    private let state = Mutex(State())

    deinit {
        state.withLock { $0.resolver }?.stop()
    }

    /// The address of `peer` if it is known without waiting, as last heard.
    func address(of peer: PeerAddress) -> SocketAddress? {
        state.withLock { state in
            if let known = state.numeric[peer] { return known }
            guard let address = SocketAddress(peer.text) else {
                return state.resolved[peer]?.address
            }
            if state.numeric.count >= Self.limit { state.numeric = [:] }
            state.numeric[peer] = address
            return address
        }
    }

    /// The address of `peer`, asked for if it is a name and not heard lately.
    func resolved(_ peer: PeerAddress) async -> SocketAddress? {
        if let address = SocketAddress(peer.text) { return address }
        let now = SystemClock.monotonic
        let (known, resolver) = state.withLock { state in
            let resolver = state.resolver ?? Resolver()
            state.resolver = resolver
            return (state.resolved[peer], resolver)
        }
        if let known, known.at.duration(to: now) < Self.lifetime { return known.address }
        guard let (host, port) = SocketAddress.split(peer.text) else { return nil }
        // Of several addresses the first; a later attempt may find them in another order.
        guard let address = await resolver.lookUp(host, port).first else { return known?.address }
        state.withLock { $0.resolved[peer] = (address, now) }
        return address
    }
}

/// Blocks in `getaddrinfo(3)` so that nobody else has to.
private actor Resolver {
    private let loop = EventLoop(name: "gossip-names")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    func lookUp(_ host: String, _ port: UInt16) -> [SocketAddress] {
        SocketAddress.resolve(host: host, port: port)
    }

    nonisolated func stop() {
        loop.stop()
    }
}
