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
            lines += batch.map {
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

    @Test func `a line beyond 64 KB is split and batches stay within 64 KB`() {
        var collector = OutputCollector()
        collector.take(Array(repeating: 0x61, count: 150_000) + [0x0A], from: .out, at: now)
        var sizes: [Int] = []
        while case let batch = collector.takeBatch(), !batch.isEmpty {
            sizes += batch.map(\.text.count)
            #expect(batch.reduce(0) { $0 + $1.text.count } <= 65_536)
        }
        #expect(sizes == [65_536, 65_536, 18_928])
    }

    @Test func `lines that nobody takes are dropped at 1 MB, with a note`() {
        var collector = OutputCollector()
        let line = Array(repeating: UInt8(0x61), count: 999) + [0x0A]
        for _ in 0..<3_000 { collector.take(line, from: .out, at: now) }
        #expect(collector.pendingBytes < 1_100_000)
        let kept = lines(&collector).count
        collector.take(line, from: .out, at: now)
        let rest = lines(&collector)
        #expect(rest.first?.contains("\((3_000 - kept) * 1_000) bytes are missing") == true)
        #expect(rest.count == 2)
        #expect(collector.isEmpty)
    }
}
