import Platform
import RotaCLI
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// Whole command lines against scripted masters, as golden transcripts.
///
/// `>>` is a request, `2>` standard error, the rest standard output.
@Suite struct TranscriptTests {
    private static let everybody: Set<Terminal.Stream> = [.input, .output, .errors]

    private func fake(
        _ routes: [String: APIAnswer],
        terminals: Set<Terminal.Stream> = [],
        input: String = "",
        environment: [String: String] = [:],
        files: [String: String] = [:]
    ) -> FakeWorld {
        FakeWorld(
            environment: environment,
            terminals: terminals,
            input: input,
            files: files,
            answer: Canned.routes(routes)
        )
    }

    private static let jobs = Canned.json(
        Canned.list(
            Canned.job("etl/orders"),
            Canned.job("hello", next: "2026-11-20T12:00:45Z"),
            Canned.job("manual", next: nil)
        )
    )

    @Test func `job list prints every form, whole and without colour off a terminal`() async throws
    {
        let fake = fake(["GET /v1/jobs": Self.jobs])
        for form in ["table", "wide", "name", "jsonl", "json"] {
            await fake.rota("job", "list", "-o", form)
        }
        try expectGolden(fake.transcript, named: "job-list.txt")
    }

    @Test func `on a terminal there are colours, short times and shortened names`() async throws {
        let long = String(repeating: "long-name-", count: 9) + "end"
        let routes = ["GET /v1/jobs": Canned.json(Canned.list(Canned.job(long), Canned.job("b")))]
        let fake = fake(routes, terminals: [.output], environment: ["TERM": "xterm"])
        await fake.rota("job", "list")
        for line in fake.output.split(separator: "\n") {
            let visible = line.split(separator: "\u{1B}").map { part in
                part.first == "[" ? part.drop { $0 != "m" }.dropFirst() : part
            }.joined()
            #expect(visible.count <= 80, "\(visible)")
        }
        let transcript = fake.transcript.replacing("\u{1B}", with: "ESC")
        try expectGolden(transcript, named: "job-list-terminal.txt")
    }

    @Test(
        arguments: [
            (["NO_COLOR": "1"], [], true, false), (["NO_COLOR": ""], [], true, true),
            ([:], [], true, true), ([:], [], false, false), (["TERM": "dumb"], [], true, false),
            (["FORCE_COLOR": "1"], [], false, true), (["CLICOLOR_FORCE": "0"], [], false, false),
            (["NO_COLOR": "1"], ["--color", "always"], false, true),
            (["FORCE_COLOR": "1"], ["--color=never"], true, false),
        ] as [([String: String], [String], Bool, Bool)]
    )
    func `colours follow the option, then the environment, then the terminal`(
        environment: [String: String],
        options: [String],
        isTerminal: Bool,
        isColoured: Bool
    ) async {
        let fake = fake(
            ["GET /v1/jobs": Self.jobs],
            terminals: isTerminal ? [.output] : [],
            environment: environment
        )
        _ = await RotaProgram.run(["job", "list"] + options, in: fake.world)
        #expect(fake.output.contains("\u{1B}[") == isColoured)
    }

