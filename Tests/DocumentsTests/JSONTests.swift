import Documents
import Foundation
import TestSupport
import Testing
import Vocabulary

@Suite struct `JSON text` {
    @Test(
        arguments: [
            ("null", .null), (" true\n", true), ("\u{FEFF}[]", []), ("{}", [:]),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9007199254740993", 9_007_199_254_740_993), ("1.5", .number(1.5)), ("-0", 0),
            ("1e2", .number(100)), (#""a\u00e9\ud83d\ude00\/\"\\\n""#, "aé😀/\"\\\n"),
            ("\"é\"", "é"),
            (#"{"a":[1,{"b":null}],"c":"d"}"#, ["a": [1, ["b": .null]], "c": "d"]),
        ] as [(String, Value)]
    )
    func `is read`(text: String, value: Value) throws {
        #expect(try JSON.parse(Array(text.utf8)) == value)
    }

    @Test func `is written canonically`() {
        let value: Value = [
            "b": ["x", 1, .null, true, .number(0.5)], "a": "/é\"\u{1}", "B": .number(3), "": [:],
            "nan": .number(.nan), "max": .integer(.max),
        ]
        #expect(
            String(decoding: JSON.bytes(value), as: UTF8.self)
                == #"{"":{},"B":3,"a":"/é\"\u0001","b":["x",1,null,true,0.5],"#
                + #""max":9223372036854775807,"nan":null}"#
        )
    }

    @Test(.tags(.randomized)) func `comes back as it was written`() throws {
        for seed in UInt64(0)..<500 {
            var random = SeededGenerator(seed: seed)
            let value = Value.random(depth: 4, using: &random)
            for isPretty in [false, true] {
                let bytes = JSON.bytes(value, pretty: isPretty)
                #expect(try JSON.parse(bytes) == value, "seed \(seed)")
                #expect(JSON.bytes(try JSON.parse(bytes), pretty: isPretty) == bytes)
            }
        }
    }

    /// What is in stores and digests was written by Foundation once.
    @Test(.tags(.randomized)) func `is the same that Foundation writes, byte by byte`() throws {
        let plain = JSONEncoder()
        plain.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let pretty = JSONEncoder()
        pretty.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        func expectSame(_ value: Value, _ note: Comment) throws {
            let theirs = try plain.encode(FoundationValue(value))
            #expect(JSON.bytes(value) == Array(theirs), note)
            let lines = try pretty.encode(FoundationValue(value))
            #expect(JSON.bytes(value, pretty: true) == Array(lines), note)
        }
        let texts =
            (0..<0xA0).compactMap { UnicodeScalar($0).map(String.init) }
            + ["\u{2028}", "\u{FEFF}", "\u{FFFF}", "e\u{301}", "é", "👩‍👩‍👧", "Z", "ｚ", "zz"]
        try expectSame(.array(texts.map { .string($0) }), "texts")
        // Two names that are equal as text are one.
        var names: [String: Value] = [:]
        for text in texts { names[text] = .null }
        try expectSame(.object(names), "names")
        try expectSame([[], [:], [[]], [[:]], ["a": []], ["a": [:]]], "empty ones")
        let numbers = [
            0, -0.0, 1, -1, 0.1, 1.5, 100, 1e15, 1e16, 1e17, 1e21, 1e22, 1e300, 1e-4, 1e-5, 1e-300,
            .leastNonzeroMagnitude, .greatestFiniteMagnitude, .pi, 123_456_789.123,
            4_503_599_627_370_497.5,
        ]
        try expectSame(.array(numbers.map { .number($0) }), "numbers")
        for seed in UInt64(0)..<500 {
            var random = SeededGenerator(seed: seed)
            try expectSame(Value.random(depth: 4, using: &random), "seed \(seed)")
            let bits = Double(bitPattern: random.next())
            if bits.isFinite { try expectSame([.number(bits)], "\(bits)") }
        }
    }

    @Test(.tags(.randomized)) func `is never the end of the process, whatever the bytes`() {
        let original = Array(#"{"a":[1,-2.5e3,"x\u00e9\n\ud83d\ude00",{"b":null}],"é":true}"#.utf8)
        for seed in UInt64(0)..<20_000 {
            var random = SeededGenerator(seed: seed)
            var bytes = original
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                if Bool.random(using: &random) {
                    bytes[index] = UInt8.random(in: 0...255, using: &random)
                } else {
                    bytes.removeSubrange(index...)
                    if bytes.isEmpty { bytes = [0x5B] }
                }
            }
            _ = try? JSON.parse(bytes)
            _ = try? YAML.parse(bytes)
        }
    }

    @Test func `is bounded in bytes, depth and values`() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        _ = try JSON.parse(Array(deep.utf8))
        #expect(problem(in: "[\(deep)]") == .tooDeep(limit: 64))
        #expect(problem(in: String(repeating: "[", count: 1_000_000)) == .tooDeep(limit: 64))
        let many = "[" + String(repeating: "1,", count: 1 << 19) + "1]"
        #expect(problem(in: many) == .tooManyValues(limit: 1 << 19))
        #expect(throws: DocumentError(.tooLarge(bytes: 4, limit: 3))) {
            try JSON.parse(Array("null".utf8), limit: 3)
        }
    }

    @Test func `of a list of ten thousand jobs is read and written in reasonable time`() throws {
        let job: Value = [
            "schedule": "*/5 * * * *", "zone": "Europe/Berlin", "tags": ["billing", "night"],
            "task": ["kind": "shell", "command": "echo hello && sleep 1"], "retries": 3,
        ]
        let list = Value.array(Array(repeating: job, count: 10_000))
        let clock = ContinuousClock()
        var bytes: [UInt8] = []
        let writing = clock.measure { bytes = JSON.bytes(list) }
        var read: Value?
        let reading = clock.measure { read = try? JSON.parse(bytes) }
        #expect(read == list)
        print("10,000 jobs, \(bytes.count) bytes: written in \(writing), read in \(reading)")
        #expect(reading < .seconds(30) && writing < .seconds(30))
    }

    private func problem(in text: String) -> DocumentError.Problem? {
        do throws(DocumentError) {
            _ = try JSON.parse(Array(text.utf8))
            return nil
        } catch {
            return error.problem
        }
    }
}

