import Platform
import RotaCLI
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// Starting, following and ending runs, with masters whose answers change from call to call.
@Suite struct RunTests {
    private let id = Canned.runID

    /// Answers a route's list one after the other, the last one for ever.
    private func script(
        _ routes: [String: [APIAnswer]],
        chunks: [[String]] = []
    ) -> FakeWorld {
        let counts = Mutex<[String: Int]>([:])
        return FakeWorld(
            chunks: FakeWorld.inTurn(chunks),
            answer: { call throws(APITransportError) in
                let request = "\(call.method) \(call.url.dropFirst("http://m1".count))"
                guard
                    let key = routes.keys.filter({ request.hasPrefix($0) })
                        .max(by: { $0.count < $1.count }), let answers = routes[key]
                else { return Canned.missing }
                let index = counts.withLock { counts in
                    defer { counts[key, default: 0] += 1 }
                    return counts[key, default: 0]
                }
                return answers[min(index, answers.count - 1)]
            }
        )
    }

    private let succeeded = Canned.json(
        Canned.run("succeeded", exit: #"{"kind":"code","value":0}"#)
    )
    private let failed = Canned.json(Canned.run("failed", exit: #"{"kind":"code","value":3}"#))
    private let open = Canned.json(Canned.run("running"))
    private let trigger = Canned.json(
        #"{"trigger":7,"instant":"2026-11-20T12:00:00Z","run":null}"#,
        status: 201
    )
    private let none = Canned.json(Canned.list())

    @Test func `a run is waited for, and its end decides the exit code`() async throws {
        let good = script([
            "POST /v1/jobs/etl/runs": [trigger],
            "GET /v1/jobs/etl/runs": [none, none, Canned.json(Canned.list(Canned.run("running")))],
            "GET /v1/runs/\(id)": [open, succeeded],
        ])
        #expect(await good.rota("job", "run", "etl") == .done)
        #expect(await good.rota("job", "run", "etl", "--wait") == .done)
        let bad = script([
            "POST /v1/jobs/etl/runs": [trigger],
            "GET /v1/jobs/etl/runs": [Canned.json(Canned.list(Canned.run("running")))],
            "GET /v1/runs/\(id)": [open, failed],
        ])
        #expect(await bad.rota("job", "run", "etl", "--wait") == .runFailed)
        let never = script([
            "POST /v1/jobs/etl/runs": [trigger], "GET /v1/jobs/etl/runs": [none],
        ])
        #expect(await never.rota("job", "run", "etl", "--wait", "--timeout", "1s") == .timedOut)
        try expectGolden(
            good.transcript + bad.transcript + never.transcript,
            named: "job-run.txt"
        )
    }

    @Test func `following goes on where it was cut, and no line comes twice or is lost`()
        async throws
    {
        func line(_ offset: Int, _ text: String, _ stream: String = "out") -> String {
            """
            {"o":\(offset),"t":"2026-11-20T12:00:0\(offset % 10)Z","s":"\(stream)","l":"\(text)"}

            """
        }
        let fake = script(
            [
                "POST /v1/jobs/etl/runs": [trigger],
                "GET /v1/jobs/etl/runs": [Canned.json(Canned.list(Canned.run("running")))],
                "GET /v1/runs/\(id)": [succeeded],
                "GET /v1/runs/\(id)/log": [Canned.json("")],
            ],
            chunks: [
                [line(0, "one") + line(3, "two").dropLast(7), "\"two\"}\n" + line(6, ""), "CUT"],
                // Empty lines share an offset where newlines are not counted.
                [
                    line(6, "") + line(6, "") + line(6, "three"),
                    line(11, "four", "err") + "{\"o\":15,",
                ],
                ["CUT"],
                [
                    line(11, "four", "err") + line(15, "ended by a kill", "note"),
                    "{\"end\":true}\n",
                ],
            ]
        )
        #expect(await fake.rota("job", "run", "etl", "--follow") == .done)
        #expect(
            fake.output == """
                one
                two


                three
                four
                -- ended by a kill

                """
        )
        try expectGolden(fake.transcript, named: "job-follow.txt")
    }

    @Test func `a log that never comes back is given up`() async {
        let fake = script(
            ["GET /v1/runs/\(id)/log": [Canned.json("")]],
            chunks: Array(repeating: ["CUT"], count: 1_000)
        )
        #expect(await fake.rota("run", "logs", id, "-f") == .unreachable)
    }

    @Test func `a log that was cut does not look whole`() async {
        let line = "{\"o\":0,\"t\":\"2026-11-20T12:00:00Z\",\"s\":\"out\",\"l\":\"a\"}\n"
        let whole = line + "{\"next\":2,\"end\":4,\"complete\":true}\n"
        // The second page has no end, as of a master that was stopped.
        let short = script([
            "GET /v1/runs/\(id)/log?offset=0": [Canned.json(whole)],
            "GET /v1/runs/\(id)/log?offset=2": [Canned.json("")],
        ])
        #expect(await short.rota("run", "logs", id) == .unreachable)
        #expect(short.output == "a\n")
        #expect(short.transcript.contains("The log of run \(id) was cut at byte 2"))
        let broken = FakeWorld(answer: { _ throws(APITransportError) in throw .cut("reset") })
        #expect(await broken.rota("run", "logs", id) == .unreachable)
        #expect(broken.transcript.contains("The answer was cut before it was whole"))
    }

    @Test func `logs are read page by page, from a run or a job's newest`() async throws {
        func page(_ from: Int, _ next: Int) -> APIAnswer {
            var text = ""
            for number in from..<next {
                let stream = number % 3 == 0 ? "err" : "out"
                text += """
                    {"o":\(number),"t":"2026-11-20T12:00:00Z","s":"\(stream)","l":"\(number)"}

                    """
            }
            return Canned.json(
                text + "{\"next\":\(next),\"end\":9,\"complete\":true,\"missing\":[2,3]}\n"
            )
        }
        let routes = [
            "GET /v1/runs?job=etl": [Canned.json(Canned.list(Canned.run("succeeded")))],
            "GET /v1/runs?job=none": [none],
            "GET /v1/runs/\(id)/log?offset=0": [page(0, 5)],
            "GET /v1/runs/\(id)/log?offset=5": [page(5, 9)],
        ]
        let fake = script(routes)
        await fake.rota("run", "logs", "etl")
        await fake.rota("run", "logs", id, "-n", "2", "-t")
        await fake.rota("run", "logs", id, "--stderr", "-q")
        await fake.rota("run", "logs", "none")
        await fake.rota("run", "logs", "01JD8ZQ4V0000000000000000B")
        try expectGolden(fake.transcript, named: "run-logs.txt")
    }

    @Test func `a kill is asked for, ordered and proven`() async throws {
        let fake = script([
            "GET /v1/runs/\(id)": [
                open, open, open, open, open,
                Canned.json(Canned.run("killed", exit: #"{"kind":"signal","value":15}"#)),
            ],
            "POST /v1/runs/\(id):kill": [open], "POST /v1/runs/\(id):retry": [trigger],
        ])
        #expect(await fake.rota("kill", id) == .refused)
        fake.state.withLock { state in
            state.terminals = [.input, .errors]
            state.input = Array("no\n".utf8)
        }
        #expect(await fake.rota("kill", id, "--color=never") == .refused)
        fake.state.withLock { $0.terminals = [] }
        #expect(await fake.rota("run", "kill", id, "--yes", "--grace", "5s") == .done)
        #expect(await fake.rota("kill", id, "--yes", "--wait") == .done)
        #expect(await fake.rota("kill", id, "--yes", "--wait") == .done)
        await fake.rota("run", "retry", id)
        try expectGolden(fake.transcript, named: "kill.txt")
    }

    @Test func `runs are listed and shown`() async throws {
        let fake = script([
            "GET /v1/runs?": [
                Canned.json(
                    Canned.list(
                        Canned.run("running"),
                        Canned.run("lost"),
                        Canned.run("failed", exit: #"{"kind":"code","value":3}"#)
                    )
                )
            ],
            "GET /v1/runs/\(id)": [failed],
        ])
        await fake.rota("run", "list", "--job", "etl/x", "--state", "failed", "-n", "3")
        await fake.rota("run", "list", "-o", "wide")
        await fake.rota("run", "show", id)
        await fake.rota("run", "show", id, "-o", "name")
        try expectGolden(fake.transcript, named: "runs.txt")
    }
}
