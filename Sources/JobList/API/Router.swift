// From a request to the one function that answers it, with authorisation on the way.

internal import Documents
package import HTTPService
package import Vocabulary

/// What a route's function is given.
package struct Call: Sendable {
    package let request: HTTPRequest
    package let principal: Principal
    /// The tenant the request is about.
    package let tenant: String
    /// Captured path segments, percent-decoded.
    package let captures: [String: String]

    package init(
        request: HTTPRequest,
        principal: Principal,
        tenant: String,
        captures: [String: String]
    ) {
        self.request = request
        self.principal = principal
        self.tenant = tenant
        self.captures = captures
    }

    /// The segment captured as `name`; the route's pattern promises it.
    package func capture(_ name: String) -> String { captures[name] ?? "" }

    /// The body as a JSON mapping; an empty body is an empty mapping.
    package func document() throws(Problem) -> Value {
        guard !request.body.isEmpty else { return [:] }
        do {
            let value = try JSON.parse(request.body)
            guard value.object != nil else {
                throw Problem(.badRequest, "The body is \(value.kindInWords), not a mapping.")
            }
            return value
        } catch let error as DocumentError {
            throw Problem(.badRequest, "The body is not JSON: \(error)")
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(.badRequest, "The body cannot be read.")
        }
    }

    /// The whole number in query parameter `name`, refused outside `range`.
    package func number(
        _ name: String,
        default fallback: Int,
        in range: ClosedRange<Int>
    ) throws(Problem) -> Int {
        guard let text = request.parameter(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw Problem(
                .badRequest,
                """
                \(name)=\(text) is no whole number from \(range.lowerBound) to \(range.upperBound).
                """
            )
        }
        return number
    }
}

/// One line of the route table.
package struct Route: Sendable {
    package typealias Answer = @Sendable (Call) async throws(Problem) -> HTTPResponse

    package let method: String
    /// `/v1/jobs/{name}:pause`: `{…}` captures one segment, a verb may follow behind a colon.
    package let pattern: String
    package let access: Access
    package let answer: Answer

    package init(
        _ method: String,
        _ pattern: String,
        _ access: Access,
        _ answer: @escaping Answer
    ) {
        self.method = method
        self.pattern = pattern
        self.access = access
        self.answer = answer
    }
}

/// Answers requests by a table of routes; authorisation happens here and nowhere else.
package struct Router: Sendable {
    package typealias Identify = @Sendable (HTTPRequest) async throws(Problem) -> Principal

    package let routes: [Route]
    private let identify: Identify
    private let finish: @Sendable (HTTPRequest, HTTPResponse) -> HTTPResponse

    /// - Parameters:
    ///   - routes: Tried in order; the first that fits answers.
    ///   - identify: Tells who asks.
    ///   - finish: Adds what every answer carries, and counts.
    package init(
        routes: [Route],
        identify: @escaping Identify,
        finish: @escaping @Sendable (HTTPRequest, HTTPResponse) -> HTTPResponse
    ) {
        self.routes = routes
        self.identify = identify
        self.finish = finish
    }

    package func answer(_ request: HTTPRequest) async -> HTTPResponse {
        do throws(Problem) {
            return finish(request, try await dispatch(request))
        } catch {
            return finish(request, error.response)
        }
    }

    private func dispatch(_ request: HTTPRequest) async throws(Problem) -> HTTPResponse {
        let method = request.method == "HEAD" ? "GET" : request.method
        var others: [String] = []
        for route in routes {
            guard let captures = PathPattern(route.pattern).match(request.path) else { continue }
            guard route.method == method else {
                others.append(route.method)
                continue
            }
            return try await call(route, request, captures)
        }
        // Who is not signed in does not learn which paths exist.
        guard try await identify(request) != .anonymous else { throw Self.notSignedIn }
        guard others.isEmpty else {
            throw Problem(
                .method,
                "\(request.method) is not for \(request.path); it takes "
                    + others.sorted().joined(separator: ", ") + "."
            )
        }
        throw Problem(.notFound, "There is nothing at \(request.path).", hint: "GET /v1")
    }

    private func call(
        _ route: Route,
        _ request: HTTPRequest,
        _ captures: [String: String]
    ) async throws(Problem) -> HTTPResponse {
        let principal = try await identify(request)
        guard principal.may(route.access) else {
            guard principal != .anonymous else { throw Self.notSignedIn }
            throw Problem(
                .notAllowed,
                "\(principal.name) is \(principal.role.word); this needs \(route.access.words)."
            )
        }
        guard let tenant = principal.tenant(wanted: request.parameter("tenant")) else {
            throw Problem(
                .notFound,
                "There is no tenant \(request.parameter("tenant") ?? "") here."
            )
        }
        return try await route.answer(
            Call(request: request, principal: principal, tenant: tenant, captures: captures)
        )
    }

    private static let notSignedIn = Problem(
        .notSignedIn,
        "Send a token: Authorization: Bearer rota_….",
        hint: "rota context add NAME --url URL --token-file FILE"
    )
}

extension Access {
    var words: String {
        switch self {
        case .open: "nothing"
        case .role(let role): role.word
        case .cluster: "a member of the cluster"
        }
    }
}
