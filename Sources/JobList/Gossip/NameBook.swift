// Where peers are: numbers at once, names after asking the resolver on a thread of its own.

internal import Gossip
internal import Platform
internal import Synchronization
internal import Vocabulary

/// Turns what peers and operators write into addresses.
///
/// A name stands for all its addresses, and may have others the next time: whoever keeps one name
/// for a whole cluster in DNS needs no other list of members.
final class NameBook: Sendable {
    typealias LookUp = @Sendable (_ host: String, _ port: UInt16) async -> [SocketAddress]

    private struct Answer {
        var addresses: [SocketAddress]
        var at: MonotonicInstant
    }

    private struct State {
        var numeric: [PeerAddress: SocketAddress] = [:]
        var texts: [SocketAddress: PeerAddress] = [:]
        var answers: [PeerAddress: Answer] = [:]
        var asking: Set<PeerAddress> = []
        var resolver: Resolver?
    }

    private static let limit = 32_768
    private static let nameLimit = 256
    /// Addresses of one name that are tried.
    static let addressLimit = 16
    /// A name may move; it is asked for again after this long, whatever its own lifetime says.
    private static let lifetime = Duration.seconds(10)

    private let state = Mutex(State())
    private let own: SocketAddress?
    private let lookUp: LookUp?

    /// - Parameters:
    ///   - own: Where we are ourselves; left out of every name's addresses.
    ///   - lookUp: Instead of the system's resolver.
    init(own: SocketAddress? = nil, lookUp: LookUp? = nil) {
        self.own = own
        self.lookUp = lookUp
    }

    deinit {
        state.withLock { $0.resolver }?.stop()
    }

    /// What `address` is called.
    func peer(at address: SocketAddress) -> PeerAddress {
        state.withLock { state in
            if let known = state.texts[address] { return known }
            let peer = PeerAddress(address.description)
            if state.texts.count >= Self.limit { state.texts = [:] }
            state.texts[address] = peer
            return peer
        }
    }

    /// The addresses of `peer` that are known without waiting, as last heard.
    ///
    /// If it is a name not asked for lately, it is, for the next time.
    func addresses(of peer: PeerAddress) -> [SocketAddress] {
        let (known, isOld) = state.withLock { state in
            if let known = state.numeric[peer] { return ([known], false) }
            guard let address = SocketAddress(peer.text) else {
                let answer = state.answers[peer]
                return (answer?.addresses ?? [], Self.isOld(answer))
            }
            if state.numeric.count >= Self.limit { state.numeric = [:] }
            state.numeric[peer] = address
            return ([address], false)
        }
        if isOld { Task { _ = await self.resolved(peer) } }
        return known
    }

    /// The addresses of `peer`, asked for if it is a name not asked for lately.
    func resolved(_ peer: PeerAddress) async -> [SocketAddress] {
        if let address = SocketAddress(peer.text) { return [address] }
        guard let (host, port) = SocketAddress.split(peer.text) else { return [] }
        let (known, isOld) = state.withLock { state in
            let answer = state.answers[peer]
            guard Self.isOld(answer), state.asking.insert(peer).inserted else {
                return (answer?.addresses ?? [], false)
            }
            return (answer?.addresses ?? [], true)
        }
        guard isOld else { return known }
        var found: [SocketAddress] = []
        for address in await ask(host, port) where address != own && !found.contains(address) {
            found.append(address)
        }
        return state.withLock { state in
            state.asking.remove(peer)
            // Whoever is cut off from the resolver goes on with what it heard last.
            guard !found.isEmpty else { return known }
            if state.answers.count >= Self.nameLimit { state.answers = [:] }
            let addresses = Array(found.prefix(Self.addressLimit))
            state.answers[peer] = Answer(addresses: addresses, at: SystemClock.monotonic)
            return addresses
        }
    }

    private static func isOld(_ answer: Answer?) -> Bool {
        guard let answer else { return true }
        return answer.at.duration(to: SystemClock.monotonic) >= lifetime
    }

    private func ask(_ host: String, _ port: UInt16) async -> [SocketAddress] {
        if let lookUp { return await lookUp(host, port) }
        let resolver = state.withLock { state in
            let resolver = state.resolver ?? Resolver()
            state.resolver = resolver
            return resolver
        }
        return await resolver.lookUp(host, port)
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
