import HTTPService
import JobList
import TestSupport
import Testing
import Vocabulary

@testable import Master

@Suite struct `Routing` {
    private func router(_ routes: [Route], as principal: Principal) -> Router {
        Router(routes: routes, identify: { _ async throws(Problem) in principal }) { $1 }
    }

    private func status(
        _ method: String,
        _ path: String,
        query: [(name: String, value: String)] = [],
        as principal: Principal
    ) async -> Int {
        let routes = [
            Route("GET", "/v1/jobs/{name}", .role(.reader)) { call in
                .text(call.tenant + "/" + call.capture("name"))
            },
            Route("POST", "/v1/jobs/{name}:pause", .role(.operator)) { _ in .text("") },
            Route("GET", "/v1/runs/{id}/log", .cluster) { _ in .text("") },
            Route("GET", "/healthz", .open) { _ in .text("ok") },
        ]
        let request = HTTPRequest(method: method, path: path, query: query)
        return await router(routes, as: principal).answer(request).status
    }

    let reader = Principal(name: "li", tenant: "acme", role: .reader)
    let editor = Principal(name: "wang", tenant: "acme", role: .editor)
    let member = Principal(name: "member", tenant: "*", role: .admin, isMember: true)

    @Test func `lets roles do what they include and nothing above`() async {
        #expect(await status("GET", "/v1/jobs/a", as: reader) == 200)
        #expect(await status("POST", "/v1/jobs/a:pause", as: reader) == 403)
        #expect(await status("POST", "/v1/jobs/a:pause", as: editor) == 200)
        #expect(await status("GET", "/v1/runs/R/log", as: editor) == 403)
        #expect(await status("GET", "/v1/runs/R/log", as: member) == 200)
    }

    @Test func `asks for a token before it tells which paths exist`() async {
        #expect(await status("GET", "/v1/jobs/a", as: .anonymous) == 401)
        #expect(await status("GET", "/v1/nowhere", as: .anonymous) == 401)
        #expect(await status("GET", "/healthz", as: .anonymous) == 200)
    }

    @Test func `answers another tenant's things as if there were none`() async {
        let query = [(name: "tenant", value: "other")]
        #expect(await status("GET", "/v1/jobs/a", query: query, as: reader) == 404)
        #expect(await status("GET", "/v1/jobs/a", query: query, as: member) == 200)
    }

    @Test func `tells a wrong method from a wrong path`() async {
        #expect(await status("PUT", "/v1/jobs/a", as: editor) == 405)
        #expect(await status("GET", "/v1/nowhere", as: editor) == 404)
    }

    @Test(
        arguments: [
            ("/v1/jobs/{name}", "/v1/jobs/etl%2Forders", ["name": "etl/orders"]),
            ("/v1/jobs/{name}:pause", "/v1/jobs/a:pause", ["name": "a"]),
            ("/v1/jobs/{name}:pause", "/v1/jobs/a", nil),
            ("/v1/jobs/{name}", "/v1/jobs/a:pause", nil),
            ("/v1/jobs/{name}", "/v1/jobs/a/b", nil),
            ("/v1/jobs/{name}", "/v1/jobs/%zz", nil),
            ("/v1/jobs/{name}", "/v1/jobs/%ff", nil),
        ] as [(String, String, [String: String]?)]
    )
    func `matches paths segment by segment`(
        pattern: String,
        path: String,
        captures: [String: String]?
    ) {
        #expect(PathPattern(pattern).match(path) == captures)
    }
}
