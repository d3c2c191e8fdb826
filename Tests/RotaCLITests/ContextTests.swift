import RotaCLI
import Synchronization
import TestSupport
import Testing

@Suite struct ContextTests {
    private let path = "/home/li/.config/rota/contexts.json"

    @Test func `contexts are added, used, shown and forgotten`() async throws {
        let fake = FakeWorld(environment: ["ROTA_URL": ""], input: "  rota_secret\n")
        await fake.rota("context", "list")
        await fake.rota(
            "context",
            "add",
            "acme",
            "--url",
            "https://m1,https://m2/",
            "--token-file",
            "-"
        )
        await fake.rota("context", "add", "test", "--url", "http://t1", "--tenant", "qa")
        await fake.rota("context", "add", "acme", "--url", "http://t1")
        await fake.rota("context", "use", "tset")
        await fake.rota("context", "use", "test")
        await fake.rota("context", "list")
        await fake.rota("context", "list", "-o", "jsonl")
        await fake.rota("context", "show", "--context", "acme")
        await fake.rota("context", "rm", "test")
        await fake.rota("context", "list", "-o", "name")
        #expect(!fake.output.contains("rota_secret"))
        #expect(fake.state.withLock { $0.files[path]?.mode } == 0o600)
        try expectGolden(fake.transcript, named: "contexts.txt")
    }

    @Test func `a file with tokens that others may read is refused`() async {
        let text = #"{"current":"a","contexts":{"a":{"urls":["http://m1"],"token":"t"}}}"#
        let fake = FakeWorld(files: [path: text, "/token": "t"])
        fake.state.withLock { $0.files[path]?.mode = 0o644 }
        #expect(await fake.rota("context", "list") == .refused)
        fake.state.withLock { $0.files[path]?.mode = 0o600 }
        #expect(await fake.rota("context", "list") == .done)
        fake.state.withLock { $0.files["/token"]?.mode = 0o640 }
        #expect(await fake.rota("job", "list", "--token-file", "/token") == .refused)
        #expect(fake.calls.isEmpty)
    }

    @Test func `a token does not follow to other masters than its own`() async {
        let text = #"{"current":"a","contexts":{"a":{"urls":["http://m1"],"token":"t"}}}"#
        let fake = FakeWorld(environment: ["ROTA_URL": ""], files: [path: text])
        await fake.rota("job", "list")
        await fake.rota("job", "list", "--url", "http://elsewhere")
        await fake.rota("job", "list", "--url", "http://m1")
        let signed = fake.calls.map { $0.headers.contains { $0.name == "Authorization" } }
        #expect(signed == [true, false, true])
    }

    @Test func `completion asks the cluster for names, and only when they are wanted`() async throws
    {
        let fake = FakeWorld(
            answer: Canned.routes([
                "GET /v1/jobs": Canned.json(Canned.list(Canned.job("etl/a"), Canned.job("etl/b"))),
                "GET /v1/nodes": Canned.json(
                    Canned.list(#"{"name":"n1","role":"node","state":"alive"}"#)
                ),
            ])
        )
        await fake.rota("__complete", "--", "jo")
        await fake.rota("__complete", "--", "job", "")
        #expect(fake.calls.isEmpty)
        await fake.rota("__complete", "--", "job", "show", "et")
        await fake.rota("__complete", "--", "node", "drain", "")
        await fake.rota("__complete", "--", "apply", "-f", "")
        await fake.rota("__complete", "--", "run", "list", "--state", "k")
        await fake.rota("__complete", "--", "run", "show", "")
        try expectGolden(fake.transcript, named: "completion.txt")
    }
}
