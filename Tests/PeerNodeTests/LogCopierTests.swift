// How a node hands copies of its logs to a neighbour, and what the neighbour keeps.

import Documents
import Foundation
import HTTPService
import JobList
import LockLease
import LogSink
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

@Suite(.tags(.integration), .timeLimit(.minutes(1))) struct LogCopierTests {
    private let reader = CountingReader()

    private func copier() -> LogCopier {
        LogCopier(
            logs: reader,
            token: { "" },
            neighbour: { nil },
            log: DaemonLog(name: "test", lowest: .error)
        )
    }

    private func neighbour(at port: Int) -> LogCopier.Neighbour {
        LogCopier.Neighbour(name: NodeName("n2"), address: "127.0.0.1:\(port)")
    }

    /// Runs with a line of output each, which the copier looks after.
    private func print(_ count: Int, for copier: LogCopier) async throws -> [RunOrder] {
        var orders: [RunOrder] = []
        for _ in 0..<count {
            let order = RunOrder.shell("true") { $0.keep.age = .seconds(90) }
            let run = order.grant.run
            try await reader.logs.open(run, job: order.grant.key.job, keep: order.spec.keep)
            _ = try await reader.logs.append(
                [LogLine(stream: .out, at: .epoch, text: [0x61])],
                to: run
            )
            copier.track(order)
            orders.append(order)
        }
        return orders
    }

    @Test func `a neighbour that does not answer is asked no more in this turn`() async throws {
        let copier = copier()
        _ = try await print(40, for: copier)
        // Nobody listens there.
        await copier.turn(to: neighbour(at: 1))
        #expect(reader.reads <= 8)
    }

    @Test func `only logs that grew are read, and the job's age limit goes with them`()
        async throws
    {
        let queries = Mutex<[String]>([])
        let server = try HTTPServer(settings: HTTPServerSettings()) { request in
            queries.withLock { $0.append(request.parameter("age") ?? "") }
            let page = (try? JSON.parse(request.body)).flatMap { LogPage($0) }
            return .json(["end": .integer(page?.end ?? -1)])
        }
        let copier = copier()
        let orders = try await print(40, for: copier)
        await copier.turn(to: neighbour(at: server.port))
        #expect(queries.withLock { $0 } == Array(repeating: "90", count: 40))
        let before = reader.reads
        await copier.turn(to: neighbour(at: server.port))
        #expect(reader.reads == before)
        let more = LogLine(stream: .out, at: .epoch, text: [0x62])
        _ = try await reader.logs.append([more], to: orders[7].grant.run)
        try await reader.logs.close(orders[9].grant.run)
        await copier.turn(to: neighbour(at: server.port))
        #expect(queries.withLock { $0.count } == 42)
        // What grew is read once more, to see that there is no more of it.
        #expect(reader.reads <= before + 3)
        server.stop()
    }

    @Test func `a run that printed nothing costs no request`() async throws {
        let asked = Mutex(0)
        let server = try HTTPServer(settings: HTTPServerSettings()) { _ in
            asked.withLock { $0 += 1 }
            return .json(["end": 0])
        }
        let copier = copier()
        let order = RunOrder.shell("true")
        let run = order.grant.run
        try await reader.logs.open(run, job: order.grant.key.job, keep: order.spec.keep)
        copier.track(order)
        await copier.turn(to: neighbour(at: server.port))
        try await reader.logs.close(run)
        await copier.turn(to: neighbour(at: server.port))
        #expect(asked.withLock { $0 } == 0 && reader.reads == 0)
        server.stop()
    }

    @Test func `a copy goes when its job's logs do, and after a week at the latest`() async throws {
        let folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let shelf = try CopyShelf(dataFolder: folder)
        for (name, seconds) in [("short", 60), ("long", 86_400 * 365)] {
            let page = LogPage(
                lines: [(offset: 0, line: LogLine(stream: .out, at: .epoch, text: [0x61]))],
                next: 2,
                end: 2,
                isComplete: true,
                missing: 0..<0
            )
            var keep = Retention()
            keep.age = .seconds(seconds)
            let run = RunID("01RUN\(name)")
            #expect(try await shelf.take(page, from: 0, of: run, job: UID(name), keep: keep) == 2)
        }
        let now = SystemClock.wall
        #expect(try await shelf.prune(at: now.advanced(by: .seconds(30))) == 0)
        #expect(try await shelf.prune(at: now.advanced(by: .seconds(120))) == 1)
        #expect(try await shelf.prune(at: now.advanced(by: .seconds(86_400 * 6))) == 0)
        #expect(try await shelf.prune(at: now.advanced(by: .seconds(86_400 * 8))) == 1)
    }

    @Test func `only a log that is not there is not found`() {
        let run = RunID("01RUN")
        #expect(Problem(LogError.noSuchLog(run)).kind == .notFound)
        for error in [LogError.unavailable("x"), .full("x"), .closed(run), .misconfigured("x")] {
            #expect(Problem(error).kind == .unavailable)
        }
    }
}

/// Counts how often lines are read.
private final class CountingReader: LogReader {
    let logs = InMemoryLogSink()
    private let count = Mutex(0)

    var reads: Int { count.withLock { $0 } }

    func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage {
        count.withLock { $0 += 1 }
        return try await logs.read(run, from: offset, limit: limit)
    }

    func stands(of runs: [RunID]) async throws(LogError) -> [RunID: LogStand] {
        try await logs.stands(of: runs)
    }

    func facts(of run: RunID) async throws(LogError) -> RunFacts {
        try await logs.facts(of: run)
    }

    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {}
}
