// What the embedded back end promises beyond the contract: files, bounds and restarts.

import Foundation
import LogSink
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(2))) struct SQLiteLogSinkTests {
    let folder: TemporaryFolder
    let run = RunID("01RUN0000000000000000000A")
    let job = UID("a1")

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `a reopened file goes on where the log stood`() async throws {
        var expected: [String] = []
        for life in 0..<4 {
            let sink = try SQLiteLogSink(path: folder.path + "/logs.db")
            try await sink.open(run, job: job, keep: .of(bytes: 4_000))
            let texts = (0..<60).map { "life \(life) line \($0)" }
            expected += texts
            _ = try await sink.append(texts.map { .out($0) }, to: run)
        }
        let sink = try SQLiteLogSink(path: folder.path + "/logs.db")
        let lines = try await sink.everything(of: run).map(\.line.string)
        let page = try await sink.read(run, from: 0, limit: 1)
        #expect(page.end == expected.reduce(0) { $0 + Int64($1.utf8.count) + 1 })
        #expect(page.missing.lowerBound + page.end - page.missing.upperBound <= 4_000)
        let headCount = lines.prefix { $0 != "life 3 line 59" }.count
        #expect(headCount == lines.count - 1)
        #expect(lines.first == "life 0 line 0")
        #expect(expected.suffix(40) == lines.suffix(40))
    }

    @Test func `output a hundred times the limit grows neither disk nor memory`() async throws {
        let sink = try SQLiteLogSink(path: folder.path + "/logs.db")
        let limit = 1 << 20
        try await sink.open(run, job: job, keep: .of(bytes: limit))
        let batch = (0..<640).map { LogLine.out(String(repeating: "x", count: 99), at: $0) }
        for _ in 0..<160 { _ = try await sink.append(batch, to: run) }
        let memory = Self.residentBytes
        let disk = folder.bytes
        for _ in 0..<1_600 { _ = try await sink.append(batch, to: run) }
        let page = try await sink.read(run, from: 0, limit: 1)
        #expect(page.end == 1_760 * 64_000)
        // The database within its limit and a write-ahead log that SQLite cuts at 4 MB.
        #expect(folder.bytes < 2 * limit + (6 << 20), "\(folder.bytes) bytes on disk")
        #expect(folder.bytes <= disk + (2 << 20))
        #expect(Self.residentBytes - memory < 16 << 20, "\(Self.residentBytes - memory) bytes more")
    }

    @Test func `pruned logs give their space back`() async throws {
        let clock = TestClock()
        let sink = try SQLiteLogSink(path: folder.path + "/logs.db") { clock.now }
        let batch = (0..<640).map { LogLine.out(String(repeating: "x", count: 99), at: $0) }
        for number in 0..<150 {
            let run = RunID("01RUN\(number)")
            try await sink.open(run, job: job, keep: .of(bytes: 1 << 20))
            _ = try await sink.append(batch, to: run)
            try await sink.close(run)
        }
        #expect(folder.bytes > 8 << 20)
        clock.advance(by: .seconds(60))
        let policy = LogRetention(
            age: .seconds(1),
            runsPerJob: 100,
            totalBytes: 1 << 40,
            now: clock.now
        )
        #expect(try await sink.prune(policy) == 150)
        #expect(folder.bytes < 6 << 20, "\(folder.bytes) bytes on disk")
    }

    @Test func `lines that wait are kept when another writer is noticed`() async throws {
        let path = folder.path + "/logs.db"
        let (one, other) = (try SQLiteLogSink(path: path), try SQLiteLogSink(path: path))
        try await expectLinesOfBoth(one, other, in: run, of: job)
    }

    @Test func `a file that is no log store is refused with its path`() throws {
        let path = folder.path + "/logs.db"
        try Data(repeating: 0x41, count: 10_000).write(to: URL(filePath: path))
        let error = #expect(throws: LogError.self) { try SQLiteLogSink(path: path) }
        #expect(error.map { "\($0)".contains(path) } == true)
    }

    private static var residentBytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4_096
    }
}