    @Test func `jobs are shown, added, set, paused and deleted`() async throws {
        let job = Canned.json(Canned.job("etl"), revision: "1.18")
        let fake = fake([
            "GET /v1/jobs/etl": job,
            "POST /v1/jobs": Canned.json(Canned.job("etl"), status: 201, revision: "1.18"),
            "PATCH /v1/jobs/etl": job,
            "DELETE /v1/jobs/etl": Canned.json("", status: 204, revision: "1.19"),
            "POST /v1/jobs/etl:pause": job, "POST /v1/jobs/etl:resume": job,
            "GET /v1/jobs?": Self.jobs,
        ])
        await fake.rota("job", "show", "etl")
        await fake.rota(
            line: """
                job add etl --schedule '*/5 * * * *' --tz Asia/Shanghai --shell /opt/etl.sh \
                --timeout 10m --retries 2 --overlap allow:3 '--misfire=all(5)' --node-loss retry:1 \
                --on-tag gpu=1 --env A=b=c
                """
        )
        await fake.rota(
            line: "job add web --every 90s --http http://x/ --expect 204 --expect 300-303"
        )
        await fake.rota(
            line: """
                job add shop --at 2026-11-21T00:00:00Z --sql 'CALL close(?)' --connection shop \
                --password '{{secret.DB}}' --parameter '{{instant}}' --once \
                --secret DB=file:/etc/rota/secrets/db
                """
        )
        await fake.rota(
            line: """
                job add bills --schedule '30 2 * * *' --tz Europe/Berlin --jitter 5m \
                --dst-gap skip --dst-overlap last --shell /opt/bills.sh
                """
        )
        await fake.rota(
            line: """
                job add copy --every 1h --argv /usr/bin/rsync --argv=-a --argv '/srv/a b' \
                --user backup --umask 027 --nice 10 --limit memory=512MB --limit files=64 \
                --success 0 --success 24
                """
        )
        await fake.rota(line: "job set etl jitter=90s dst.gap=next dst.overlap=")
        await fake.rota(
            line: "job set etl timeout=20m retries.limit=3 owner= where.tags.gpu=1 'labels=[\"a\"]'"
        )
        await fake.rota(
            line: "job pause etl --reason 'schema change' --until 2026-11-21T00:00:00Z"
        )
        await fake.rota("job", "resume", "etl", "-q")
        await fake.rota("job", "rm", "etl")
        await fake.rota("job", "rm", "etl", "--yes")
        await fake.rota("job", "show", "helo")
        try expectGolden(fake.transcript, named: "jobs.txt")
    }

    @Test func `what cannot be meant is refused before anything is asked`() async throws {
        let fake = fake([:])
        await fake.rota("job", "add", "Etl", "--shell", "true")
        await fake.rota("job", "add", "etl")
        await fake.rota("job", "add", "--shell", "true")
        await fake.rota("job", "add", "etl", "--shell", "true", "--http", "http://x/")
        await fake.rota("job", "add", "etl", "--every", "5m", "--at", "x", "--shell", "true")
        await fake.rota("job", "add", "etl", "--shell", "true", "--method", "PUT")
        await fake.rota("job", "add", "etl", "--shell", "true", "--overlap", "maybe:3")
        await fake.rota("job", "add", "etl", "--shell", "true", "--env", "A")
        await fake.rota("job", "add", "etl", "--sql", "SELECT 1")
        await fake.rota("job", "add", "etl", "--sql", "SELECT 1", "--shell", "true")
        await fake.rota("job", "add", "etl", "--sql", "x", "--connection", "y", "--method", "PUT")
        await fake.rota("job", "add", "etl", "--shell", "true", "--once")
        await fake.rota("job", "add", "etl", "--shell", "true", "--argv", "/bin/true")
        await fake.rota("job", "add", "etl", "--http", "http://x/", "--user", "backup")
        await fake.rota("job", "add", "etl", "--argv", "/bin/x", "--success", "fine")
        await fake.rota("job", "set", "etl", "timeout")
        await fake.rota("job", "next")
        await fake.rota("job", "next", "--expr", "0 25 * * *")
        await fake.rota("job", "next", "etl", "--jitter", "5m")
        await fake.rota("job", "next", "--expr", "@daily", "--jitter", "2d")
        await fake.rota("job", "next", "--expr", "@daily", "--dst-gap", "before")
        await fake.rota("apply")
        await fake.rota("job", "list", "--zone", "Mars/Olympus")
        await fake.rota("job", "list", "--url", "ftp://m1")
        await fake.rota("job", "list", "--context", "nowhere")
        await fake.rota("stauts")
        #expect(fake.calls.isEmpty)
        try expectGolden(fake.transcript, named: "refusals.txt")
    }

