// What the central back end promises beyond the contract: servers that go, and schemas.

import LogSink
import Postgres
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite(.enabled(if: PostgresServer.isPossible), .timeLimit(.minutes(2)))
struct PostgresLogSinkTests {
    let run = RunID("01RUN0000000000000000000A")
    let job = UID("a1")
    let url: String
    let proxy: ServerProxy
    /// Through the proxy.
    let sink: PostgresLogSink
    /// Directly.
    let reader: PostgresLogReader

    init() throws {
        url = try PostgresServer.freshURL()
        let place = try #require(url.split(separator: "@").last?.split(separator: "/").first)
        proxy = try ServerProxy(to: String(place))
        sink = try PostgresLogSink(url: url.replacing(place, with: proxy.place))
        reader = try PostgresLogReader(url: url)
    }

    private func lines() async throws -> [String] {
        let page = try await reader.read(run, from: 0, limit: 1 << 20)
        return page.lines.map(\.line.string)
    }

    @Test(.tags(.integration)) func `a batch whose answer is lost is there once`() async throws {
        try await sink.open(run, job: job, keep: .of(bytes: 1_000_000))
        _ = try await sink.append([.out("0")], to: run)
        for number in 1...10 {
            if number.isMultiple(of: 2) {
                proxy.loseAnswers(with: "SELECT 1")
            } else {
                proxy.loseNextQuestion()
            }
            #expect(try await sink.append([.out("\(number)")], to: run) > 2)
            #expect(proxy.lossesLeft == 0)
        }
        #expect(try await lines() == (0...10).map { "\($0)" })
    }

