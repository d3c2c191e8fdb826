import RotaCLI
import Testing

/// What `apply` and `diff` refuse to take for a list of manifests.
@Suite struct ManifestTests {
    private static let empty = [
        "", "\n\n", "# kind: job\n", "---\n---\n# nothing\n", "[]", #"{"items":[]}"#,
    ]

    private func fake(_ text: String) -> FakeWorld {
        FakeWorld(
            input: text,
            files: [
                "/empty.yaml": text, "/jobs/empty.yaml": text,
                "/good.json": #"{"kind":"job","name":"a","spec":{"shell":{"command":"true"}}}"#,
            ],
            answer: Canned.routes([
                "POST /v1/apply": Canned.json(
                    #"{"results":[{"kind":"job","name":"b","action":"delete"}]}"#
                )
            ])
        )
    }

    @Test(arguments: empty)
    func `input without a manifest is refused before anything is sent`(text: String) async {
        for path in ["-", "/empty.yaml", "/jobs"] {
            let fake = fake(text)
            #expect(await fake.rota("apply", "-f", path, "--prune", "--yes") == .failed)
            #expect(fake.calls.isEmpty)
            #expect(fake.output.isEmpty)
            #expect(fake.errors.contains("no manifest"), "\(fake.errors)")
            #expect(fake.errors.contains("--prune would delete every job"), "\(fake.errors)")
        }
    }

    @Test func `one empty file among good ones is refused as well`() async {
        let fake = fake("# later\n")
        let code = await fake.rota("apply", "-f", "/good.json", "-f", "-", "--prune", "--yes")
        #expect(code == .failed)
        #expect(fake.calls.isEmpty)
        #expect(fake.errors.contains("standard input has no manifest"), "\(fake.errors)")
    }

    @Test func `without prune it is an error, too, and no difference`() async {
        let fake = fake("# later\n")
        #expect(await fake.rota("apply", "-f", "/empty.yaml") == .failed)
        #expect(!fake.errors.contains("--prune"))
        // 1 would mean that something differs.
        #expect(await fake.rota("apply", "-f", "/empty.yaml", "--plan") == .usage)
        #expect(await fake.rota("diff", "-f", "/empty.yaml") == .usage)
        #expect(fake.calls.isEmpty)
        #expect(fake.errors.contains("/empty.yaml has no manifest"), "\(fake.errors)")
    }
}
