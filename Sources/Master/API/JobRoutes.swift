// Jobs: list, show, add, change, remove, pause, resume, run, and when they are next due.

internal import CronEval
internal import Documents
internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import Platform
internal import Vocabulary

/// The routes under `/v1/jobs`.
struct JobRoutes: Sendable {
    /// How often a change that names no version is made anew on what others have made of the job.
    private static let attempts = 10
    private static let exampleInstant = "2026-12-01T06:00:00Z"

    let master: MasterParts

    var routes: [Route] {
        [
            Route("GET", "/v1/jobs", .role(.reader)) { call async throws(Problem) in
                try await list(call)
            },
            Route("POST", "/v1/jobs", .role(.editor)) { call async throws(Problem) in
                try await add(call)
            },
            Route("GET", "/v1/jobs/{name}", .role(.reader)) { call async throws(Problem) in
                let (record, job) = try await find(call)
                return try await answer(record, job)
            },
            Route("PUT", "/v1/jobs/{name}", .role(.editor)) { call async throws(Problem) in
                try await rebased(call, replace)
            },
            Route("PATCH", "/v1/jobs/{name}", .role(.editor)) { call async throws(Problem) in
                try await rebased(call, patch)
            },
            Route("DELETE", "/v1/jobs/{name}", .role(.editor)) { call async throws(Problem) in
                try await remove(call)
            },
            Route("POST", "/v1/jobs/{name}:pause", .role(.operator)) { call async throws(Problem) in
                try await rebased(call, pause)
            },
            Route("POST", "/v1/jobs/{name}:resume", .role(.operator)) {
                call async throws(Problem) in
                try await rebased(call, resume)
            },
            Route("POST", "/v1/jobs/{name}/runs", .role(.operator)) { call async throws(Problem) in
                try await runNow(call)
            },
            Route("GET", "/v1/jobs/{name}/next", .role(.reader)) { call async throws(Problem) in
                try await next(call)
            },
        ]
    }

    // MARK: Reading

    private func list(_ call: Call) async throws(Problem) -> HTTPResponse {
        if call.request.parameter("watch") == "1" {
            return try await FeedAnswer.make(for: call, feed: master.feed, kinds: [.job])
        }
        try await ReadYourWrites.wait(for: call, feed: master.feed)
        let limit = try call.number("limit", default: 50, in: 1...1_000)
        let wanted = call.request.parameter("q")?.lowercased()
        var after = call.request.parameter("cursor").map {
            ObjectKey(tenant: call.tenant, kind: .job, name: $0)
        }
        var items: [Value] = []
        // A filter may leave a page short, so read on until this one is full or the list ends.
        reading: while true {
            let page = try await records(tenant: call.tenant, after: after, limit: limit)
            guard !page.isEmpty else { return try await self.page(items, next: nil) }
            for record in page {
                let job = try Editor.decode(record)
                if matches(record, job, wanted) {
                    guard items.count < limit else { break reading }
                    items.append(Views.job(record, job, status: try await status(record, job)))
                }
                after = record.key
            }
        }
        return try await self.page(items, next: after?.name)
    }

    private func page(_ items: [Value], next: String?) async throws(Problem) -> HTTPResponse {
        .json([
            "items": .array(items), "next": next.map { .string($0) } ?? .null,
            "rev": .string(await master.replica.position().revision.description),
        ])
    }

    private func records(
        tenant: String,
        after: ObjectKey?,
        limit: Int
    ) async throws(Problem) -> [ObjectRecord] {
        do throws(ReplicaError) {
            return try await master.replica.records(
                kind: .job,
                tenant: tenant,
                after: after,
                limit: limit
            )
        } catch {
            throw Problem(.unavailable, error.description)
        }
    }

    private func matches(_ record: ObjectRecord, _ job: Job, _ wanted: String?) -> Bool {
        guard let wanted, !wanted.isEmpty else { return true }
        return record.key.name.contains(wanted)
            || job.spec.labels.contains { $0.lowercased() == wanted }
            || job.spec.description.lowercased().contains(wanted)
    }

    private func find(_ call: Call) async throws(Problem) -> (record: ObjectRecord, job: Job) {
        try await master.editor.job(call.capture("name"), tenant: call.tenant)
    }

    private func status(_ record: ObjectRecord, _ job: Job) async throws(Problem) -> Value {
        var last = RunFilter()
        last.job = record.uid
        last.limit = 1
        var open = RunFilter()
        open.job = record.uid
        open.states = [.open]
        open.limit = 100
        let (lastFilter, openFilter) = (last, open)
        let newest = try await master.ask { store async throws(StoreError) in
            try await store.runs(lastFilter)
        }
        let running = try await master.ask { store async throws(StoreError) in
            try await store.runs(openFilter)
        }
        let live = newest.first?.state.isOpen == true ? try await master.liveSessions() : []
        let schedule = await master.schedule(of: record, job)
        let now = SystemClock.wall
        let pause = job.pause(at: now)
        let due = pause == nil ? schedule?.next(after: now) : nil
        return [
            "paused": Views.pause(pause), "next": Views.optional(due),
            "words": .string(Views.words(of: job, schedule)),
            "open_runs": .integer(Int64(running.count)),
            "last": newest.first.map { run in
                Views.run(run, isLost: run.state.isOpen && !live.contains(run.session))
            } ?? .null,
        ]
    }

