// Lines from bytes, whatever the pieces they come in.

import LogSink
import PeerNode
import TestSupport
import Testing
import Vocabulary

@Suite struct OutputCollectorTests {
    let now = Instant(unixSeconds: 1_000)

    func lines(_ collector: inout OutputCollector) -> [String] {
        var lines: [String] = []
        while case let batch = collector.takeBatch(), !batch.isEmpty {
            lines += batch.lines.map {
                "\($0.stream.rawValue) \(String(decoding: $0.text, as: UTF8.self))"
            }
        }
        return lines
    }

    @Test(.tags(.randomized)) func `lines do not depend on how the bytes were cut`() {
        let text = Array("one\n\ntwo \r\n\u{1F600}\nlast".utf8)
        for seed in UInt64(0)..<200 {
            var random = SeededGenerator(seed: seed)
            var collector = OutputCollector()
            var rest = text[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int(random.next() % 5) + 1)
                rest = rest.dropFirst(piece.count)
                collector.take(Array(piece), from: .out, at: now)
            }
            collector.endLines(at: now)
            #expect(
                lines(&collector) == [
                    "out one", "out ", "out two \r", "out \u{1F600}", "out last",
                ],
                "seed \(seed)"
            )
        }
    }

    @Test func `the two streams do not mix within a line`() {
        var collector = OutputCollector()
        collector.take(Array("a".utf8), from: .out, at: now)
        collector.take(Array("x\ny".utf8), from: .err, at: now)
        collector.take(Array("b\n".utf8), from: .out, at: now)
        collector.note("n", at: now)
        collector.endLines(at: now)
        #expect(lines(&collector) == ["err x", "out ab", "note n", "err y"])
    }

    @Test(.tags(.randomized))
    func `a line beyond 64 KB is split at the same places, however it was cut`() {
        for length in [65_535, 65_536, 65_537, 131_072, 150_000] {
            let long = Array(repeating: UInt8(0x61), count: length)
            let text = Array("a\n".utf8) + long + Array("\nb\n".utf8)
            let expected =
                [1] + Array(repeating: 65_536, count: length / 65_536)
                + (length.isMultiple(of: 65_536) ? [] : [length % 65_536]) + [1]
            for seed in UInt64(0)..<20 {
                var random = SeededGenerator(seed: seed)
                var collector = OutputCollector()
                var rest = text[...]
                while !rest.isEmpty {
                    let sizes = [1, 65_535, 65_536, 65_537, Int(random.next() % 200_000) + 1]
                    let piece = rest.prefix(sizes[Int(random.next() % 5)])
                    rest = rest.dropFirst(piece.count)
                    collector.take(Array(piece), from: .out, at: now)
                }
                collector.endLines(at: now)
                let sizes = collector.takeBatch().lines.map(\.text.count)
                #expect(sizes == expected, "\(length) bytes, seed \(seed)")
            }
        }
    }

    @Test func `a secret is not to be seen, not even on both sides of a split`() {
        let secret = Array("hunter2".utf8)
        for place in 65_520...65_540 {
            var collector = OutputCollector(mask: SecretMask([secret]))
            let line = Array(repeating: UInt8(0x61), count: place) + secret + [0x62, 0x0A]
            for piece in [line[..<(place + 3)], line[(place + 3)...]] {
                collector.take(Array(piece), from: .out, at: now)
            }
            collector.endLines(at: now)
            let text = collector.takeBatch().lines.flatMap(\.text)
            #expect(text.count == place + 4, "at \(place)")
            #expect(!String(decoding: text, as: UTF8.self).contains("hun"), "at \(place)")
        }
    }

    @Test func `what may become a secret is in the log at the end`() {
        var collector = OutputCollector(mask: SecretMask([Array("hunter2".utf8)]))
        collector.take(Array("hunter2 hunt".utf8), from: .out, at: now)
        collector.take(Array("er".utf8), from: .err, at: now)
        collector.endLines(at: now)
        #expect(lines(&collector) == ["out *** hunt", "err er"])
    }

    @Test(arguments: [1 << 20, 300_000, 20_000])
    func `of lines that nobody takes the first and the last stay, with a note`(_ limit: Int) {
        var collector = OutputCollector()
        collector.limit = limit
        for number in 0..<300_000 {
            collector.take(Array("\(number)\n".utf8), from: .out, at: now)
            #expect(collector.pendingBytes <= limit)
        }
        #expect(collector.pendingBytes > limit * 9 / 10)
        let kept = lines(&collector)
        let gap = kept.firstIndex { $0.hasPrefix("note ") } ?? 0
        #expect(kept[..<gap].elementsEqual((0..<gap).map { "out \($0)" }))
        let tail = kept.count - gap - 1
        #expect(kept.suffix(tail).elementsEqual((300_000 - tail..<300_000).map { "out \($0)" }))
        let missing = (gap..<300_000 - tail).reduce(0) { $0 + "\($1)".utf8.count + 1 }
        #expect(kept[gap].hasPrefix("note \(missing) bytes are missing here"))
        #expect(collector.isEmpty)
        collector.take(Array("next\n".utf8), from: .out, at: now)
        #expect(lines(&collector) == ["out next"])
    }
}
