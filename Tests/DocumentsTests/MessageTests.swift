import Documents
import TestSupport
import Testing

@Suite struct `Messages about documents` {
    @Test func `say where, what, and what to write in JSON`() throws {
        let texts = [
            "", "  ", "{", "[1", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a: 1}", "{'a': 1}", "[1 2]",
            "{\"a\":\n  tru}", "NaN", "undefined", "01", "-", "1.", "1e", "18446744073709551616",
            "1e999", "\"abc", "\"a\\x\"", "\"\\ud800\"", "\"\\u12\"", "\"a\tb\"", "null null",
            "// comment\n{}", "# comment", "{\"a\":1,\n \"é\":{}, \"a\":2}", "\u{1}", "{\"ä\": ö}",
            "[1]]",
        ]
        try expectGolden(
            transcript(of: texts) { text throws(DocumentError) in
                _ = try JSON.parse(Array(text.utf8))
            },
            named: "json-messages.txt"
        )
        #expect(throws: DocumentError(.notUTF8, line: 1, column: 2)) {
            try JSON.parse([0x5B, 0x22, 0xFF, 0x22, 0x5D])
        }
    }

    @Test func `say where, what, and what to write in YAML`() throws {
        let texts = [
            "schedule: */5 * * * *", "schedule: * * * * *", "schedule: @daily", "a: `b`", "a: %x",
            "a:\n\tb: 1", "a: 1\n\tb: 2", "a: b: c", "a: 1\n b: 2", "a: 1\nb", "a: 1\nb\nc: 2",
            "a:\n  b: 1\n c: 2", "- a\nb: 1", "a: 1\n- b", "a: \"unclosed\nb: 1", "a: 'x' y",
            "a: [1, 2", "a: {b: 1", "a: \"\\q\"", "a: 1\nb: 2\na: 3", "a: &x 1", "a: *x",
            "? [a]\n: 1", "a: !!str 5", "a: !secret x", "a: .inf", "a: 99999999999999999999",
            "a: - b", "a: \u{1}", "a: 1e999", "*x : 1", "%YAML 9.9\n---\na", "a: |x\n  y", "}",
            "a: b\n---\nc: d: e", "{a: 1, a: 2}", "!<x", "a: &", "key: [a, b]]",
        ]
        try expectGolden(
            transcript(of: texts) { text throws(DocumentError) in
                _ = try YAML.parse(Array(text.utf8))
            },
            named: "yaml-messages.txt"
        )
        #expect(throws: DocumentError(.notUTF8, line: 2, column: 1)) {
            try YAML.parse([0x61, 0x0A, 0xFF, 0x0A])
        }
    }

    private func transcript(
        of texts: [String],
        parse: (String) throws(DocumentError) -> Void
    ) -> String {
        texts.map { text in
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { "    \($0)\n" }.joined()
            do throws(DocumentError) {
                try parse(text)
                return "\(lines)is read\n"
            } catch {
                return "\(lines)\(error)\n"
            }
        }.joined(separator: "\n")
    }
}
