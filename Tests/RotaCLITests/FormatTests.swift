import Documents
import Platform
import RotaCLI
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// What programs read: each form of every command is one document of that form.
@Suite struct FormatTests {
    private static let id = Canned.runID

    /// Command lines whose standard output is data in every form.
    private static let lines = [
        "status", "next", "next etl", "why etl", "job list", "job show etl",
        "job add etl --shell true", "job set etl owner=x", "job rm etl --yes",
        "job rm etl hello --yes", "job pause etl hello", "job resume etl", "job edit etl",
        "job run etl", "job run etl --wait", "job run etl --follow",
        "job backfill etl --from 2026-11-20 --yes", "job backfill none --from 2026-11-20 --yes",
        "job backfill etl --from 2026-11-20 --plan", "job explain etl", "run list",
        "run show \(id)", "run retry \(id)", "run kill \(id) --yes", "run logs \(id)",
        "run logs \(id) -n 1", "run logs \(id) --grep n", "run logs \(id) -f", "node list",
        "node drain n2 --yes", "node undrain n2", "cluster status", "cluster key list",
        "cluster key add", "cluster key use 2", "cluster key rm 1 --yes", "calendar list",
        "calendar show days", "calendar rm days --yes", "apply -f /a.json --yes",
        "apply -f /a.json --plan", "diff -f /a.json", "export", "context list",
        "context use lab", "context show",
    ]

    private static let key = """
        {"id":2,"fingerprint":"ab12","state":"waiting","added":"2026-11-20T11:00:00Z","by":"li",\
        "held_by":["n2"],"lacking":[],"new":true,"version":4,"rev":"1.19"}
        """
    private static let node = #"{"name":"n2","draining":true,"rev":"1.19"}"#
    private static let member = """
        {"name":"n2","role":"node","state":"alive","draining":false,"revision":"1.17","behind":0,\
        "open_runs":0,"tags":{},"troubles":[]}
        """
    private static let trigger = """
        {"trigger":7,"job":"etl","instant":"2026-11-20T12:00:00Z","run":null}
        """
    private static let log = """
        {"o":0,"t":"2026-11-20T12:00:00Z","s":"out","l":"one"}
        {"o":4,"t":"2026-11-20T12:00:00Z","s":"err","l":"a \\"quote\\" and \\n more"}
        """

    private static func backfill(_ count: Int, from: Int = 0, next: Int? = nil) -> String {
        let items = (from..<(from + count)).map { number in
            let at = Instant(unixSeconds: Int64(number) * 60)
            return #"{"instant":"\#(at)","outcome":"start"}"#
        }
        let next = next.map { "\"\(Instant(unixSeconds: Int64($0) * 60))\"" } ?? "null"
        return """
            {"job":"etl","plan":false,"from":"\(Instant(unixSeconds: Int64(from) * 60))",\
            "starts":\(count),"counts":{"start":\(count),"has-run":0},"next":\(next),\
            "paused":null,"items":[\(items.joined(separator: ","))]}
            """
    }