extension Value {
    /// Any value whose numbers are not whole, so that they come back as what they were.
    static func random(depth: Int, using random: inout SeededGenerator) -> Value {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: .min ... .max, using: &random) >> 20)
        case 3: return .number(Double(Int.random(in: -99...99, using: &random)) + 0.125)
        case 4, 5: return .string(randomText(using: &random))
        case 6:
            let count = Int.random(in: 0..<4, using: &random)
            return .array((0..<count).map { _ in Self.random(depth: depth - 1, using: &random) })
        case _:
            var members: [String: Value] = [:]
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                members[randomText(using: &random)] = Self.random(depth: depth - 1, using: &random)
            }
            return .object(members)
        }
    }

    private static let words = [
        "yes", "12:30", "0644", "*", "# x", "a: b", "- a", "null", "~", "1e3", "@daily", "\n", " ",
        "\t", "é", "😀", "\u{301}", "\u{85}", "\u{2028}", "\u{FEFF}", "\r\n", "\u{0}", "\u{7F}",
        "'", "\"", "\\", "---", "...", "!", "&a", "%", "{", "]", ",", "x", "echo $A", "-", ":", "#",
        "2026-01-01", "0x1F", ".inf", "<<", "=", "?", "|", ">", "`",
    ]

    private static func randomText(using random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 0..<4, using: &random)).map { _ in
            words[Int.random(in: words.indices, using: &random)]
        }.joined()
    }
}

/// A value for `JSONEncoder`.
private struct FoundationValue: Encodable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let value: Value

    init(_ value: Value) {
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        switch value {
        case .array(let items):
            var container = encoder.unkeyedContainer()
            for item in items { try container.encode(Self(item)) }
        case .object(let members):
            var container = encoder.container(keyedBy: Name.self)
            for (name, member) in members {
                try container.encode(Self(member), forKey: Name(stringValue: name))
            }
        case .null: try encodeNil(to: encoder)
        case .bool(let flag): try encode(flag, to: encoder)
        case .integer(let number): try encode(number, to: encoder)
        case .number(let number) where !number.isFinite: try encodeNil(to: encoder)
        case .number(let number): try encode(number, to: encoder)
        case .string(let text): try encode(text, to: encoder)
        }
    }

    private func encode(_ value: some Encodable, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    private func encodeNil(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}
