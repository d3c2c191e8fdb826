// One process writes a log, others read it.

import Foundation
import LogSink
import SQLite
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct SQLiteLogReaderTests {
    let folder: TemporaryFolder
    let path: String
    let run = RunID("01RUN0000000000000000000A")
    let job = UID("a1")

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/logs.db"
    }

    /// Reads to the end of the log, waiting as often as need be; each read that had news.
    private static func follow(_ reader: any LogReader, _ run: RunID) async throws -> [String] {
        var reads: [String] = []
        var offset: Int64 = 0
        while true {
            let page = try await reader.read(run, from: offset, limit: 65_536)
            if !page.lines.isEmpty {
                reads.append(page.lines.map(\.line.string).joined(separator: ","))
            }
            offset = page.next
            if page.isComplete, offset >= page.end { return reads }
            // Far beyond the test's limit: only what is written ends it.
            await reader.wait(for: run, beyond: offset, timeout: .seconds(3_600))
        }
    }

    @Test(.tags(.integration)) func `a follower sees what another process writes`() async throws {
        let sink = try SQLiteLogSink(path: path)
        try await sink.open(run, job: job, keep: .of(bytes: 1_000))
        _ = try await sink.append([.out("ours")], to: run)
        let reader = SQLiteLogReader(path: path)
        async let seen = Self.follow(reader, run)
        await #expect(processExitsWith: .success) { [path = path as String] in
            let run = RunID("01RUN0000000000000000000A")
            let other = try SQLiteLogSink(path: path)
            #expect(try await other.append([.out("theirs")], to: run) == 12)
            try await other.close(run)
        }
        let reads = try await seen
        #expect(reads.joined(separator: ",") == "ours,theirs")
        // The first writer notices that it is not alone.
        await #expect(throws: LogError.closed(run)) {
            try await sink.append([.out("late")], to: run)
        }
    }

    @Test func `every line is seen as it comes, by many followers at once`() async throws {
        let sink = try SQLiteLogSink(path: path)
        try await sink.open(run, job: job, keep: .of(bytes: 1_000_000))
        let reader = SQLiteLogReader(path: path)
        let texts = (0..<20).map { "line \($0)" }
        try await withThrowingTaskGroup { group in
            for _ in 0..<100 {
                group.addTask { [run] in try await Self.follow(reader, run) }
            }
            for text in texts {
                let end = try await sink.append([.out(text)], to: run)
                // As a reader would: the next line comes once this one can be seen.
                try await requireEventually {
                    try await reader.read(run, from: 0, limit: 1).end == end
                }
            }
            try await sink.close(run)
            for try await reads in group {
                #expect(reads.joined(separator: ",") == texts.joined(separator: ","))
            }
        }
    }

    @Test func `two that write one log go on behind each other`() async throws {
        let sinks = [try SQLiteLogSink(path: path), try SQLiteLogSink(path: path)]
        try await sinks[0].open(run, job: job, keep: .of(bytes: 100_000))
        for number in 0..<20 {
            _ = try await sinks[number % 2].append([.out("line \(number)")], to: run)
        }
        let lines = try await sinks[0].everything(of: run).map(\.line.string)
        #expect(lines == (0..<20).map { "line \($0)" })
    }

    @Test func `before its writer has made it a file holds no log`() async throws {
        let reader = SQLiteLogReader(path: path)
        let refusal = LogError.noSuchLog(run)
        await #expect(throws: refusal) { try await reader.read(run, from: 0, limit: 1) }
        await reader.wait(for: run, beyond: 0, timeout: .seconds(3_600))
        #expect(!FileManager.default.fileExists(atPath: path))
        // A file without tables, as between its making and its filling.
        try Data().write(to: URL(filePath: path))
        await #expect(throws: refusal) { try await reader.read(run, from: 0, limit: 1) }
        let sink = try SQLiteLogSink(path: path)
        await #expect(throws: refusal) { try await reader.read(run, from: 0, limit: 1) }
        try await sink.open(run, job: job, keep: .of(bytes: 1_000))
        _ = try await sink.append([.out("a")], to: run)
        #expect(try await reader.read(run, from: 0, limit: 1).lines.map(\.line.string) == ["a"])
    }

    @Test func `what is no log file is said to be none`() async throws {
        try Data(repeating: 0x41, count: 10_000).write(to: URL(filePath: path))
        let reader = SQLiteLogReader(path: path)
        let error = await #expect(throws: LogError.self) {
            try await reader.read(run, from: 0, limit: 1)
        }
        #expect(error.map { "\($0)".contains(path) } == true)
    }

    @Test func `a reader is let go when a log is removed, or its time is up`() async throws {
        let clock = TestClock()
        let sink = try SQLiteLogSink(path: path) { clock.now }
        try await sink.open(run, job: job, keep: .of(bytes: 1_000))
        let reader = SQLiteLogReader(path: path)
        await reader.wait(for: run, beyond: 0, timeout: .milliseconds(1))
        async let waiting: Void = reader.wait(for: run, beyond: 0, timeout: .seconds(3_600))
        try await sink.close(run)
        let policy = LogRetention(age: .zero, runsPerJob: 0, totalBytes: 0, now: clock.now)
        #expect(try await sink.prune(policy) == 1)
        await waiting
    }

    @Test func `a file of the first releases goes on being read and written`() async throws {
        do {
            let connection = try Connection(path: path)
            try connection.execute(Self.firstTables)
            // Two lines of one chunk: "old" on standard output, then an empty note 5 ms later.
            let lines: [UInt8] = [3 << 2, 0x02, 0x6F, 0x6C, 0x64, 2, 0x0A]
            try connection.run(
                "INSERT INTO log VALUES(1, ?, 'a1', 1000, 0, NULL, 5, 5, 5, 0, 5)",
                [.text(run.text)]
            )
            try connection.run("INSERT INTO chunk VALUES(1, 0, 5, ?)", [.blob(lines)])
        }
        let reader = SQLiteLogReader(path: path)
        await #expect(throws: LogError.noSuchLog(run)) {
            try await reader.read(run, from: 0, limit: 1)
        }
        let sink = try SQLiteLogSink(path: path)
        #expect(try await sink.append([.out("new", at: 9)], to: run) == 9)
        let page = try await reader.read(run, from: 0, limit: 1_000)
        #expect(
            page.lines.map(\.line) == [
                .out("old", at: 1),
                LogLine(stream: .note, at: Instant(unixMilliseconds: 6), text: []),
                .out("new", at: 9),
            ]
        )
        let policy = LogRetention(
            age: .zero,
            runsPerJob: 5,
            totalBytes: 1_000,
            now: Instant(unixSeconds: 4_000_000_000)
        )
        try await sink.close(run)
        #expect(try await sink.prune(policy) == 1)
    }

    private static let firstTables = """
        PRAGMA journal_mode = WAL;
        CREATE TABLE log(
            id INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, job TEXT NOT NULL,
            byte_limit INTEGER NOT NULL, opened_at INTEGER NOT NULL, closed_at INTEGER,
            end_offset INTEGER NOT NULL DEFAULT 0, head_end INTEGER NOT NULL DEFAULT 0,
            tail_start INTEGER NOT NULL DEFAULT 0, is_head_full INTEGER NOT NULL DEFAULT 0,
            kept INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX log_of_job ON log(job, run, closed_at);
        CREATE INDEX log_by_closing ON log(closed_at, run, kept);
        CREATE TABLE chunk(
            log INTEGER NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL,
            lines BLOB NOT NULL, UNIQUE(log, start));
        """

    @Test func `a file of a newer release is left alone`() async throws {
        try Connection(path: path).execute("PRAGMA user_version = 7; CREATE TABLE t(a)")
        let error = #expect(throws: LogError.self) { try SQLiteLogSink(path: path) }
        #expect(error.map { "\($0)".contains("7") && "\($0)".contains(path) } == true)
        let reader = SQLiteLogReader(path: path)
        await #expect(throws: LogError.self) { try await reader.read(run, from: 0, limit: 1) }
    }
}
