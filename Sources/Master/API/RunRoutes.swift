// Runs: list, show, kill, retry.

internal import Documents
internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import LogSink
internal import Platform
internal import Vocabulary

/// The routes under `/v1/runs`, but for logs.
struct RunRoutes: Sendable {
    let master: MasterParts

    var routes: [Route] {
        [
            Route("GET", "/v1/runs", .role(.reader)) { call async throws(Problem) in
                try await list(call, job: call.request.parameter("job"))
            },
            Route("GET", "/v1/jobs/{name}/runs", .role(.reader)) { call async throws(Problem) in
                try await list(call, job: call.capture("name"))
            },
            Route("GET", "/v1/runs/{id}", .role(.reader)) { call async throws(Problem) in
                try await show(call)
            },
            Route("POST", "/v1/runs/{id}:kill", .role(.operator)) { call async throws(Problem) in
                try await kill(call)
            },
            Route("POST", "/v1/runs/{id}:retry", .role(.operator)) { call async throws(Problem) in
                try await retry(call)
            },
        ]
    }

    private func list(_ call: Call, job: String?) async throws(Problem) -> HTTPResponse {
        var filter = RunFilter()
        filter.tenant = call.tenant
        if let job {
            filter.job = try await master.editor.job(job, tenant: call.tenant).record.uid
        }
        if let states = call.request.parameter("state") { filter.states = try Self.states(states) }
        filter.node = call.request.parameter("node").map(NodeName.init)
        if let text = call.request.parameter("instant") {
            let instant = try Self.instant(text)
            filter.from = instant
            filter.through = instant
        }
        filter.before = call.request.parameter("cursor").map(RunID.init)
        let limit = try call.number("limit", default: 50, in: 1...1_000)
        filter.limit = limit + 1
        let wanted = filter
        let runs = try await master.ask { store async throws(StoreError) in
            try await store.runs(wanted)
        }
        let page = runs.prefix(limit)
        let live = page.contains { $0.state.isOpen } ? try await master.liveSessions() : []
        return .json([
            "items": .array(page.map { Views.run($0, isLost: Self.isLost($0, live)) }),
            "next": runs.count > limit ? .string(page.last?.id.text ?? "") : .null,
        ])
    }

    /// Reads `state=failed,timed-out`; `running` is every open run.
    private static func states(_ text: String) throws(Problem) -> Set<RunState> {
        var states: Set<RunState> = []
        for word in text.split(separator: ",") {
            guard
                let state = word == RunState.runningWord ? .open : RunState(rawValue: String(word))
            else {
                let known =
                    [RunState.runningWord] + RunState.allCases.filter { !$0.isOpen }.map(\.rawValue)
                throw Problem(
                    .badRequest,
                    "There is no state \(word).",
                    hint: "One of \(known.joined(separator: ", "))"
                )
            }
            states.insert(state)
        }
        return states
    }

    static func instant(_ text: String) throws(Problem) -> Instant {
        guard let instant = Instant(rfc3339: text) else {
            throw Problem(
                .badRequest,
                "\(text) is no instant; write RFC 3339, as in 2026-12-01T06:00:00Z."
            )
        }
        return instant
    }

    private static func isLost(_ run: RunRecord, _ live: Set<SessionID>) -> Bool {
        run.state == .lost || (run.state.isOpen && !live.contains(run.session))
    }

    /// The run, with what it has said of itself if whoever holds its log answers soon.
    private func show(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await master.logs.run(of: call)
        let live = run.state.isOpen ? try await master.liveSessions() : []
        var members = Views.run(run, isLost: Self.isLost(run, live)).object ?? [:]
        if let facts = await master.logs.facts(of: run) {
            members.merge(facts) { ours, _ in ours }
        }
        return .json(.object(members))
    }

    private func answer(_ run: RunRecord, status: Int = 200) async throws(Problem) -> HTTPResponse {
        let live = run.state.isOpen ? try await master.liveSessions() : []
        return .json(Views.run(run, isLost: Self.isLost(run, live)), status: status)
    }

    // MARK: Kill and retry

    /// Records the order in the store, then sends it ahead by gossip.
    private func kill(_ call: Call) async throws(Problem) -> HTTPResponse {
        let document = try call.document()
        try JobRoutes.check(members: document, known: ["grace"])
        var grace: Duration?
        if let text = try call.text("grace", of: document, example: "30s") {
            guard let duration = DurationText.parse(text) else {
                throw Problem(
                    .fieldInvalid,
                    "grace is \(text); write a duration, as in 30s.",
                    faults: [.init(pointer: "#/grace", detail: "no duration")]
                )
            }
            grace = duration
        }
        let run = try await master.logs.run(of: call)
        guard run.state.isOpen || document["grace"] == nil else { return try await answer(run) }
        let order = KillOrder(
            run: run.id,
            author: call.principal.name,
            grace: grace,
            requestedAt: SystemClock.wall
        )
        let marked = try await master.ask { store async throws(StoreError) in
            try await store.kill(order)
        }
        if run.state.isOpen { await master.gossip.send(.kill(order), to: run.node) }
        return try await answer(marked ?? run)
    }

    /// Starts the job of a closed run again, by hand.
    private func retry(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await master.logs.run(of: call)
        guard !run.state.isOpen else {
            throw Problem(
                .conflict,
                "Run \(run.id) is still under way.",
                hint: "rota run kill \(run.id)"
            )
        }
        let (id, author) = (try call.requestID(), call.principal.name)
        let trigger = try await master.ask { store async throws(StoreError) in
            try await store.trigger(run.name, id: id, author: author)
        }
        await master.gossip.send(.triggers, to: nil)
        return .json(
            [
                "trigger": .integer(trigger.id.rawValue), "job": .string(run.name.name),
                "instant": .string(trigger.key.instant.description), "run": .null,
            ],
            status: 201
        )
    }
}
