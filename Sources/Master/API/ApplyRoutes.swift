// Many edits at once, declaratively: `rota apply`.

internal import CronEval
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
    struct Step {
        let kind: ObjectKind
        let name: String
        let action: String
        let diff: [String]
        let edit: ObjectEdit?

        var title: String { "\(kind.rawValue)/\(name)" }
    }

    private func apply(_ call: Call) async throws(Problem) -> HTTPResponse {
        let document = try call.document()
        try JobRoutes.check(members: document, known: ["items"])
        guard let items = document["items"]?.array, items.count <= Self.limit else {
            throw Problem(.fieldInvalid, "items must be a list of at most \(Self.limit) manifests.")
        }
        var (steps, faults) = await read(items, call)
        let titles = steps.map(\.title)
        if Set(titles).count < titles.count {
            let twice = Dictionary(grouping: titles) { $0 }.filter { $1.count > 1 }.keys.sorted()
            faults.append(
                .init(pointer: "#/items", detail: "\(twice.joined(separator: ", ")) named twice")
            )
        }
        guard faults.isEmpty else {
            throw Problem(
                .fieldInvalid,
                "Nothing was applied: \(faults.count) fault\(faults.count == 1 ? "" : "s").",
                faults: faults
            )
        }
        if call.request.parameter("prune") == "1" {
            let names = steps.filter { $0.kind == .job }.map(\.name)
            guard !names.isEmpty else {
                throw Problem(
                    .fieldInvalid,
                    "items names no job, so that prune=1 would delete every job of \(call.tenant).",
                    hint: "Name the jobs that stay; to delete all the same: rota job rm",
                    faults: [.init(pointer: "#/items", detail: "no manifest of a job")]
                )
            }
            steps += try await prune(keeping: Set(names), call)
        }
        return try await commit(steps, call)
    }

    /// Every manifest's step in their order, calendars read before the jobs that may name them.
    private func read(
        _ items: [Value],
        _ call: Call
    ) async -> (steps: [Step], faults: [Problem.Fault]) {
        var request = ApplyRequest(tenant: call.tenant)
        for item in items where item["kind"] == "job" || item["kind"] == nil {
            if let name = item["name"]?.string { request.jobs.insert(name) }
        }
        var steps: [Int: Step] = [:]
        var faults: [Int: [Problem.Fault]] = [:]
        let isCalendar = { (index: Int) in items[index]["kind"] == "calendar" }
        for index in items.indices.filter(isCalendar) + items.indices.filter({ !isCalendar($0) }) {
            let pointer = "#/items/\(index)"
            do throws(Problem) {
                steps[index] = try await step(items[index], &request, pointer: pointer)
            } catch {
                faults[index] =
                    error.faults.isEmpty
                    ? [.init(pointer: pointer, detail: error.detail)] : error.faults
            }
        }
        return (items.indices.compactMap { steps[$0] }, items.indices.flatMap { faults[$0] ?? [] })
    }

    private func step(
        _ item: Value,
        _ request: inout ApplyRequest,
        pointer: String
    ) async throws(Problem) -> Step {
        try JobRoutes.check(members: item, known: ["kind", "name", "spec", "tenant"])
        if let tenant = item["tenant"], tenant != .string(request.tenant) {
            let theirs = tenant.string ?? "no text"
            let detail = "it is for \(theirs), the request for \(request.tenant)"
            throw Problem(
                .fieldInvalid,
                "A manifest is of another tenant: \(detail).",
                faults: [.init(pointer: "\(pointer)/tenant", detail: detail)]
            )
        }
        guard let name = item["name"]?.string else {
            throw Problem(.fieldInvalid, "A manifest takes kind, a name and a spec.")
        }
        try JobRoutes.check(name: name)
        let spec = item["spec"] ?? [:]
        switch item["kind"]?.string ?? "job" {
        case "job": return try await job(name, spec, request, pointer: pointer)
        case "calendar": return try await calendar(name, spec, &request, pointer: pointer)
        case let other:
            throw Problem(
                .fieldInvalid,
                "There are no manifests of kind \(other); write kind: job or kind: calendar."
            )
        }
    }

    private func job(
        _ name: String,
        _ value: Value,
        _ request: ApplyRequest,
        pointer: String
    ) async throws(Problem) -> Step {
        let spec = try await master.editor.spec(
            value,
            tenant: request.tenant,
            besides: request.calendars,
            at: "\(pointer)/spec"
        )
        let key = ObjectKey(tenant: request.tenant, kind: .job, name: name)
        guard let present = try await master.editor.current(key) else {
            let edit = Editor.put(Job(spec: spec), as: key, expecting: .absent)
            return Step(kind: .job, name: name, action: "create", diff: [], edit: edit)
        }
        let job = try Editor.decode(present)
        guard job.spec != spec else {
            return Step(kind: .job, name: name, action: "unchanged", diff: [], edit: nil)
        }
        let edited = job.edited(with: spec, at: SystemClock.wall)
        return Step(
            kind: .job,
            name: name,
            action: "update",
            diff: SpecDiff.lines(
                from: JobDocument.encodeSpec(job.spec),
                to: JobDocument.encodeSpec(spec)
            ),
            edit: Editor.put(edited, as: key, expecting: .version(present.version))
        )
    }

    private func calendar(
        _ name: String,
        _ value: Value,
        _ request: inout ApplyRequest,
        pointer: String
    ) async throws(Problem) -> Step {
        let spec: CalendarSpec
        do {
            spec = try CalendarDocument.decodeSpec(value)
        } catch {
            throw Problem(error, pointer: "\(pointer)/spec")
        }
        request.calendars[name] = spec
        let key = ObjectKey(tenant: request.tenant, kind: .calendar, name: name)
        guard let present = try await master.editor.current(key) else {
            let edit = Editor.put(CalendarBody(spec: spec), as: key, expecting: .absent)
            return Step(kind: .calendar, name: name, action: "create", diff: [], edit: edit)
        }
        let body = try Editor.decodeCalendar(present)
        guard body.spec != spec else {
            return Step(kind: .calendar, name: name, action: "unchanged", diff: [], edit: nil)
        }
        try await checkPeriods(of: spec, key, request, pointer: "\(pointer)/spec/periods")
        return Step(
            kind: .calendar,
            name: name,
            action: "update",
            diff: SpecDiff.lines(
                from: CalendarDocument.encodeSpec(body.spec),
                to: CalendarDocument.encodeSpec(spec)
            ),
            edit: Editor.put(
                body.edited(with: spec, at: SystemClock.wall),
                as: key,
                expecting: .version(present.version)
            )
        )
    }

    /// A calendar that jobs take as `only` cannot have periods; jobs of this request are checked
    /// by themselves.
    private func checkPeriods(
        of spec: CalendarSpec,
        _ key: ObjectKey,
        _ request: ApplyRequest,
        pointer: String
    ) async throws(Problem) {
        guard !spec.calendar.periods.isEmpty else { return }
        let users = try await master.calendars.jobs(using: key)
            .filter { $0.use.only == key.name && !request.jobs.contains($0.name) }.map(\.name)
        guard let first = users.first else { return }
        let others = users.count > 1 ? " and \(users.count - 1) more" : ""
        let detail =
            "job \(first)\(others) takes \(key.name) as only, which needs whole days; write "
            + "exclude, or put the periods into a calendar of their own"
        throw Problem(.fieldInvalid, detail, faults: [.init(pointer: pointer, detail: detail)])
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
                steps.append(
                    Step(
                        kind: .job,
                        name: record.key.name,
                        action: "delete",
                        diff: [],
                        edit: edit
                    )
                )
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
                id: try call.requestID(),
                author: call.principal.name
            )
            revision = batch.position.revision
        }
        let results = steps.map { step -> Value in
            [
                "kind": .string(step.kind.rawValue), "name": .string(step.name),
                "action": .string(step.action),
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

/// What the manifests of one request have in common.
struct ApplyRequest {
    let tenant: String
    /// Its calendars that could be read, by name.
    var calendars: [String: CalendarSpec] = [:]
    /// The names of its jobs.
    var jobs: Set<String> = []

    init(tenant: String) {
        self.tenant = tenant
    }
}