    @Test func `a problem is told in three lines with its exit code`() async throws {
        let fake = fake([
            "GET /v1/jobs/a": Canned.problem(401, "Not signed in", hint: "rota context show"),
            "GET /v1/jobs/b": Canned.problem(404, "There is no job b"),
            "GET /v1/jobs/c": Canned.problem(412, "It was changed", detail: "By wang, 40 s ago."),
            "GET /v1/jobs/d": Canned.problem(
                422,
                "The schedule cannot be read",
                detail: "Hour 25."
            ),
            "GET /v1/jobs/e": Canned.problem(503, "The store is away"),
            "GET /v1/jobs/f": APIAnswer(status: 500, body: Array("<html>".utf8)),
            "GET /v1/jobs/g": APIAnswer(status: 200, body: Array("<html>".utf8)),
            "GET /v1/jobs/h": Canned.json(
                ##"{"title":"No","errors":[{"pointer":"#/spec/schedule","detail":"bad"}]}"##,
                status: 422
            ),
            // The only fault is the whole reason: said once, with its place.
            "GET /v1/jobs/i": Canned.json(
                ##"{"title":"No","detail":"bad","errors":[{"pointer":"#/spec","detail":"bad"}]}"##,
                status: 422
            ),
        ])
        for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i"] {
            await fake.rota("job", "show", name, "-v")
        }
        try expectGolden(fake.transcript, named: "problems.txt")
    }

    @Test func `masters are asked in order, and a change is never sent twice`() async throws {
        let answer: FakeWorld.Answer = { call throws(APITransportError) in
            if call.url.hasPrefix("http://m1") { throw .unreachable("refused") }
            if call.method == "POST" { throw .cut("reset") }
            return Canned.json(Canned.list(Canned.job("a")))
        }
        let fake = FakeWorld(environment: ["ROTA_URL": "http://m1, http://m2/"], answer: answer)
        await fake.rota("job", "list", "-o", "name")
        await fake.rota("job", "pause", "a")
        try expectGolden(fake.transcript, named: "masters.txt")
    }

    @Test func `a change is remembered for a minute, per cluster and tenant`() async {
        let fake = fake(
            [
                "POST /v1/jobs/a:pause": Canned.json("{}", revision: "1.20"),
                "GET /v1/jobs": Self.jobs,
            ],
            environment: ["ROTA_TOKEN": "rota_abc"]
        )
        await fake.rota("job", "pause", "a")
        await fake.rota("job", "list")
        await fake.rota("job", "list", "--tenant", "other")
        fake.state.withLock { $0.now = $0.now.advanced(by: .seconds(61)) }
        await fake.rota("job", "list")
        let sent = fake.calls.map { call in
            call.headers.first { $0.name == "Rota-Min-Revision" }?.value
        }
        #expect(sent == [nil, "1.20", nil, nil])
        let bearer = fake.calls.allSatisfy { call in
            call.headers.contains { $0.name == "Authorization" && $0.value == "Bearer rota_abc" }
        }
        #expect(bearer)
    }

    @Test func `editing keeps the text if somebody else was faster`() async throws {
        let job = Canned.json(Canned.job("etl"))
        let fake = fake([
            "GET /v1/jobs/etl": job,
            "PUT /v1/jobs/etl": Canned.problem(412, "etl was changed", detail: "By wang."),
        ])
        await fake.rota("job", "edit", "etl")
        fake.state.withLock { $0.edit = { $0.replacing("ops", with: "li") } }
        await fake.rota("job", "edit", "etl")
        let kept = fake.state.withLock { $0.files.keys.first { $0.hasSuffix(".yaml") } } ?? ""
        #expect(kept.hasPrefix("/home/li/.local/state/rota/edit-etl-"))
        #expect(fake.file(kept)?.contains("li") == true)
        fake.state.withLock { $0.edit = { _ in "spec: [" } }
        await fake.rota("job", "edit", "etl", "--from-saved")
        try expectGolden(fake.transcript, named: "job-edit.txt")
    }

    @Test func `apply shows the plan, asks where somebody can answer, and diff has its codes`()
        async throws
    {
        let plan = """
            {"results":[{"kind":"job","name":"a","action":"create","diff":["every 5 minutes"]},\
            {"kind":"job","name":"long/name","action":"update",\
            "diff":["timeout 10m → 20m","owner li"]},\
            {"kind":"job","name":"c","action":"delete","diff":[]},\
            {"kind":"job","name":"d","action":"unchanged"}],"summary":{"changed":3}}
            """
        let same = #"{"results":[{"kind":"job","name":"a","action":"unchanged"}]}"#
        let manifest = #"{"kind":"job","name":"a","spec":{"shell":{"command":"true"}}}"#
        let files = ["/jobs/a.json": manifest, "/jobs/note.txt": "x", "/bad.yaml": "kind: job\n"]
        let changing = fake(
            ["POST /v1/apply": Canned.json(plan, revision: "1.30")],
            files: files
        )
        await changing.rota("apply", "-f", "/jobs", "--plan")
        await changing.rota("diff", "-f", "/jobs/a.json")
        await changing.rota("apply", "-f", "/jobs")
        await changing.rota("apply", "-f", "/jobs", "--prune", "--yes")
        await changing.rota("apply", "-f", "/bad.yaml")
        await changing.rota("diff", "-f", "/none.yaml")
        await changing.rota("apply", "-f", "/jobs", "-f", "/jobs/a.json")
        changing.state.withLock { state in
            state.terminals = Self.everybody
            state.input = Array("y\n".utf8)
        }
        await changing.rota("apply", "-f", "/jobs", "--color=never")
        await changing.rota("apply", "-f", "/jobs", "--color=never")
        let calm = fake(["POST /v1/apply": Canned.json(same)], files: files)
        await calm.rota("diff", "-f", "/jobs/a.json")
        await calm.rota("apply", "-f", "/jobs/a.json")
        try expectGolden(changing.transcript + calm.transcript, named: "apply.txt")
    }

    @Test func `export is apply-able and ordered by name`() async throws {
        let fake = fake([
            "GET /v1/jobs": Canned.json(Canned.list(Canned.job("b"), Canned.job("a"))),
            "GET /v1/calendars": Canned.json(Canned.list(Canned.calendar("workdays"))),
        ])
        await fake.rota("export")
        await fake.rota("export", "job", "-o", "json")
        await fake.rota("export", "calendar")
        try expectGolden(fake.transcript, named: "export.txt")
    }

    @Test func `lists are read page by page`() async {
        let answer: FakeWorld.Answer = { call throws(APITransportError) in
            let next = call.url.contains("cursor=x%2F2") ? "null" : "\"x/2\""
            let name = next == "null" ? "b" : "a"
            return Canned.json("{\"items\":[\(Canned.job(name))],\"next\":\(next)}")
        }
        let fake = FakeWorld(answer: answer)
        await fake.rota("job", "list", "-o", "name")
        #expect(fake.output == "job/a\njob/b\n")
    }

    @Test func `status, next and why answer on one screen`() async throws {
        let cluster = """
            {"revision":"1.4172","nodes":{"alive":2,"dead":1},"jobs":3,"running":1,"masters":2,\
            "attention":[{"job":"etl/orders","what":"overdue 4m","hint":"rota why etl/orders"}]}
            """
        let fake = fake([
            "GET /v1/cluster": Canned.json(cluster), "GET /v1/next": Canned.json(Self.upcoming),
            "GET /v1/jobs/etl%2Forders": Canned.json(Canned.job("etl/orders")),
            "GET /v1/jobs/etl%2Forders/next": Canned.json(
                #"{"items":["2026-11-20T12:09:00Z","2026-11-20T12:14:00Z"]}"#
            ),
            "GET /v1/jobs/etl%2Forders/why": Canned.json(
                #"{"verdict":"due","text":["due  12:09","→ \u001b[31mn2"]}"#
            ),
        ])
        await fake.rota("next", "--match", "etl", "--node", "n2", "--until", "2026-11-21", "--each")
        await fake.rota("status")
        await fake.rota("next", "-n", "2", "-o", "wide")
        await fake.rota("next", "etl/orders")
        await fake.rota("why", "etl/orders", "--at", "2026-11-20T20:09:00+08:00")
        fake.state.withLock { $0.terminals = Self.everybody }
        await fake.rota("status", "--color=never")
        await fake.rota("next", "-n", "2", "--color=never", "--zone", "Asia/Shanghai")
        try expectGolden(fake.transcript, named: "overview.txt")
    }

    private static let upcoming = """
        {"items":[{"job":"hello","instant":"2026-11-20T12:00:45Z","words":"every 5 minutes",\
        "time_zone":"UTC","node":"n2","nodes":["n2","n1"],"not":""},\
        {"job":"etl/orders","instant":"2026-11-20T12:09:00Z","words":"every 5 minutes",\
        "time_zone":"UTC","node":null,"nodes":[],"not":"n1 is draining"}],\
        "jobs":2,"complete":true}
        """

    @Test func `a master that has not looked at all jobs yet is asked on`() async throws {
        let count = Mutex(0)
        let answer: FakeWorld.Answer = { _ throws(APITransportError) in
            let asked = count.withLock { count in
                count += 1
                return count
            }
            let isComplete = asked == 3
            return Canned.json(
                "{\"items\":[],\"jobs\":\(asked * 1_000),\"complete\":\(isComplete)}"
            )
        }
        let fake = FakeWorld(answer: answer)
        await fake.rota("next")
        try expectGolden(fake.transcript, named: "next-large.txt")
    }

    @Test func `a backfill is shown, confirmed and done part by part`() async throws {
        let counts = #""counts":{"start":2,"has-run":1,"unknown":1}"#
        let items = (0..<4).map { #"{"instant":"2026-11-20T0\#($0):00:00Z"}"# }
        let plan = """
            {"job":"etl","plan":true,"starts":2,\(counts),"next":"2026-11-20T04:00:00Z",\
            "paused":{"since":"2026-11-20T00:00:00Z"},"items":[\(items.joined(separator: ","))]}
            """
        let none = #"{"job":"etl","plan":true,"starts":0,"counts":{},"items":[],"paused":null}"#
        let fake = fake(["POST /v1/jobs/etl:backfill": Canned.json(plan)])
        await fake.rota("job", "backfill", "etl", "--from", "2026-11-20", "--plan", "-n", "4")
        await fake.rota("job", "backfill", "etl", "--from", "2026-11-20")
        await fake.rota(
            line: "job backfill etl --from 2026-11-20 --to 2026-11-20T03:00:00Z --again --yes"
        )
        await fake.rota("job", "backfill", "etl")
        await fake.rota("job", "backfill", "etl", "--from", "yesterday")
        let empty = self.fake(["POST /v1/jobs/etl:backfill": Canned.json(none)])
        await empty.rota("job", "backfill", "etl", "--from", "2026-11-20", "--yes")
        try expectGolden(fake.transcript + empty.transcript, named: "backfill.txt")
    }

    @Test func `nodes are listed and drained`() async throws {
        let node = """
            {"name":"n2","role":"node","state":"alive","address":"10.0.0.2:8471",\
            "tags":{"gpu":"1","dc":"sh"},"draining":false,"revision":"1.17","behind":0,\
            "open_runs":2,"load":{"running":2,"slots":8},"version":"0.1.0","key":1,\
            "gossip":"10.0.0.2:7946","zone_data":"2026f","clock_offset_ms":-4,"clock":"ok",\
            "round_trip_ms":1.26}
            """
        let fake = fake([
            "GET /v1/nodes": Canned.json(Canned.list(node)),
            "GET /v1/runs": Canned.json(Canned.list(Canned.run("running"))),
            "POST /v1/nodes/n2:drain": Canned.json(node),
            "POST /v1/nodes/n2:undrain": Canned.json(node),
        ])
        await fake.rota("node", "list", "-o", "wide")
        await fake.rota("node", "list", "-o", "name")
        await fake.rota("node", "drain", "n2")
        await fake.rota("node", "drain", "n2", "-y")
        await fake.rota("node", "undrain", "n2")
        try expectGolden(fake.transcript, named: "nodes.txt")
    }
}
