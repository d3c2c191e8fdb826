// Every back end of the log, so that one suite runs over all of them.

import Foundation
import LogSink
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// A back end under test, with a clock that tests advance.
enum BackEnd: Sendable {
    case memory
    case sqlite
    case postgres

    /// Those that store anything, as far as this host has what they need.
    static let real: [Self] = PostgresServer.isPossible ? [.sqlite, .postgres] : [.sqlite]
    static let allCases: [Self] = [.memory] + real

    func make(in folder: TemporaryFolder, clock: TestClock = TestClock()) throws -> any LogSink {
        switch self {
        case .memory: InMemoryLogSink { clock.now }
        case .sqlite: try SQLiteLogSink(path: folder.path + "/logs.db") { clock.now }
        case .postgres: try PostgresLogSink(url: PostgresServer.freshURL()) { clock.now }
        }
    }
}

extension Retention {
    /// Keeps so many bytes of each log, and so many logs for so long.
    static func of(
        bytes: Int,
        runs: Int = 1_000_000,
        age: Duration = .seconds(3_600_000)
    ) -> Self {
        var keep = Self()
        keep.logBytes = bytes
        keep.runs = runs
        keep.age = age
        return keep
    }
}

final class TestClock: Sendable {
    private let time = Mutex(Instant(unixSeconds: 1_000_000))

    var now: Instant { time.withLock { $0 } }

    func advance(by duration: Duration) {
        time.withLock { $0 = $0.advanced(by: duration) }
    }
}

/// A folder that goes away with the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/rota-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// What the files in it take.
    var bytes: Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
            return sum + (attributes?[.size] as? Int ?? 0)
        }
    }
}

extension LogLine {
    static func out(_ text: String, at milliseconds: Int64 = 0) -> Self {
        Self(stream: .out, at: Instant(unixMilliseconds: milliseconds), text: Array(text.utf8))
    }

    var string: String { String(decoding: text, as: UTF8.self) }
}

extension LogSink {
    /// All lines that are kept, page by page.
    func everything(
        of run: RunID,
        pageLimit: Int = 1_000
    ) async throws -> [(offset: Int64, line: LogLine)] {
        var lines: [(offset: Int64, line: LogLine)] = []
        var offset: Int64 = 0
        while true {
            let page = try await read(run, from: offset, limit: pageLimit)
            lines += page.lines
            if page.next >= page.end { return lines }
            offset = page.next
        }
    }
}

/// Has two writers of one log take turns, of whom the first has lines that wait whenever it notices
/// the other.
func expectLinesOfBoth(
    _ one: some LogSink,
    _ other: some LogSink,
    in run: RunID,
    of job: UID
) async throws {
    try await one.open(run, job: job, keep: .of(bytes: 4_000))
    var expected: [String] = []
    _ = try await one.append((0..<600).map { .out("filling \($0)") }, to: run)
    for number in 0..<30 {
        // Of a log beyond its limit the second batch waits for company.
        for text in ["one \(number)", "waiting \(number)"] {
            _ = try await one.append([.out(text)], to: run)
        }
        _ = try await other.append([.out("other \(number)")], to: run)
        // Whoever reads does not wait.
        _ = try await other.read(run, from: 0, limit: 0)
        expected += ["one \(number)", "waiting \(number)", "other \(number)"]
    }
    try await one.close(run)
    let lines = try await one.everything(of: run).map(\.line.string)
    #expect(Set(expected.suffix(60)).isSubset(of: lines))
}