    @Test(.tags(.integration))
    func `a batch of unknown outcome can be sent again at its offset`() async throws {
        try await sink.open(run, job: job, keep: .of(bytes: 1_000_000))
        var end = try await sink.append([.out("0")], to: run)
        for number in 1...6 {
            let batch = LogBatch([.out("\(number)")])
            // With the answer goes the connection that would find out.
            proxy.loseAnswers(with: "SELECT 1", times: 2)
            let start = end
            await #expect(throws: LogError.self) {
                try await sink.append(batch, to: run, at: start)
            }
            try await requireEventually {
                guard let after = try? await sink.append(batch, to: run, at: start) else {
                    return false
                }
                end = after
                return true
            }
            #expect(end == start + Int64(batch.size))
        }
        #expect(try await lines() == (0...6).map { "\($0)" })
    }

    @Test(.tags(.integration))
    func `a server that is away is unavailable, and found again when it is back`() async throws {
        try await sink.open(run, job: job, keep: .of(bytes: 1_000_000))
        for number in 0..<5 {
            proxy.cut()
            let batch = LogBatch([.out("\(number)")])
            try await requireEventually { (try? await sink.append(batch, to: run)) != nil }
        }
        try await sink.close(run)
        #expect(try await lines() == (0..<5).map { "\($0)" })
        let nowhere = try PostgresLogSink(url: "postgres://rota@127.0.0.1:1/rota")
        let error = await #expect(throws: LogError.self) {
            try await nowhere.open(run, job: job, keep: .of(bytes: 1))
        }
        guard case .unavailable(let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("127.0.0.1:1"))
    }

    @Test(.tags(.integration))
    func `lines that wait are kept when another writer is noticed`() async throws {
        let (one, other) = (try PostgresLogSink(url: url), try PostgresLogSink(url: url))
        try await expectLinesOfBoth(one, other, in: run, of: job)
    }

    @Test(.tags(.integration))
    func `lines that wait survive a close that the server does not answer`() async throws {
        try await sink.open(run, job: job, keep: .of(bytes: 4_000))
        _ = try await sink.append((0..<600).map { .out("filling \($0)") }, to: run)
        _ = try await sink.append([.out("waiting")], to: run)
        // With the answer goes the connection that would find out.
        proxy.loseAnswers(with: "SELECT 1", times: 2)
        await #expect(throws: LogError.self) { try await sink.close(run) }
        try await requireEventually { (try? await sink.close(run)) != nil }
        #expect(try await lines().last == "waiting")
    }

    @Test(.tags(.integration)) func `a follower sees what another process writes`() async throws {
        try await sink.open(run, job: job, keep: .of(bytes: 10_000))
        let seen = Mutex<[String]>([])
        async let following: Void = follow { line in seen.withLock { $0.append(line) } }
        let texts = (0..<20).map { "line \($0)" }
        for (index, text) in texts.enumerated() {
            // Each comes once the follower has seen the one before, and waits again.
            try await requireEventually { seen.withLock { $0.count } == index }
            _ = try await sink.append([.out(text)], to: run)
        }
        try await requireEventually { seen.withLock { $0.count } == texts.count }
        try await sink.close(run)
        try await following
        #expect(seen.withLock { $0 } == texts)
    }

    private func follow(_ see: (String) -> Void) async throws {
        var offset: Int64 = 0
        while true {
            let page = try await reader.read(run, from: offset, limit: 1 << 16)
            for (_, line) in page.lines { see(line.string) }
            offset = page.next
            if page.isComplete, offset >= page.end { return }
            // Far beyond the test's limit: only what is written ends it.
            await reader.wait(for: run, beyond: offset, timeout: .seconds(3_600))
        }
    }

    @Test(.tags(.integration)) func `many that meet a new schema make it once`() async throws {
        let url = try PostgresServer.freshURL()
        try await withThrowingTaskGroup { group in
            for number in 0..<8 {
                let sink = try PostgresLogSink(url: url)
                group.addTask {
                    let run = RunID("01RUN\(number)")
                    try await sink.open(run, job: UID("a1"), keep: .of(bytes: 1_000))
                    _ = try await sink.append([.out("\(number)")], to: run)
                }
            }
            try await group.waitForAll()
        }
        let reader = try PostgresLogReader(url: url)
        for number in 0..<8 {
            let page = try await reader.read(RunID("01RUN\(number)"), from: 0, limit: 100)
            #expect(page.lines.map(\.line.string) == ["\(number)"])
        }
    }

    @Test(.tags(.integration))
    func `a chunk that is damaged or lies over another ends no reader's way`() async throws {
        try await sink.open(run, job: job, keep: .of(bytes: 1_000_000))
        let text = String(repeating: "x", count: 999)
        for _ in 0..<200 { _ = try await sink.append([.out(text)], to: run) }
        let schema = try #require(url.split(separator: "=").last)
        let soon = ContinuousClock.now.advanced(by: .seconds(10))
        let plain = try ServerAddress(String(url.split(separator: "?")[0]))
        let connection = try Connection(to: plain, within: .seconds(5), until: soon)
        let places = "(SELECT start FROM \(schema).chunk ORDER BY start OFFSET"
        try connection.execute(
            """
            UPDATE \(schema).chunk SET lines = '\\x03' WHERE start = \(places) 4 LIMIT 1);
            UPDATE \(schema).chunk SET lines = '' WHERE start = \(places) 8 LIMIT 1);
            UPDATE \(schema).chunk SET start = start - 700 WHERE start = \(places) 10 LIMIT 1);
            """,
            until: soon
        )
        var offset: Int64 = 0
        var pages = 0
        repeat {
            let page = try await reader.read(run, from: offset, limit: 300_000)
            pages += 1
            guard page.next > offset else { break }
            offset = page.next
        } while pages < 1_000
        #expect(pages < 1_000 && offset > 0)
    }

    @Test(.tags(.integration)) func `a schema of something else is refused`() async throws {
        let url = try PostgresServer.freshURL()
        let schema = try #require(url.split(separator: "=").last)
        let soon = ContinuousClock.now.advanced(by: .seconds(10))
        let plain = try ServerAddress(String(url.split(separator: "?")[0]))
        let connection = try Connection(to: plain, within: .seconds(5), until: soon)
        let making = "CREATE SCHEMA \(schema); CREATE TABLE \(schema).cows(a int)"
        try connection.execute(making, until: soon)
        let sink = try PostgresLogSink(url: url)
        let error = await #expect(throws: LogError.self) {
            try await sink.open(run, job: job, keep: .of(bytes: 1))
        }
        #expect(error.map { "\($0)".contains("cows") && "\($0)".contains("?schema=") } == true)
    }
}
