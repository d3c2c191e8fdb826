// Parts, streams and gaps of a log as a response.

import Foundation
import LogSink
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct LogBodyTests {
    let sink = InMemoryLogSink()
    let run = RunID("01RUN0000000000000000000A")

    private func text(
        _ format: LogFormat,
        streams: LogStreams = .both,
        offset: Int64 = 0,
        limit: Int = .max
    ) async -> String {
        let body = LogBody(
            reader: sink,
            run: run,
            format: format,
            streams: streams,
            offset: offset,
            limit: limit,
            follows: false
        )
        var bytes: [UInt8] = []
        while let piece = await body.next() { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func print(_ lines: [LogLine], bytes: Int = 1_000_000) async throws {
        try await sink.open(run, job: UID("a1"), keep: .of(bytes: bytes))
        for line in lines { _ = try await sink.append([line], to: run) }
        try await sink.close(run)
    }

    @Test func `one stream comes without the other and without notes`() async throws {
        try await print(
            (0..<10_000).map { number in
                LogLine(
                    stream: number == 5_000 ? .err : number == 7_000 ? .note : .out,
                    at: .epoch,
                    text: Array("number \(number)".utf8)
                )
            }
        )
        #expect(await text(.plain, streams: .err) == "number 5000\n")
        let lines = await text(.plain, streams: .out).split(separator: "\n")
        #expect(lines.count == 9_998)
        #expect(await text(.plain).split(separator: "\n").count == 10_000)
    }

    @Test func `a negative offset counts from the end`() async throws {
        try await print(["one", "two", "three"].map { .out($0) })
        #expect(await text(.plain, offset: -6) == "three\n")
        // Inside a line, from its beginning.
        #expect(await text(.plain, offset: -7) == "two\nthree\n")
        #expect(await text(.plain, offset: -1_000) == "one\ntwo\nthree\n")
        #expect(await text(.plain, offset: .min) == "one\ntwo\nthree\n")
    }

    @Test func `events tell of what the limit dropped before the reader came`() async throws {
        try await print((0..<1_000).map { .out("line \($0)") }, bytes: 2_000)
        let missing = try await sink.read(run, from: 0, limit: 1).missing
        let events = await text(.events)
        let bounds = "[\(missing.lowerBound),\(missing.upperBound)]"
        let gap = "event: truncated\nid: \(missing.upperBound)\ndata: {\"missing\":\(bounds)}\n\n"
        #expect(events.components(separatedBy: gap).count == 2)
        #expect(!(await text(.events, offset: -100)).contains("truncated"))
        let inGap = await text(.events, offset: missing.upperBound - 8)
        #expect(inGap.contains("\"missing\":[\(missing.upperBound - 8),\(missing.upperBound)]"))
        #expect(!(await text(.plain)).contains("truncated"))
    }
}
