import Documents
import JobList
import TestSupport
import Testing
import Vocabulary

/// What these are to catch: edits of others that are undone or lost, requests that are believed
/// to say what they do not, and one tenant that decides for all.
@Suite(.tags(.integration), .timeLimit(.minutes(1)), .serialized)
struct `Edits through a master` {
    private func job(_ command: String) -> Value {
        ["spec": ["shell": .string(command), "schedule": "0 3 * * *"]]
    }

    private func command(_ answer: (status: Int, document: Value)) -> Value? {
        answer.document["spec"]?["shell"]
    }

    private func names(_ yard: ClusterYard) async throws -> [String] {
        let items = try await yard.ask("GET", "/v1/jobs").document["items"]?.array
        return (items ?? []).compactMap { $0["name"]?.string }
    }

    @Test func `that name no version build on what others did, and undo none of it`() async throws {
        let yard = try await ClusterYard()
        let any = ["If-Match": "*"]
        #expect(try await yard.ask("PUT", "/v1/jobs/a", job("echo 0"), headers: any).status == 201)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 1...6 {
                let body = job("echo \(number)")
                group.addTask {
                    try await yard.ask("PUT", "/v1/jobs/a", body, headers: any).status
                }
            }
            group.addTask { try await yard.ask("POST", "/v1/jobs/a:pause", [:]).status }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 200, count: 7))
        let after = try await yard.ask("GET", "/v1/jobs/a")
        #expect(after.document["status"]?["paused"]?.object != nil, "the pause was undone")
        #expect(after.document["version"] == 8)
        // Whoever names a version is told.
        let late = try await yard.ask("PUT", "/v1/jobs/a", job("x"), headers: ["If-Match": "\"2\""])
        #expect(late.status == 412)
        try await yard.end()
    }

    @Test func `are made once under one key, and another body is another edit`() async throws {
        let yard = try await ClusterYard()
        let headers = ["If-Match": "*", "Idempotency-Key": "k1"]
        let first = try await yard.ask("PUT", "/v1/jobs/a", job("echo 1"), headers: headers)
        #expect(first.status == 201)
        let again = try await yard.ask("PUT", "/v1/jobs/a", job("echo 1"), headers: headers)
        #expect(again.document["version"] == first.document["version"])
        let other = try await yard.ask("PUT", "/v1/jobs/a", job("echo 2"), headers: headers)
        #expect(command(other) == "echo 2")
        #expect(command(try await yard.ask("GET", "/v1/jobs/a")) == "echo 2")
        let empty = ["If-Match": "*", "Idempotency-Key": ""]
        #expect(
            try await yard.ask("PUT", "/v1/jobs/a", job("echo 3"), headers: empty).status == 400
        )
        try await yard.end()
    }

    @Test func `that name no job delete none`() async throws {
        let yard = try await ClusterYard()
        _ = try await yard.ask("PUT", "/v1/jobs/a", job("true"), headers: ["If-Match": "*"])
        let refused = try await yard.ask("POST", "/v1/apply?prune=1", ["items": []])
        #expect(refused.status == 422)
        #expect(try await names(yard) == ["a"])
        let others: Value = ["items": [["name": "b", "spec": job("true")["spec"] ?? .null]]]
        #expect(try await yard.ask("POST", "/v1/apply?prune=1", others).status == 200)
        #expect(try await names(yard) == ["b"])
        try await yard.end()
    }

    @Test(
        arguments: [
            ("/v1/jobs/a:pause", ["until": 1_767_225_600], "#/until"),
            ("/v1/jobs/a:pause", ["until": "2020-01-01T00:00:00Z"], "#/until"),
            ("/v1/jobs/a:pause", ["reason": 5], "#/reason"),
            ("/v1/cluster/keys", ["forget": "n3"], "#/forget"),
            ("/v1/cluster/keys", ["forget": ["n3", 4]], "#/forget"),
            ("/v1/cluster/keys", ["forgett": ["n3"]], "#/forgett"),
            ("/v1/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV:kill", ["grace": 5], "#/grace"),
            ("/v1/jobs", ["name": "b", "tenant": "acme", "spec": [:]], "#/tenant"),
            (
                "/v1/apply", ["items": [["name": "b", "tenant": "x", "spec": [:]]]],
                "#/items/0/tenant"
            ),
        ] as [(String, Value, String)]
    )
    func `refuse what they would misunderstand`(
        path: String,
        body: Value,
        pointer: String
    ) async throws {
        let yard = try await ClusterYard()
        _ = try await yard.ask("PUT", "/v1/jobs/a", job("true"), headers: ["If-Match": "*"])
        let refused = try await yard.ask("POST", path, body)
        #expect(refused.status == 422, "\(refused.document)")
        let pointers = refused.document["errors"]?.array?.compactMap { $0["pointer"]?.string }
        #expect(pointers == [pointer])
        #expect(try await names(yard) == ["a"])
        #expect(try await yard.ask("GET", "/v1/cluster/keys").document["items"]?.array?.count == 1)
        try await yard.end()
    }

    @Test func `of what all tenants share want somebody of all tenants`() async throws {
        let yard = try await ClusterYard()
        let node = try await yard.open("n1")
        await node.gossip.start()
        try await requireEventually { try await yard.sight(of: "n1")?["state"] == "alive" }
        let acme = try await yard.token(tenant: "acme", role: .operator)
        let all = try await yard.token(tenant: "*", role: .operator)
        let path = "/v1/nodes/n1:drain"
        #expect(try await yard.ask("POST", path, token: acme).status == 403)
        #expect(try await yard.ask("POST", path, token: all).status == 200)
        #expect(try await yard.ask("POST", "/v1/nodes/n1:undrain", token: acme).status == 403)
        await node.gossip.leave()
        try await yard.end()
    }

    @Test func `are asked when they are due, from any time to any other`() async throws {
        let yard = try await ClusterYard()
        _ = try await yard.ask("PUT", "/v1/jobs/a", job("true"), headers: ["If-Match": "*"])
        let path = "/v1/jobs/a/next?from=2030-01-01T03:00:00Z&to=2030-01-03T03:00:00Z&n=10"
        let items = try await yard.ask("GET", path).document["items"]?.array ?? []
        let expected = (1...3).map { Value.string("2030-01-0\($0)T03:00:00Z") }
        #expect(items == expected)
        try await yard.end()
    }
}