    private static let routes: [String: APIAnswer] = [
        "GET /v1/cluster": Canned.json(
            #"{"revision":"1.17","nodes":{"alive":1},"jobs":2,"running":0,"attention":[]}"#
        ),
        "GET /v1/cluster/members": Canned.json(
            #"{"seen_by":"m1","revision":"1.17","use":1,"items":[\#(member)]}"#
        ),
        "GET /v1/next": Canned.json(
            #"{"items":[{"job":"etl","instant":"2026-11-20T12:09:00Z","nodes":["n2"]},"#
                + #"{"job":"hello","instant":"2026-11-20T12:10:00Z","nodes":[]}],"complete":true}"#
        ),
        "GET /v1/jobs": Canned.json(Canned.list(Canned.job("etl"), Canned.job("hello"))),
        "GET /v1/jobs/etl": Canned.json(Canned.job("etl")),
        "GET /v1/jobs/hello": Canned.json(Canned.job("hello")),
        "GET /v1/jobs/etl/next": Canned.json(#"{"items":["2026-11-20T12:09:00Z"]}"#),
        "GET /v1/jobs/etl/why": Canned.json(#"{"verdict":"due","text":["due 12:09"]}"#),
        "GET /v1/jobs/etl/runs": Canned.json(Canned.list(Canned.run("running"))),
        "POST /v1/schedules:preview": Canned.json(
            #"{"sentence":"every 5 minutes","time_zone":"UTC","items":[],"notes":[]}"#
        ),
        "POST /v1/jobs": Canned.json(Canned.job("etl"), status: 201, revision: "1.18"),
        "PATCH /v1/jobs/etl": Canned.json(Canned.job("etl"), revision: "1.18"),
        "DELETE /v1/jobs/etl": Canned.json(#"{"name":"etl","deleted":true,"rev":"1.18"}"#),
        "DELETE /v1/jobs/hello": Canned.json("", status: 204, revision: "1.19"),
        "POST /v1/jobs/etl:pause": Canned.json(Canned.job("etl"), revision: "1.18"),
        "POST /v1/jobs/hello:pause": Canned.json(Canned.job("hello"), revision: "1.19"),
        "POST /v1/jobs/gone:pause": Canned.missing,
        "POST /v1/jobs/etl:resume": Canned.json(Canned.job("etl"), revision: "1.18"),
        "POST /v1/jobs/etl/runs": Canned.json(trigger, status: 201),
        "POST /v1/jobs/etl:backfill": Canned.json(backfill(2)),
        "POST /v1/jobs/none:backfill": Canned.json(
            #"{"job":"none","plan":true,"starts":0,"counts":{},"items":[],"paused":null}"#
        ),
        "GET /v1/runs": Canned.json(Canned.list(Canned.run("running"))),
        "GET /v1/runs/\(id)": Canned.json(
            Canned.run("succeeded", exit: #"{"kind":"code","value":0}"#)
        ),
        "GET /v1/runs/\(id)/log": Canned.json(
            log + "\n" + #"{"next":20,"end":20,"complete":true}"# + "\n"
        ),
        "GET /v1/runs/\(id)/log:search": Canned.json(
            #"{"count":2,"end":20,"hits":[\#(log.replacing("\n", with: ","))]}"#
        ),
        "POST /v1/runs/\(id):retry": Canned.json(trigger, status: 201),
        "GET /v1/nodes": Canned.json(Canned.list(member)),
        "POST /v1/nodes/n2:drain": Canned.json(node),
        "POST /v1/nodes/n2:undrain": Canned.json(node),
        "GET /v1/cluster/keys": Canned.json(#"{"use":1,"items":[\#(key)],"next":null}"#),
        "POST /v1/cluster/keys": Canned.json(key, status: 201),
        "POST /v1/cluster/keys/2:use": Canned.json(key),
        "DELETE /v1/cluster/keys/1": Canned.json(#"{"use":2,"items":[\#(key)],"next":null}"#),
        "GET /v1/calendars": Canned.json(Canned.list(Canned.calendar("days"))),
        "GET /v1/calendars/days": Canned.json(Canned.calendar("days")),
        "DELETE /v1/calendars/days": Canned.json(#"{"name":"days","deleted":true,"rev":"1.18"}"#),
        "POST /v1/apply": Canned.json(
            #"{"results":[{"kind":"job","name":"a","action":"create"},"#
                + #"{"kind":"job","name":"b","action":"unchanged"}]}"#
        ),
    ]

    private func fake() -> FakeWorld {
        let contexts = #"{"current":"lab","contexts":{"lab":{"urls":["http://m1"]}}}"#
        return FakeWorld(
            files: [
                "/a.json": #"{"kind":"job","name":"a","spec":{"shell":{"command":"true"}}}"#,
                "/home/li/.config/rota/contexts.json": contexts,
            ],
            chunks: { call in
                call.url.contains("/log?") ? [Self.log + "\n{\"end\":true}\n"] : []
            },
            answer: Canned.routes(Self.routes)
        )
    }

    /// What is printed for each command, with its command line above.
    private func outputs(_ form: String) async -> [(line: String, output: String)] {
        var outputs: [(line: String, output: String)] = []
        for line in Self.lines {
            let fake = fake()
            await fake.rota(line: "\(line) -o \(form)")
            outputs.append((line, fake.output))
        }
        return outputs
    }

    private func transcript(_ outputs: [(line: String, output: String)]) -> String {
        outputs.map { "$ rota \($0.line)\n\($0.output)\n" }.joined()
    }

    @Test func `JSON is one value`() async throws {
        let outputs = await outputs("json")
        for (line, output) in outputs {
            let value = try? JSON.parse(Array(output.utf8))
            #expect(value?.object?.isEmpty == false, "\(line): \(output)")
        }
        try expectGolden(transcript(outputs), named: "formats-json.txt")
    }

    @Test func `lines of JSON are one value each, and YAML is YAML`() async throws {
        for (line, output) in await outputs("jsonl") {
            let lines = output.split(separator: "\n")
            #expect(!lines.isEmpty, "\(line)")
            for text in lines {
                let value = try? JSON.parse(Array(text.utf8))
                #expect(value?.object != nil, "\(line): \(output)")
            }
        }
        for (line, output) in await outputs("yaml") {
            let documents = (try? YAML.parse(Array(output.utf8))) ?? []
            #expect(!documents.isEmpty, "\(line): \(output)")
            // Two objects in one document are one with members of both.
            #expect(documents.allSatisfy { $0.object != nil }, "\(line): \(output)")
        }
    }

    @Test func `names are a kind and a name a line`() async throws {
        let outputs = await outputs("name")
        let kinds: Set = ["cluster", "job", "run", "node", "key", "calendar", "context"]
        for (line, output) in outputs {
            let lines = output.split(separator: "\n")
            #expect(!lines.isEmpty, "\(line)")
            for text in lines {
                let parts = text.split(separator: "/", maxSplits: 1)
                #expect(parts.count == 2 && kinds.contains(String(parts[0])), "\(line): \(text)")
                #expect(!text.contains("?"), "\(line): \(text)")
            }
        }
        try expectGolden(transcript(outputs), named: "formats-name.txt")
    }

    @Test func `several jobs are one document, also if a later one fails`() async throws {
        let fake = fake()
        #expect(await fake.rota("job", "pause", "etl", "hello", "gone", "-o", "json") == .notFound)
        let items = try JSON.parse(Array(fake.output.utf8))["items"]?.array ?? []
        #expect(items.map { $0["name"] } == ["etl", "hello"])
    }

    @Test func `a backfill in parts is told as one`() async throws {
        let fake = FakeWorld(answer: { call throws(APITransportError) in
            let body = (try? JSON.parse(call.body)) ?? .null
            if body["plan"] == true { return Canned.json(Self.backfill(1_200)) }
            let from = body["from"]?.string.flatMap { Instant(rfc3339: $0) } ?? .epoch
            let first = from == Instant(rfc3339: "1970-01-01T00:00:00Z") ? 0 : from.unixSeconds / 60
            let count = Int(body["limit"]?.integer ?? 0)
            let end = Int(first) + count
            return Canned.json(
                Self.backfill(count, from: Int(first), next: end < 1_200 ? end : nil)
            )
        })
        let code = await fake.rota(
            line: "job backfill etl --from 1970-01-01 --to 1970-01-03 --yes -o json"
        )
        #expect(code == .done)
        let sum = try JSON.parse(Array(fake.output.utf8))
        #expect(sum["starts"] == 1_200)
        #expect(sum["counts"]?["start"] == 1_200)
        let instants = (sum["items"]?.array ?? []).compactMap { $0["instant"]?.string }
        #expect(Set(instants).count == 1_200)
        #expect(sum["from"]?.string == "1970-01-01T00:00:00Z")
    }

    @Test func `while a run is followed, programs read the run and people its log`() async throws {
        let fake = fake()
        await fake.rota("job", "run", "etl", "--follow", "-o", "json")
        #expect(try JSON.parse(Array(fake.output.utf8))["id"]?.string == Self.id)
        #expect(fake.errors.contains("one\n"))
    }

    @Test func `a log that was cut is no JSON`() async {
        let fake = FakeWorld(answer: { _ throws(APITransportError) in Canned.json(Self.log) })
        #expect(await fake.rota("run", "logs", Self.id, "-o", "json") == .unreachable)
        #expect((try? JSON.parse(Array(fake.output.utf8))) == nil)
    }
}
