import Documents
import TestSupport
import Testing
import Vocabulary

@Suite struct `YAML text` {
    @Test(
        arguments: [
            ("true", true), ("False", false), ("null", .null), ("~", .null), ("12", 12), ("-7", -7),
            ("+7", 7), ("0x1F", 31), ("0o17", 15), ("1.5", .number(1.5)), (".5", .number(0.5)),
            ("5.", .number(5)), ("1e3", .number(1_000)), ("-1.5E-2", .number(-0.015)), ("0", 0),
            ("0.5", .number(0.5)), ("9223372036854775807", .integer(.max)),
        ] as [(String, Value)]
    )
    func `reads plain words and numbers as the core schema does`(text: String, value: Value) throws
    {
        #expect(try YAML.parse(Array("a: \(text)".utf8)) == [["a": value]])
    }

    @Test(arguments: [
        "yes", "no", "on", "off", "y", "12:30", "12:30:15", "2026-01-01", "0644", "-01", "1_000",
        "0x", "0xZZ", "1e", "1.2.3", "e5", "+", "-.", ".", "90s", "TrUE", "0o9", "½", "٣",
    ])
    func `leaves other plain text as it is`(text: String) throws {
        #expect(try YAML.parse(Array("a: \(text)".utf8)) == [["a": .string(text)]])
    }

    @Test func `reads a manifest of several documents`() throws {
        let text = """
            # a comment
            kind: job
            name: etl/nightly
            on: [push, {a: 1}]
            spec:
              schedule: "*/5 * * * *"
              command: |
                echo one
                echo two
              tags:
              - 'a'
              - b
            ---
            ---
            just text
            ---
            """
        #expect(
            try YAML.parse(Array(text.utf8)) == [
                [
                    "kind": "job", "name": "etl/nightly", "on": ["push", ["a": 1]],
                    "spec": [
                        "schedule": "*/5 * * * *", "command": "echo one\necho two\n",
                        "tags": ["a", "b"],
                    ],
                ], "just text",
            ]
        )
        #expect(try YAML.parse([]) == [])
        #expect(try YAML.parse(Array("# nothing\n".utf8)) == [])
        #expect(try YAML.parse(Array(#"{"json": [1, "too"]}"#.utf8)) == [["json": [1, "too"]]])
    }

    @Test func `is written for people, with the chosen keys first`() {
        let value: Value = [
            "kind": "job", "name": "etl", "zebra": .null, "enabled": true,
            "spec": [
                "schedule": "*/5 * * * *", "command": "set -e\n\techo 'a: b'\n\nexit 0\n",
                "environment": ["MODE": "on", "EMPTY": "", "PORT": "8080"], "none": [:],
                "steps": [["name": "one", "after": []], [1, 2], "0644"], "at": "12:30",
                "note": "two\nlines",
            ],
        ]
        #expect(
            YAML.text(value, keyOrder: ["kind", "name", "spec", "schedule"]) == """
                kind: job
                name: etl
                spec:
                  schedule: "*/5 * * * *"
                  at: "12:30"
                  command: |
                    set -e
                    \techo 'a: b'

                    exit 0
                  environment:
                    EMPTY: ""
                    MODE: "on"
                    PORT: "8080"
                  none: {}
                  note: |-
                    two
                    lines
                  steps:
                    - name: one
                      after: []
                    - - 1
                      - 2
                    - "0644"
                enabled: true
                zebra: null

                """
        )
    }

    @Test(.tags(.randomized)) func `comes back as it was written`() throws {
        for seed in UInt64(0)..<2_000 {
            var random = SeededGenerator(seed: seed)
            let value = Value.random(depth: 4, using: &random)
            let text = YAML.text(value)
            let read = try? YAML.parse(Array(text.utf8))
            #expect(read == [value], "seed \(seed):\n\(text)")
        }
    }

    @Test func `is bounded in bytes, depth and values`() {
        let open = String(repeating: "[", count: 1_000_000)
        #expect(problem(in: open) == .tooDeep(limit: 64))
        let steps = (0..<100).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(problem(in: steps) == .tooDeep(limit: 64))
        #expect(
            problem(in: String(repeating: "- 1\n", count: 1 << 19))
                == .tooManyValues(limit: 1 << 19)
        )
        #expect(throws: DocumentError(.tooLarge(bytes: 4, limit: 3))) {
            try YAML.parse(Array("null".utf8), limit: 3)
        }
    }

    @Test func `refuses the billion laughs at the first anchor`() {
        let text = """
            a: &a [lol, lol]
            b: &b [*a, *a]
            """
        #expect(problem(in: text) == .alias("&a"))
    }

    private func problem(in text: String) -> DocumentError.Problem? {
        do throws(DocumentError) {
            _ = try YAML.parse(Array(text.utf8))
            return nil
        } catch {
            return error.problem
        }
    }
}
