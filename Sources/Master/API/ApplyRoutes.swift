// Many edits at once, declaratively: `rota apply`.

internal import Documents
internal import HTTPService
internal import JobList
internal import LockLease
internal import Platform
internal import Vocabulary

/// `POST /v1/apply`: all of it as one revision, or nothing.
struct ApplyRoutes: Sendable {
    private static let limit = 10_000

    let master: MasterParts

    var routes: [Route] {
        [
            Route("POST", "/v1/apply", .role(.editor)) { call async throws(Problem) in
                try await apply(call)
            }
        ]
    }

    /// What one manifest comes to.
    private struct Step {
        let name: String
        let action: String
        let diff: [String]
        let edit: ObjectEdit?
    }

    private func apply(_ call: Call) async throws(Problem) -> HTTPResponse {
        let document = try call.document()
        try JobRoutes.check(members: document, known: ["items"])
        guard let items = document["items"]?.array, items.count <= Self.limit else {
            throw Problem(.fieldInvalid, "items must be a list of at most \(Self.limit) manifests.")
        }
        var steps: [Step] = []
        var faults: [Problem.Fault] = []
        for (index, item) in items.enumerated() {
            do throws(Problem) {
                steps.append(try await step(item, call, pointer: "#/items/\(index)"))
            } catch {
                faults +=
                    error.faults.isEmpty
                    ? [.init(pointer: "#/items/\(index)", detail: error.detail)] : error.faults
            }
        }
        let names = steps.map(\.name)
        if Set(names).count < names.count {
            let twice = Dictionary(grouping: names) { $0 }.filter { $1.count > 1 }.keys.sorted()
            faults.append(
                .init(pointer: "#/items", detail: "\(twice.joined(separator: ", ")) named twice")
            )
        }
        guard faults.isEmpty else {
            throw Problem(
                .fieldInvalid,
                "Nothing was applied: \(faults.count) faults.",
                faults: faults
            )
        }
        if call.request.parameter("prune") == "1" {
            steps += try await prune(keeping: Set(names), call)
        }
        return try await commit(steps, call)
    }

    private func step(_ item: Value, _ call: Call, pointer: String) async throws(Problem) -> Step {
        try JobRoutes.check(members: item, known: ["kind", "name", "spec", "tenant"])
        guard item["kind"]?.string ?? "job" == "job", let name = item["name"]?.string else {
            throw Problem(.fieldInvalid, "A manifest takes kind: job, a name and a spec.")
        }
        try JobRoutes.check(name: name)
        let spec = try master.editor.spec(item["spec"] ?? [:], at: "\(pointer)/spec")
        let key = ObjectKey(tenant: call.tenant, kind: .job, name: name)
        guard let present = try await master.editor.current(key) else {
            let edit = Editor.put(Job(spec: spec), as: key, expecting: .absent)
            return Step(name: name, action: "create", diff: [], edit: edit)
        }
        let job = try Editor.decode(present)
        guard job.spec != spec else {
            return Step(name: name, action: "unchanged", diff: [], edit: nil)
        }
        let edited = job.edited(with: spec, at: SystemClock.wall)
        return Step(
            name: name,
            action: "update",
            diff: SpecDiff.lines(
                from: JobDocument.encodeSpec(job.spec),
                to: JobDocument.encodeSpec(spec)
            ),
            edit: Editor.put(edited, as: key, expecting: .version(present.version))
        )
    }

    /// Deletes what the manifests do not name.
    private func prune(keeping names: Set<String>, _ call: Call) async throws(Problem) -> [Step] {
        var steps: [Step] = []
        var after: ObjectKey?
        while true {
            let page: [ObjectRecord]
            do throws(ReplicaError) {
                page = try await master.replica.records(
                    kind: .job,
                    tenant: call.tenant,
                    after: after,
                    limit: 1_000
                )
            } catch {
                throw Problem(.unavailable, error.description)
            }
            for record in page where !names.contains(record.key.name) {
                let edit = ObjectEdit(
                    key: record.key,
                    expecting: .version(record.version),
                    uid: record.uid,
                    change: .delete
                )
                steps.append(Step(name: record.key.name, action: "delete", diff: [], edit: edit))
            }
            guard let last = page.last else { return steps }
            after = last.key
        }
    }

    private func commit(_ steps: [Step], _ call: Call) async throws(Problem) -> HTTPResponse {
        let edits = steps.compactMap(\.edit)
        let isPlan = call.request.parameter("dry_run") == "1"
        var revision = await master.replica.position().revision
        if !isPlan, !edits.isEmpty {
            let batch = try await master.editor.commit(
                edits,
                id: call.requestID,
                author: call.principal.name
            )
            revision = batch.position.revision
        }
        let results = steps.map { step -> Value in
            [
                "kind": "job", "name": .string(step.name), "action": .string(step.action),
                "diff": .array(step.diff.map { .string($0) }),
            ]
        }
        let counts = Dictionary(grouping: steps, by: \.action).mapValues {
            Value.integer(Int64($0.count))
        }
        return .json(
            [
                "rev": .string(revision.description), "dry_run": .bool(isPlan),
                "results": .array(results), "summary": .object(counts),
            ],
            headers: [(name: "Rota-Revision", value: revision.description)]
        )
    }
}
