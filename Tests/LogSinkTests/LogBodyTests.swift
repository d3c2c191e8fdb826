// Parts, streams and gaps of a log as a response.

import Foundation
import LogSink
import Synchronization
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
    ) async throws -> String {
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
        while let piece = try await body.next() { bytes += piece }
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
        #expect(try await text(.plain, streams: .err) == "number 5000\n")
        let lines = try await text(.plain, streams: .out).split(separator: "\n")
        #expect(lines.count == 9_998)
        #expect(try await text(.plain).split(separator: "\n").count == 10_000)
    }

    @Test func `looking for one stream reads whole pages, and stops at its limit`() async throws {
        try await print(
            (0..<10_000).map { number in
                LogLine(
                    stream: number.isMultiple(of: 1_000) ? .err : .out,
                    at: .epoch,
                    text: Array("number \(number)".utf8)
                )
            }
        )
        let reader = FailingReader(sink)
        let body = LogBody(
            reader: reader,
            run: run,
            format: .lines,
            streams: .err,
            offset: 0,
            limit: 30,
            follows: false
        )
        var bytes: [UInt8] = []
        while let piece = try await body.next() { bytes += piece }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].contains("number 1000"))
        // Who goes on there misses nothing.
        let next = lines[2].split(separator: "\"next\":").last.flatMap {
            Int64($0.prefix(while: \.isNumber))
        }
        let rest = try await text(.plain, streams: .err, offset: next ?? -1)
        #expect(rest.hasPrefix("number 2000\n"))
        #expect(reader.count <= 2)
    }

    @Test(arguments: [LogFormat.plain, .lines, .events])
    func `a log that cannot be read on is cut and has no end`(_ format: LogFormat) async throws {
        try await print((0..<10_000).map { .out("number \($0)") })
        let reader = FailingReader(sink, after: 2)
        let body = LogBody(
            reader: reader,
            run: run,
            format: format,
            offset: 0,
            limit: .max,
            follows: false
        )
        #expect(try await body.next()?.isEmpty == false)
        #expect(try await body.next()?.isEmpty == false)
        await #expect(throws: LogError.self) { try await body.next() }
        let bytes = LogBytes(reader: FailingReader(sink, after: 1), run: run, range: 0..<100_000)
        #expect(try await bytes.next()?.isEmpty == false)
        await #expect(throws: LogError.self) { try await bytes.next() }
    }

    @Test func `a negative offset counts from the end`() async throws {
        try await print(["one", "two", "three"].map { .out($0) })
        #expect(try await text(.plain, offset: -6) == "three\n")
        // Inside a line, from its beginning.
        #expect(try await text(.plain, offset: -7) == "two\nthree\n")
        #expect(try await text(.plain, offset: -1_000) == "one\ntwo\nthree\n")
        #expect(try await text(.plain, offset: .min) == "one\ntwo\nthree\n")
    }

    @Test func `events tell of what the limit dropped before the reader came`() async throws {
        try await print((0..<1_000).map { .out("line \($0)") }, bytes: 2_000)
        let missing = try await sink.read(run, from: 0, limit: 1).missing
        let events = try await text(.events)
        let bounds = "[\(missing.lowerBound),\(missing.upperBound)]"
        let gap = "event: truncated\nid: \(missing.upperBound)\ndata: {\"missing\":\(bounds)}\n\n"
        #expect(events.components(separatedBy: gap).count == 2)
        #expect(try await !text(.events, offset: -100).contains("truncated"))
        let inGap = try await text(.events, offset: missing.upperBound - 8)
        #expect(inGap.contains("\"missing\":[\(missing.upperBound - 8),\(missing.upperBound)]"))
        #expect(try await !text(.plain).contains("truncated"))
    }
}

/// Reads so often, and then no more.
private final class FailingReader: LogReader {
    private let reader: any LogReader
    private let limit: Int
    private let reads = Mutex(0)

    var count: Int { reads.withLock { $0 } }

    init(_ reader: any LogReader, after limit: Int = .max) {
        self.reader = reader
        self.limit = limit
    }

    func read(
        _ run: RunID,
        from offset: Int64,
        limit bytes: Int
    ) async throws(LogError) -> LogPage {
        let count = reads.withLock { reads in
            reads += 1
            return reads
        }
        guard count <= limit else { throw .unavailable("test") }
        return try await reader.read(run, from: offset, limit: bytes)
    }

    func facts(of run: RunID) async throws(LogError) -> RunFacts { try await reader.facts(of: run) }

    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {}
}