    private func answer(
        _ record: ObjectRecord,
        _ job: Job,
        status code: Int = 200
    ) async throws(Problem) -> HTTPResponse {
        .json(
            Views.job(record, job, status: try await status(record, job)),
            status: code,
            headers: [
                (name: "ETag", value: "\"\(record.version)\""),
                (name: "Rota-Revision", value: record.revision.description),
            ]
        )
    }

    private func next(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (record, job) = try await find(call)
        let count = try call.number("n", default: 10, in: 1...1_000)
        let pause = Views.pause(job.pause(at: SystemClock.wall))
        // The first instant itself counts, as it does for people.
        let from = try call.request.parameter("from").map(RunRoutes.instant)?
            .advanced(by: .milliseconds(-1))
        let to = try call.request.parameter("to").map(RunRoutes.instant)
        guard let schedule = await master.schedule(of: record, job) else {
            let words = Views.words(of: job, nil)
            return .json(["items": [], "words": .string(words), "paused": pause])
        }
        let due = schedule.upcoming(count, after: from ?? SystemClock.wall).filter { instant in
            to.map { instant <= $0 } ?? true
        }
        return .json([
            "items": .array(due.map { .string($0.description) }),
            "words": .string(Views.words(of: job, schedule)),
            "time_zone": .string(schedule.zoneName),
            "paused": pause,
        ])
    }

    // MARK: Changing

    private func add(_ call: Call) async throws(Problem) -> HTTPResponse {
        let document = try call.document()
        guard let name = document["name"]?.string else {
            throw Problem(
                .fieldInvalid,
                "The body has no name.",
                faults: [.init(pointer: "#/name", detail: "write {\"name\": …, \"spec\": {…}}")]
            )
        }
        return try await put(call, name: name, document: document, expecting: .absent)
    }

    /// Makes a change that reads the job and builds on what it has read; made anew while others
    /// change the job in between, unless the caller has named the version it is based on.
    private func rebased(
        _ call: Call,
        _ change: (Call) async throws(Problem) -> HTTPResponse
    ) async throws(Problem) -> HTTPResponse {
        let version = call.request.header("if-match")
        let isBased = call.request.header("if-none-match") != nil || (version ?? "*") != "*"
        for _ in 1..<Self.attempts {
            do throws(Problem) { return try await change(call) } catch {
                guard !isBased, [.changed, .nameTaken].contains(error.kind) else { throw error }
            }
        }
        return try await change(call)
    }

    private func replace(_ call: Call) async throws(Problem) -> HTTPResponse {
        let document = try call.document()
        let name = call.capture("name")
        if call.request.header("if-none-match") == "*" {
            return try await put(call, name: name, document: document, expecting: .absent)
        }
        let expecting = try Self.expectation(call)
        return try await put(call, name: name, document: document, expecting: expecting)
    }

    private func put(
        _ call: Call,
        name: String,
        document: Value,
        expecting: EditExpectation
    ) async throws(Problem) -> HTTPResponse {
        try Self.check(name: name)
        try Self.check(members: document, known: ["kind", "name", "spec", "tenant"])
        try call.checkTenant(of: document)
        let spec = try await master.editor.spec(document["spec"] ?? [:], tenant: call.tenant)
        let key = ObjectKey(tenant: call.tenant, kind: .job, name: name)
        let present = try await master.editor.current(key)
        if present == nil, case .version = expecting { _ = try await find(call) }
        let job: Job
        if let present, expecting != .absent {
            job = try Editor.decode(present).edited(with: spec, at: SystemClock.wall)
        } else {
            job = Job(spec: spec)
        }
        let basis = Self.basis(expecting, on: present)
        return try await commit(call, job, key, basis, code: present == nil ? 201 : 200)
    }

    private func patch(_ call: Call) async throws(Problem) -> HTTPResponse {
        let document = try call.document()
        try Self.check(members: document, known: ["spec"])
        let expecting = try Self.expectation(call)
        let (record, job) = try await find(call)
        let merged = MergePatch.apply(
            document["spec"] ?? [:],
            to: JobDocument.encodeSpec(job.spec)
        )
        let spec = try await master.editor.spec(merged, tenant: call.tenant)
        let edited = job.edited(with: spec, at: SystemClock.wall)
        let basis = Self.basis(expecting, on: record)
        return try await commit(call, edited, record.key, basis, code: 200)
    }

    private func commit(
        _ call: Call,
        _ job: Job,
        _ key: ObjectKey,
        _ expecting: EditExpectation,
        code: Int
    ) async throws(Problem) -> HTTPResponse {
        if call.request.parameter("dry_run") == "1" {
            return .json(["dry_run": true, "spec": JobDocument.encodeSpec(job.spec)])
        }
        let batch = try await master.editor.commit(
            [Editor.put(job, as: key, expecting: expecting)],
            id: try call.requestID(),
            author: call.principal.name
        )
        guard let record = batch.records.first else {
            throw Problem(.unavailable, "The store answered an empty commit.")
        }
        // A repetition is answered what the first request has made.
        return try await answer(record, try Editor.decode(record), status: code)
    }

