// What all requests of one server share.

internal import Dispatch
internal import Synchronization

/// The requests under way, and whether new ones are still taken.
final class Service: Sendable {
    typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    private struct State {
        var exchanges: [ObjectIdentifier: Exchange] = [:]
        var isClosed = false
    }

    let settings: HTTPServerSettings
    let handler: Handler
    let watcher = DisconnectWatcher()
    private let state = Mutex(State())
    private let stopping = Atomic(false)
    private let underWay = DispatchGroup()

    init(settings: HTTPServerSettings, handler: @escaping Handler) {
        self.settings = settings
        self.handler = handler
    }

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// - Returns: `nil` when the server has stopped.
    func open(_ head: HTTPRequest, on connection: ConnectionHandle) -> Exchange? {
        let exchange = Exchange(head, on: connection, of: self)
        return state.withLock { state in
            guard !state.isClosed else { return nil }
            state.exchanges[ObjectIdentifier(exchange)] = exchange
            underWay.enter()
            return exchange
        }
    }

    func complete(_ exchange: Exchange) {
        let isKnown = state.withLock {
            $0.exchanges.removeValue(forKey: ObjectIdentifier(exchange)) != nil
        }
        exchange.complete()
        if isKnown { underWay.leave() }
    }

    /// Ends every feed and waits for the rest, at most the settings' grace.
    ///
    /// Afterwards no connection is suspended and none will be.
    func close() {
        stopping.store(true, ordering: .releasing)
        for exchange in state.withLock({ Array($0.exchanges.values) }) { exchange.wind() }
        _ = underWay.wait(timeout: .now() + .milliseconds(settings.stopGrace.wholeMilliseconds))
        let rest = state.withLock { state in
            state.isClosed = true
            return Array(state.exchanges.values)
        }
        for exchange in rest { exchange.abandon() }
    }
}

extension Duration {
    /// Rounded down.
    var wholeMilliseconds: Int {
        Int(components.seconds) * 1_000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
