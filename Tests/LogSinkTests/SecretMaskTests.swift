// Secrets do not get into a log, in whatever pieces they are printed.

import LogSink
import TestSupport
import Testing
import Vocabulary

@Suite struct SecretMaskTests {
    private func masked(_ text: String, _ secrets: [String], piece: Int = .max) -> String {
        var filter = SecretFilter(SecretMask(secrets.map { Array($0.utf8) }))
        var output: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            output += filter.take(Array(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
        }
        return String(decoding: output + filter.end(), as: UTF8.self)
    }

    @Test(arguments: [
        ("the key is hunter2!\n", ["hunter2"], "the key is ***!\n"),
        ("hunter2hunter2", ["hunter2"], "******"),
        // The longer one, also where the shorter is its beginning, middle or end.
        ("a secretive b secret c", ["secret", "secretive"], "a *** b *** c"),
        ("xsecretx", ["secret", "xsecretx"], "***"),
        ("xsecrety", ["secret", "xsecretx"], "x***y"),
        // What overlaps is covered as one.
        ("--abcdef--", ["abcd", "cdef"], "--***--"),
        ("aaaaaaa b", ["aaaa"], "*** b"),
        ("xabcd-", ["xabc", "bcde"], "***d-"),
        ("xabcde-", ["xabc", "bcde"], "***-"),
        // Nearly, but not.
        ("hunter hunte\nr2", ["hunter2"], "hunter hunte\nr2"),
        // Several lines, and what is too short to be covered.
        ("BEGIN\nline one\nxy\nline two\n", ["line one\r\nxy\nline two"], "BEGIN\n***\nxy\n***\n"),
        ("abc", ["abc"], "abc"),
        ("nothing", [], "nothing"),
    ])
    func `a secret is replaced`(_ text: String, _ secrets: [String], _ expected: String) {
        #expect(masked(text, secrets) == expected)
        for piece in 1...4 { #expect(masked(text, secrets, piece: piece) == expected, "\(piece)") }
    }

    @Test func `a line is let go at its end, and what cannot be a secret at once`() {
        var filter = SecretFilter(SecretMask([Array("hunter2".utf8)]))
        #expect(filter.take(Array("say hunt".utf8)) == Array("say ".utf8))
        #expect(filter.take(Array("ing\n".utf8)) == Array("hunting\n".utf8))
        #expect(filter.take(Array("hunter2".utf8)) == Array("".utf8))
        #expect(filter.take(Array("\n".utf8)) == Array("***\n".utf8))
    }

    @Test(.tags(.randomized)) func `masking is what comparing at every place makes of it`() {
        for seed in UInt64(0)..<400 {
            var random = SeededGenerator(seed: seed)
            // Two letters, so that everything overlaps.
            let secrets = (0..<random.next() % 5 + 1).map { _ in
                (0..<4 + random.next() % 6).map { _ in UInt8(0x61 + random.next() % 2) }
            }
            let text = (0..<200).map { _ in
                random.next() % 12 == 0 ? LogLine.newline : UInt8(0x61 + random.next() % 2)
            }
            var filter = SecretFilter(SecretMask(secrets))
            var found: [UInt8] = []
            var rest = text[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int(random.next() % 9) + 1)
                rest = rest.dropFirst(piece.count)
                found += filter.take(Array(piece))
            }
            #expect(found + filter.end() == Self.covered(text, secrets), "seed \(seed)")
        }
    }

    /// By comparing every secret at every place.
    private static func covered(_ text: [UInt8], _ secrets: [[UInt8]]) -> [UInt8] {
        // For each byte the number of the stretch that covers it.
        var ranges: [Range<Int>] = []
        for end in 1...text.count {
            for secret in secrets where text[..<end].suffix(secret.count) == secret[...] {
                var range = end - secret.count..<end
                while let last = ranges.last, last.upperBound > range.lowerBound {
                    range = min(last.lowerBound, range.lowerBound)..<end
                    ranges.removeLast()
                }
                ranges.append(range)
            }
        }
        var output: [UInt8] = []
        var place = 0
        for range in ranges {
            output += text[place..<range.lowerBound] + Array("***".utf8)
            place = range.upperBound
        }
        return output + text[place...]
    }

    @Test func `the shortest of many secrets is masked, and every line of a long one`() {
        let lines = (0..<300).map { "line \($0) of a key" }
        let secrets =
            (0..<200).map { "a longer secret with the number \($0)" } + ["tiny"]
            + [lines.joined(separator: "\n")]
        #expect(masked("a tiny leak\n", secrets) == "a *** leak\n")
        for line in lines { #expect(masked("x \(line)\n", secrets) == "x ***\n") }
    }

    @Test(arguments: [4_096, 4_097, 4_099, 4_100, 8_192, 10_000])
    func `no piece of a line is left, however long it is`(_ length: Int) {
        let secret = (0..<length).map { "\($0 * 7_919 % 10)" }.joined()
        let text = masked("<\(secret)>\n", [secret])
        #expect(text.hasPrefix("<***") && text.hasSuffix("***>\n"))
        #expect(text.filter(\.isNumber).isEmpty)
    }

    @Test func `many long secrets are found among others like them`() {
        let secrets = (0..<80).map { number in
            Array(repeating: UInt8(0x61), count: 3_000 + number) + Array("\(number)".utf8)
        }
        let mask = SecretMask(secrets)
        var filter = SecretFilter(mask)
        let text = Array(repeating: UInt8(0x61), count: 200_000)
        #expect((filter.take(text) + filter.end()).count == 200_000)
        #expect(filter.take(secrets[79] + [LogLine.newline]) == Array("***\n".utf8))
    }
}