    private func remove(_ call: Call) async throws(Problem) -> HTTPResponse {
        let expecting = try Self.expectation(call)
        let (record, _) = try await find(call)
        let batch = try await master.editor.commit(
            [
                ObjectEdit(
                    key: record.key,
                    expecting: expecting,
                    uid: record.uid,
                    change: .delete
                )
            ],
            id: try call.requestID(),
            author: call.principal.name
        )
        let revision = batch.position.revision.description
        return .json(
            ["name": .string(record.key.name), "deleted": true, "rev": .string(revision)],
            headers: [(name: "Rota-Revision", value: revision)]
        )
    }

    private func pause(_ call: Call) async throws(Problem) -> HTTPResponse {
        let document = try call.document()
        try Self.check(members: document, known: ["reason", "until"])
        let (record, job) = try await find(call)
        var until: Instant?
        if let text = try call.text("until", of: document, example: Self.exampleInstant) {
            guard let instant = Instant(rfc3339: text) else {
                throw Problem(
                    .fieldInvalid,
                    "until is \(text); write RFC 3339, as in \(Self.exampleInstant).",
                    faults: [.init(pointer: "#/until", detail: "no RFC 3339 instant")]
                )
            }
            guard instant > SystemClock.wall else {
                throw Problem(
                    .fieldInvalid,
                    "until is \(text), which is past, so that nothing would be paused.",
                    faults: [.init(pointer: "#/until", detail: "write an instant to come")]
                )
            }
            until = instant
        }
        let reason = try call.text("reason", of: document, example: "\"moving the disk\"") ?? ""
        let paused = job.paused(reason: reason, until: until, at: SystemClock.wall)
        return try await commit(call, paused, record.key, .version(record.version), code: 200)
    }

    private func resume(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (record, job) = try await find(call)
        guard job.pause != nil else { return try await answer(record, job) }
        let resumed = job.resumed(at: SystemClock.wall)
        return try await commit(call, resumed, record.key, .version(record.version), code: 200)
    }

    private func runNow(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (record, _) = try await find(call)
        let (id, author) = (try call.requestID(), call.principal.name)
        let trigger = try await master.ask { store async throws(StoreError) in
            try await store.trigger(record.key, id: id, author: author)
        }
        await master.gossip.send(.triggers, to: nil)
        return .json(
            [
                "trigger": .integer(trigger.id.rawValue), "job": .string(record.key.name),
                "instant": .string(trigger.key.instant.description), "run": .null,
            ],
            status: 201
        )
    }

    // MARK: Conditions

    /// What `If-Match` says; every change of something that exists must say it.
    static func expectation(_ call: Call) throws(Problem) -> EditExpectation {
        guard let text = call.request.header("if-match") else {
            throw Problem(
                .preconditionNeeded,
                "A change must name the version it is based on: If-Match: \"3\".",
                hint: "GET the object first; its ETag is the version"
            )
        }
        if text == "*" { return .any }
        guard let version = Int64(text.filter { $0 != "\"" }) else {
            throw Problem(.badRequest, "If-Match is \(text); it takes a version, as in \"3\".")
        }
        return .version(Version(version))
    }

    /// What a body that was made from `present` is to be committed on.
    ///
    /// Whoever takes any version still means the one that the body was made from: what was changed
    /// in between would be undone by it.
    static func basis(
        _ expecting: EditExpectation,
        on present: ObjectRecord?
    ) -> EditExpectation {
        guard expecting == .any else { return expecting }
        return present.map { .version($0.version) } ?? .absent
    }

    static func check(name: String) throws(Problem) {
        guard ObjectKey.isValid(name: name) else {
            throw Problem(
                .fieldInvalid,
                "\"\(name.prefix(140))\" cannot be a name.",
                hint: "Write a-z, 0-9, and . _ / - after the first letter; at most 127 characters",
                faults: [.init(pointer: "#/name", detail: "not of the form [a-z0-9][a-z0-9._/-]*")]
            )
        }
    }

    static func check(members document: Value, known: [String]) throws(Problem) {
        let unknown = (document.object ?? [:]).keys.filter { !known.contains($0) }.sorted()
        guard unknown.isEmpty else {
            let faults = unknown.map { name in
                let near = name.nearest(among: known).map { ": did you mean \($0)?" } ?? ""
                return Problem.Fault(pointer: "#/\(name)", detail: "no such field\(near)")
            }
            throw Problem(
                .fieldInvalid,
                "There is no field \(unknown.joined(separator: ", ")) here.",
                hint: "It takes \(known.joined(separator: ", "))",
                faults: faults
            )
        }
    }
}

extension Schedule {
    /// The next `count` instants after `instant`, fewer if there are no more.
    func upcoming(_ count: Int, after instant: Instant) -> [Instant] {
        var instants: [Instant] = []
        var last = instant
        while instants.count < count, let next = next(after: last) {
            instants.append(next)
            last = next
        }
        return instants
    }
}
