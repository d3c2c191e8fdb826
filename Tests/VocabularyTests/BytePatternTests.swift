import Testing
import Vocabulary

@Suite struct BytePatternTests {
    private func isFound(_ pattern: String, in text: String) throws -> Bool {
        try BytePattern(pattern).isFound(in: Array(text.utf8))
    }

    @Test func `a pattern is found where it is, and nowhere else`() throws {
        for (pattern, text, expected) in [
            ("ok", "all ok here", true), ("ok", "o k", false), ("", "", true), ("", "x", true),
            ("^ok$", "ok", true), ("^ok$", "ok ", false), ("^ok$", " ok", false), ("^$", "", true),
            ("a.c", "abc", true), ("a.c", "a\nc", false), ("a\\.c", "abc", false),
            ("a|bc|d", "xbcx", true), ("a|bc|d", "b", false), ("^(a|b)*$", "abab", true),
            ("^(a|b)*$", "abc", false), ("ab+c", "abbbc", true), ("ab+c", "ac", false),
            ("ab?c", "ac", true), ("^a{2,3}$", "aa", true), ("^a{2,3}$", "aaaa", false),
            ("^a{2,}$", "aaaaa", true), ("^a{2}$", "a", false), ("^a{2}$", "aa", true),
            ("[a-c]x", "bx", true), ("[^a-c]x", "bx", false), ("[]a]", "]", true),
            ("[a-]", "-", true), ("[\\d_]{3}", "1_2", true), ("\\w+@\\w+", "me@here", true),
            ("\\S\\s\\S", "a b", true), ("(?i)oK", "xOkx", true), ("oK", "ok", false),
            ("\"status\": *\"(up|ready)\"", #"{"status":  "ready"}"#, true),
            ("ünï", "xünïx", true), ("(?:ab){2}", "abab", true), ("(){1000}", "", true),
        ] {
            #expect(try isFound(pattern, in: text) == expected, "\(pattern) in \(text)")
        }
    }

    @Test(.timeLimit(.minutes(1))) func `what makes others explode takes no longer`() throws {
        let text = String(repeating: "a", count: 20_000)
        #expect(try !isFound("^(a+)+$", in: text + "b"))
        #expect(try !isFound("^(a|aa)*$", in: text + "b"))
        #expect(throws: BytePattern.Flaw.self) { try BytePattern("((a{100}){100}){100}") }
        #expect(throws: BytePattern.Flaw.self) { try BytePattern("((((){1000}){1000}b){1000}){9}") }
        let deep = String(repeating: "(", count: 50) + String(repeating: ")", count: 50)
        #expect(throws: BytePattern.Flaw.self) { try BytePattern(deep) }
    }

    @Test func `what is no pattern is a flaw with its place`() {
        for text in [
            "(", ")", "[", "[a", "*", "a**", "a{", "a{x}", "a{3,2}", "\\", "\\q", "[z-a]", "[ä]",
            "(?=a)", "a{2}{3}", "|*",
        ] {
            let flaw = #expect(throws: BytePattern.Flaw.self, "\(text)") {
                try BytePattern(text)
            }
            #expect(flaw?.detail.hasPrefix("character ") == true, "\(text)")
        }
    }

    @Test func `a template is filled with values, which are never templates themselves`() throws {
        let template = try TaskTemplate("a {{job}}/{{ instant }} {{open}}x}} {{secret.P}}")
        let values = ["job": "{{run}}", "instant": "T", "secret.P": "s"]
        #expect(try template.filled(with: values) == "a {{run}}/T {{x}} s")
        #expect(template.secrets == ["P"] && !template.isPlain)
        #expect(try TaskTemplate("plain } { }}").filled(with: [:]) == "plain } { }}")
        #expect(throws: TaskTemplate.Flaw.self) { try template.filled(with: [:]) }
        for text in ["{{", "{{nope}}", "{{secret.}}", "{{}}", "x {{job"] {
            #expect(throws: TaskTemplate.Flaw.self, "\(text)") { try TaskTemplate(text) }
        }
        let url = try TaskTemplate("/x/{{job}}?a=b")
        let escaped = try url.filled(
            with: ["job": "a/b &ü"],
            escape: TaskTemplate.escapedForURL
        )
        #expect(escaped == "/x/a%2Fb%20%26%C3%BC?a=b")
    }
}
