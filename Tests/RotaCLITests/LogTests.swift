import Platform
import RotaCLI
import Synchronization
import Testing
import Vocabulary

/// Following across trouble, deadlines, and what a search says of itself.
@Suite struct LogTests {
    private let id = Canned.runID

    /// A master that fails `failures` times from the call number `first` on.
    private final class Trouble: Sendable {
        private let number = Mutex(0)
        let calls: Range<Int>
        let failure: @Sendable () throws(APITransportError) -> APIAnswer

        init(
            calls: Range<Int>,
            _ failure: @escaping @Sendable () throws(APITransportError) -> APIAnswer
        ) {
            self.calls = calls
            self.failure = failure
        }

        func answer(_ good: APIAnswer) throws(APITransportError) -> APIAnswer {
            let number = number.withLock { number in
                defer { number += 1 }
                return number
            }
            return calls.contains(number) ? try failure() : good
        }
    }

    private static func line(_ offset: Int, _ text: String) -> String {
        "{\"o\":\(offset),\"t\":\"2026-11-20T12:00:00Z\",\"s\":\"out\",\"l\":\"\(text)\"}\n"
    }

    private let trigger = Canned.json(
        #"{"trigger":7,"job":"etl","instant":"2026-11-20T12:00:00Z","run":null}"#,
        status: 201
    )

    private func following(
        _ trouble: Trouble,
        run: String = "succeeded",
        chunks: [[String]]
    ) -> FakeWorld {
        let (trigger, id) = (trigger, id)
        return FakeWorld(
            chunks: FakeWorld.inTurn(chunks),
            answer: { call throws(APITransportError) in
                if call.method == "POST" { return trigger }
                if call.url.contains("/log?") { return try trouble.answer(Canned.json("")) }
                if call.url.contains("/v1/runs/\(id)") {
                    return Canned.json(Canned.run(run, exit: #"{"kind":"code","value":0}"#))
                }
                return Canned.json(Canned.list(Canned.run("running")))
            }
        )
    }

    @Test func `the time for waiting ends a stream that stays open`() async {
        let none = Trouble(calls: 0..<0) { () throws(APITransportError) in throw .cut("never") }
        let fake = following(none, run: "running", chunks: [[Self.line(0, "one"), "HANG"]])
        let code = await fake.rota("job", "run", "etl", "--follow", "--timeout", "5s")
        #expect(code == .timedOut)
        #expect(fake.state.withLock { $0.waited } <= .seconds(6))
        #expect(fake.output == "one\n")
        #expect(fake.errors.contains("run \(id) is still under way"))
    }

    @Test func `a log is taken up again once its master is back`() async {
        for status in [0, 503] {
            let trouble = Trouble(calls: 1..<4) { () throws(APITransportError) in
                guard status > 0 else { throw .unreachable("refused") }
                return Canned.problem(status, "Starting")
            }
            let chunks = [
                [Self.line(0, "one"), "CUT"], [Self.line(3, "two"), "{\"end\":true}\n"],
            ]
            let fake = following(trouble, chunks: chunks)
            #expect(await fake.rota("job", "run", "etl", "--follow") == .done, "\(status)")
            #expect(fake.output == "one\ntwo\n")
            let again = Trouble(calls: 1..<4, trouble.failure)
            let logs = following(again, chunks: chunks)
            #expect(await logs.rota("run", "logs", id, "-f") == .done, "\(status)")
            #expect(logs.output == "one\ntwo\n")
        }
    }

    @Test func `a master that was never reached is given up at once, a lost one in time`() async {
        let never = Trouble(calls: 0..<1_000) { () throws(APITransportError) in
            throw .unreachable("refused")
        }
        let fake = following(never, chunks: [])
        #expect(await fake.rota("run", "logs", id, "-f") == .unreachable)
        #expect(fake.calls.count == 1)
        let lost = Trouble(calls: 1..<1_000, never.failure)
        let other = following(lost, chunks: [[Self.line(0, "one"), "CUT"]])
        #expect(await other.rota("run", "logs", id, "-f") == .unreachable)
        #expect((50...70).contains(other.calls.count))
    }

    @Test func `another master is asked for a log that the first cannot show`() async {
        let line = Self.line(0, "one") + "{\"end\":true}\n"
        let fake = FakeWorld(
            environment: ["ROTA_URL": "http://m1,http://m2"],
            chunks: { $0.url.hasPrefix("http://m2") ? [line] : [] },
            answer: { call throws(APITransportError) in
                call.url.hasPrefix("http://m2")
                    ? Canned.json("") : Canned.problem(503, "Not ready")
            }
        )
        #expect(await fake.rota("run", "logs", id, "-f") == .done)
        #expect(fake.output == "one\n")
    }

    @Test func `waiting for the end outlives a master's restart, but not its own time`() async {
        let (trigger, id) = (trigger, id)
        let running = Canned.json(Canned.list(Canned.run("running")))
        func waiting(_ trouble: Trouble) -> FakeWorld {
            FakeWorld(answer: { call throws(APITransportError) in
                if call.method == "POST" { return trigger }
                guard call.url.contains("/v1/runs/\(id)") else { return running }
                return try trouble.answer(
                    Canned.json(Canned.run("succeeded", exit: #"{"kind":"code","value":0}"#))
                )
            })
        }
        let refusal: @Sendable () throws(APITransportError) -> APIAnswer = {
            () throws(APITransportError) in throw .unreachable("refused")
        }
        let short = waiting(Trouble(calls: 0..<3, refusal))
        #expect(await short.rota("job", "run", "etl", "--wait") == .done)
        let bounded = waiting(Trouble(calls: 0..<1_000, refusal))
        #expect(await bounded.rota("job", "run", "etl", "--wait", "--timeout", "9s") == .timedOut)
        #expect(bounded.state.withLock { $0.waited } <= .seconds(9))
        let long = waiting(Trouble(calls: 0..<1_000, refusal))
        #expect(await long.rota("job", "run", "etl", "--wait") == .unreachable)
    }

    @Test func `a search says what it has looked at`() async {
        func hits(_ streams: [String], count: Int) -> FakeWorld {
            let lines = streams.enumerated().map { number, stream in
                #"{"o":\#(number),"t":"2026-11-20T12:00:00Z","s":"\#(stream)","l":"x\#(number)"}"#
            }
            let answer = """
                {"count":\(count),"end":99,"hits":[\(lines.joined(separator: ","))]}
                """
            return FakeWorld(answer: { _ throws(APITransportError) in Canned.json(answer) })
        }
        let whole = hits(["out", "err", "out"], count: 3)
        await whole.rota("run", "logs", id, "--grep", "x", "--stderr")
        #expect(whole.output == "x1\n")
        #expect(whole.errors.isEmpty)
        let other = hits(["out", "out"], count: 2)
        await other.rota("run", "logs", id, "--grep", "x", "--stderr")
        #expect(other.errors == "No line of standard error has this text; 2 others have.\n")
        let much = hits(["out", "err"], count: 5_000)
        await much.rota("run", "logs", id, "--grep", "x", "--stderr")
        #expect(much.output == "x1\n")
        #expect(
            much.errors == """
                (of 5000 lines with this text, on any stream, only the first 2 were looked at: \
                1 of them is shown)
                  All of them: rota run logs \(id) --stderr | grep -F -e x

                """
        )
        let plain = hits(["out", "err"], count: 5_000)
        await plain.rota("run", "logs", id, "--grep", "x")
        #expect(plain.errors == "(the first 2 of 5000 lines)\n")
    }
}
