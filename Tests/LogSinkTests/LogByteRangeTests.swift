// Ranges of bytes: as a header asks for them, and as a log answers them.

import LogSink
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct LogByteRangeTests {
    let sink = InMemoryLogSink()
    let run = RunID("01RUN0000000000000000000A")

    @Test func `a header is one range of bytes, or may be ignored`() {
        #expect(LogByteRange(header: "bytes=0-99") == .from(0, through: 99))
        #expect(LogByteRange(header: "BYTES=7-") == .from(7, through: nil))
        #expect(LogByteRange(header: "bytes=-500") == .last(500))
        #expect(LogByteRange(header: "bytes=99999999999999999999-") == .from(.max, through: nil))
        for text in [
            "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "lines=0-1",
            "bytes=a-b", "bytes=+1-2", "bytes=--1", "bytes=1-2=3", "bytes= 1-2",
        ] {
            #expect(LogByteRange(header: text) == nil, "\(text)")
        }
    }

    @Test func `a range ends with the log, and outside of it there is none`() {
        let none: Range<Int64> = 0..<0
        #expect(LogByteRange.from(2, through: 4).bytes(end: 10, missing: none) == 2..<5)
        #expect(LogByteRange.from(2, through: .max).bytes(end: 10, missing: none) == 2..<10)
        #expect(LogByteRange.from(10, through: nil).bytes(end: 10, missing: none) == nil)
        #expect(LogByteRange.last(3).bytes(end: 10, missing: none) == 7..<10)
        #expect(LogByteRange.last(.max).bytes(end: 10, missing: none) == 0..<10)
        #expect(LogByteRange.last(0).bytes(end: 10, missing: none) == nil)
        #expect(LogByteRange.last(5).bytes(end: 0, missing: none) == nil)
    }

    @Test func `what is missing is left out of a range, at its end or at its beginning`() {
        let missing: Range<Int64> = 10..<20
        func bytes(_ range: LogByteRange) -> Range<Int64>? {
            range.bytes(end: 30, missing: missing)
        }
        #expect(bytes(.from(0, through: nil)) == 0..<10)
        #expect(bytes(.from(5, through: 14)) == 5..<10)
        #expect(bytes(.from(10, through: nil)) == 20..<30)
        #expect(bytes(.from(12, through: 15)) == nil)
        #expect(bytes(.last(15)) == 20..<30)
        #expect(bytes(.last(5)) == 25..<30)
    }

    @Test func `any range is those very bytes, whatever lines they are of`() async throws {
        let lines = (0..<20_000).map { LogLine.out(String(repeating: "x", count: $0 % 17)) }
        try await sink.open(run, job: UID("a1"), keep: .of(bytes: 10_000_000))
        let end = try await sink.append(lines, to: run)
        let whole = lines.flatMap { $0.text + [LogLine.newline] }
        var random = SeededGenerator(seed: 5)
        for _ in 0..<40 {
            let lower = Int64(random.next() % UInt64(end))
            let upper = lower + 1 + Int64(random.next() % UInt64(end - lower))
            let body = LogBytes(reader: sink, run: run, range: lower..<upper)
            var bytes: [UInt8] = []
            while let piece = try await body.next() { bytes += piece }
            try #require(bytes == Array(whole[Int(lower)..<Int(upper)]), "\(lower)..<\(upper)")
        }
    }
}
