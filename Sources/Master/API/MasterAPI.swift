// The whole route table of a master, and what every answer carries.

internal import HTTPService
internal import JobList
internal import Synchronization

/// Puts the routes of all resources together.
enum MasterAPI {
    static func routes(_ master: MasterParts) -> [Route] {
        JobRoutes(master: master).routes + RunRoutes(master: master).routes
            + LogRoutes(master.logs).routes
            + WhyRoutes(master: master).routes + BackfillRoutes(master: master).routes
            + NextRoutes(master: master).routes
            + NodeRoutes(master: master).routes
            + ApplyRoutes(master: master).routes + ScheduleRoutes(master: master).routes
            + ClusterRoutes(master: master).routes + CalendarRoutes(master: master).routes
            + KeyRoutes(master: master).routes + MemberRoutes(master: master).routes
            + [MemberRoute.route(master.settings.name, master.keys.keys)]
    }

    static func router(
        _ master: MasterParts,
        identify: @escaping Router.Identify
    ) -> Router {
        Router(routes: routes(master), identify: identify) { request, response in
            master.requests.note(request.method, response.status)
            return response
        }
    }
}

/// Counts answers by method and status.
final class RequestCounters: Sendable {
    private struct Key: Hashable {
        let method: String
        let status: Int
    }

    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    private let counts = Mutex<[Key: Int]>([:])

    func note(_ method: String, _ status: Int) {
        // An invented method must not make a series of its own.
        let known = Self.methods.contains(method) ? method : "other"
        counts.withLock { $0[Key(method: known, status: status), default: 0] += 1 }
    }

    func all() -> [(method: String, status: Int, count: Int)] {
        counts.withLock { $0 }.map { ($0.key.method, $0.key.status, $0.value) }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    }
}
