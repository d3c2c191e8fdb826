// Lets a server listen before its router is made.

package import HTTPService
internal import Synchronization

/// Answers 503 until it is opened with a router.
///
/// The port must be known before gossip is told of it, and the router needs gossip.
package final class RouterGate: Sendable {
    private let router = Mutex<Router?>(nil)

    package init() {}

    package func open(_ router: Router) {
        self.router.withLock { $0 = router }
    }

    package func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard let router = router.withLock({ $0 }) else {
            return Problem(.unavailable, "Starting.").response
        }
        return await router.answer(request)
    }
}
