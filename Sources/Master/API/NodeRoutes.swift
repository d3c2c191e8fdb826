// Nodes: who is there, and taking one out of the race.

internal import Documents
internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import Vocabulary

/// The routes under `/v1/nodes`.
struct NodeRoutes: Sendable {
    let master: MasterParts

    var routes: [Route] {
        [
            Route("GET", "/v1/nodes", .role(.reader)) { _ async throws(Problem) in
                try await list()
            },
            Route("POST", "/v1/nodes/{name}:drain", .role(.operator)) {
                call async throws(Problem) in
                try await setDrain(call, true)
            },
            Route("POST", "/v1/nodes/{name}:undrain", .role(.operator)) {
                call async throws(Problem) in
                try await setDrain(call, false)
            },
        ]
    }

    private func list() async throws(Problem) -> HTTPResponse {
        let views = try await master.ask { store async throws(StoreError) in
            try await store.sessions()
        }
        let sight = await MemberSight(master)
        let members = master.gossip.members.sorted { $0.name < $1.name }
        let items = members.map { member in
            sight.view(of: member, session: views.last { $0.node.name == member.name && $0.isLive })
        }
        return .json(["items": .array(items), "next": .null])
    }

    private func setDrain(_ call: Call, _ isDraining: Bool) async throws(Problem) -> HTTPResponse {
        try call.demandAllTenants(for: "nodes serve all of them")
        let name = NodeName(call.capture("name"))
        let members = master.gossip.members.filter { $0.role == .node }
        guard members.contains(where: { $0.name == name }) else {
            let near = name.text.nearest(among: members.map(\.name.text))
            throw Problem(
                .notFound,
                "There is no node \(name).",
                hint: near.map { "Did you mean \($0)?" } ?? "rota node list"
            )
        }
        let batch = try await master.editor.commit(
            [
                ObjectEdit(
                    key: NodeDocument.key(of: name),
                    expecting: .any,
                    uid: Editor.newUID(),
                    change: .put(body: NodeDocument.body(isDraining: isDraining), gate: nil)
                )
            ],
            id: try call.requestID(),
            author: call.principal.name
        )
        let revision = batch.position.revision.description
        return .json(
            ["name": .string(name.text), "draining": .bool(isDraining), "rev": .string(revision)],
            headers: [(name: "Rota-Revision", value: revision)]
        )
    }
}
