// The cluster as a whole: is it sound, what needs somebody.

internal import CronEval
internal import Documents
internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import Platform
internal import Vocabulary

/// `GET /v1/cluster`, `/v1/events`, health, metrics and the index.
struct ClusterRoutes: Sendable {
    /// Beyond this many jobs the overview looks only at the first ones and says so.
    private static let overviewLimit = 5_000

    let master: MasterParts

    var routes: [Route] {
        [
            Route("GET", "/healthz", .open) { _ in .text("ok\n") },
            Route("GET", "/readyz", .open) { _ async throws(Problem) in try await ready() },
            Route("GET", "/version", .open) { _ in .json(["version": .string(rotaVersion)]) },
            Route("GET", "/metrics", .role(.reader)) { _ async throws(Problem) in
                .text(await MasterMetrics.text(of: master))
            },
            Route("GET", "/v1", .role(.reader)) { _ in index },
            Route("GET", "/v1/cluster", .role(.reader)) { call async throws(Problem) in
                try await cluster(call)
            },
            Route("GET", "/v1/events", .role(.reader)) { call async throws(Problem) in
                try await FeedAnswer.make(for: call, feed: master.feed, kinds: nil)
            },
        ]
    }

    private var index: HTTPResponse {
        .json([
            "version": .string(rotaVersion), "api": "v1",
            "limits": [
                "body_bytes": .integer(Int64(HTTPServerSettings().maximumBody)),
                "page": 1_000,
            ],
            "routes": .array(
                MasterAPI.routes(master).map { .string("\($0.method) \($0.pattern)") }
            ),
        ])
    }

    private func ready() async throws(Problem) -> HTTPResponse {
        _ = try await master.ask { store async throws(StoreError) in try await store.pulse() }
        return .text("[+]store ok\n[+]list ok\nready\n")
    }

    private func cluster(_ call: Call) async throws(Problem) -> HTTPResponse {
        let members = master.gossip.members
        var states: [String: Value] = [:]
        for state in ["alive", "suspect", "failed", "left"] {
            let count = members.count { $0.role == .node && "\($0.state)" == state }
            states[state] = .integer(Int64(count))
        }
        let head = await master.replica.position()
        let behind = members.aliveNodes.filter { $0.position != head }.map(\.name.text).sorted()
        var open = RunFilter()
        open.states = [.open]
        open.tenant = call.tenant
        open.limit = 1_000
        let filter = open
        let running = try await master.ask { store async throws(StoreError) in
            try await store.runs(filter)
        }
        return .json([
            "tenant": .string(call.tenant), "revision": .string(head.revision.description),
            "digest": .string(String(head.digest.description.prefix(6))),
            "nodes": .object(states), "behind": .array(behind.map { .string($0) }),
            "jobs": .integer(Int64(await count(call.tenant))),
            "running": .integer(Int64(running.count)),
            "masters": .integer(
                Int64(members.count { $0.role == .master && $0.state == .alive })
            ),
            "attention": .array(try await attention(call.tenant)),
        ])
    }

    private func count(_ tenant: String) async -> Int {
        (try? await master.replica.count(kind: .job, tenant: tenant)) ?? 0
    }

    private func jobs(_ tenant: String) async throws(Problem) -> [ObjectRecord] {
        do throws(ReplicaError) {
            return try await master.replica.records(
                kind: .job,
                tenant: tenant,
                after: nil,
                limit: Self.overviewLimit
            )
        } catch {
            throw Problem(.unavailable, error.description)
        }
    }

    /// Jobs whose newest runs failed, and jobs that are paused with a reason.
    private func attention(_ tenant: String) async throws(Problem) -> [Value] {
        var filter = RunFilter()
        filter.tenant = tenant
        filter.limit = 500
        let wanted = filter
        let runs = try await master.ask { store async throws(StoreError) in
            try await store.runs(wanted)
        }
        var items: [Value] = []
        var seen: Set<ObjectKey> = []
        for run in runs where !run.state.isOpen && seen.insert(run.name).inserted {
            guard [.failed, .timedOut, .lost].contains(run.state) else { continue }
            guard let record = try? await master.replica.record(run.name), !record.isDeleted else {
                continue
            }
            let exit = run.exit.map { ", \($0.description)" } ?? ""
            items.append([
                "job": .string(run.name.name),
                "what": .string("\(run.state.rawValue)\(exit) at \(run.key.instant)"),
                "hint": .string("rota run logs \(run.id)"),
            ])
        }
        return items
    }
}
