// Output while the log store is away: kept, tried again, and never twice.

import Foundation
import LockLease
import LogSink
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

@Suite(.tags(.integration), .timeLimit(.minutes(1)), .serialized)
struct LogOutageTests {
    private let sink = FlakySink()

    /// A task that goes on when the file is there.
    private func waiting(for file: String, then rest: String) -> RunOrder {
        .shell("echo before; while [ ! -e \(file) ]; do sleep 0.02; done; \(rest)") { spec in
            spec.keep.logBytes = 8 << 20
        }
    }

    @Test(arguments: [FlakySink.Mood.away, .mute])
    func `what is printed while the store is away is there once, in order`(
        _ mood: FlakySink.Mood
    ) async throws {
        let world = try RunFixture(sink: sink)
        let file = world.folder + "/go"
        let order = waiting(for: file, then: "seq 1 2000; sleep 0.3; seq 2001 4000")
        await world.keeper.start(order)
        try await requireEventually {
            (try? await sink.read(order.grant.run, from: 0, limit: 9))?.end == 7
        }
        sink.mood = mood
        try Data().write(to: URL(filePath: file))
        #expect(try await world.report(of: order).state == .succeeded)
        try await requireEventually { sink.tries >= 3 }
        sink.mood = .well
        let expected = ["out before"] + (1...4_000).map { "out \($0)" }
        #expect(try await world.log(of: order) == expected)
    }

    @Test func `of too much output head and tail are kept, and the run is not held up`()
        async throws
    {
        sink.mood = .away
        let world = try RunFixture(sink: sink)
        let order = RunOrder.shell("seq 1 700000; echo end") { $0.keep.logBytes = 64 << 20 }
        #expect(try await world.run(order).state == .succeeded)
        sink.mood = .well
        let lines = try await world.log(of: order)
        #expect(lines.prefix(3) == ["out 1", "out 2", "out 3"])
        #expect(lines.suffix(2) == ["out 700000", "out end"])
        let notes = lines.filter { $0.hasPrefix("note ") }
        #expect(notes.count == 1 && notes[0].contains("bytes are missing here"))
        let said = notes.first.flatMap { Int($0.split(separator: " ")[1]) }
        let kept = lines.filter { $0.hasPrefix("out ") }.reduce(0) { $0 + $1.utf8.count - 3 }
        let printed = (1...700_000).reduce(4) { $0 + "\($1)".utf8.count + 1 }
        #expect(said == printed - kept)
    }

    @Test func `a log that cannot be closed is closed later, and its run not forgotten before`()
        async throws
    {
        sink.mood = .unclosing
        let world = try RunFixture(sink: sink)
        let order = RunOrder.shell("echo a")
        #expect(try await world.run(order).state == .succeeded)
        try await requireEventually {
            (try? await sink.read(order.grant.run, from: 0, limit: 9))?.end == 2
        }
        #expect(await world.keeper.isWriting)
        #expect(world.journal == [order.grant.run.text])
        sink.mood = .well
        #expect(try await world.log(of: order) == ["out a"])
        try await requireEventually { world.journal.isEmpty }
    }

    @Test func `a log that a runner reported and did not close is closed by the next`()
        async throws
    {
        sink.mood = .unclosing
        let first = try RunFixture(sink: sink)
        let order = RunOrder.shell("echo a")
        _ = try await first.run(order)
        try await requireEventually {
            (try? await sink.read(order.grant.run, from: 0, limit: 9))?.end == 2
        }
        // The first life goes on trying, at a sink that stays away.
        let second = try RunFixture(sink: sink.logs, folder: first.folder)
        #expect(await second.keeper.adoptOrphans() == 0)
        let log = try await second.log(of: order)
        #expect(
            log == ["out a", "note the runner was ended before it had written all of this log"]
        )
        #expect(await second.keeper.reported.map(\.report.state) == [.succeeded])
        await second.keeper.recorded(order.grant.run)
        try await requireEventually { second.journal.isEmpty }
        // One that is complete is left alone.
        let whole = RunOrder.shell("echo b")
        await second.keeper.start(whole)
        #expect(try await second.log(of: whole) == ["out b"])
        let third = try RunFixture(sink: sink.logs, folder: first.folder)
        await third.keeper.adoptOrphans()
        try await requireEventually { await !third.keeper.isWriting }
        #expect(try await third.log(of: whole) == ["out b"])
    }
}

/// One log and a sink that is away, by a clock that the test holds.
@Suite struct RunLogTests {
    private let run = RunID("01RUN0000000000000000000A")
    private var now = MonotonicInstant(sinceBoot: .seconds(1))
    private var log = RunLog(job: UID("a1"), keep: Retention())
    private var share = 1_000
    private let away = LogError.unavailable("test")

    private mutating func print(_ text: String) {
        log.take(
            Array((text + "\n").utf8),
            from: .out,
            within: share,
            company: .zero,
            at: now,
            .epoch
        )
    }

    /// Opens it and appends `text`; answers the log's end.
    private mutating func begin(_ text: String) throws {
        let open = try next()
        log.succeeded(open, end: nil)
        print(text)
        let append = try next()
        log.succeeded(append, end: Int64(text.utf8.count + 1))
    }

    private mutating func next() throws -> RunLog.Work {
        let work = log.next(at: now)
        return try #require(work)
    }

    private func lines(_ work: RunLog.Work?) -> [String]? {
        guard case .append(let batch, at: _) = work else { return nil }
        return batch.lines.map { String(decoding: $0.text, as: UTF8.self) }
    }

    @Test mutating func `pauses grow, and every try is the same batch at the same place`() throws {
        try begin("first")
        print("second")
        var pauses: [Duration] = []
        for _ in 0..<10 {
            let work = try next()
            guard case .append(_, at: 6) = work else {
                Issue.record("another place")
                return
            }
            #expect(lines(work) == ["second"])
            log.failed(work, away, at: now, .epoch)
            #expect(log.next(at: now) == nil)
            print("later")
            let due = try #require(log.retryAt)
            pauses.append(now.duration(to: due))
            now = due
        }
        #expect(pauses.first == .milliseconds(100))
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(pauses.last == .seconds(5))
    }

    @Test mutating func `a log is given up a minute after its run, and ended when it can be`()
        throws
    {
        try begin("first")
        print("second")
        let end = now
        log.finish(at: now, .epoch)
        while let work = log.next(at: now) {
            log.failed(work, away, at: now, .epoch)
            now = log.isComplete ? now : try #require(log.retryAt)
        }
        #expect((60...66).contains(end.duration(to: now).components.seconds))
        #expect(log.isAbandoned && log.isComplete && log.lostBytes == 7)
        var rest = log.remnant(at: .epoch)
        rest.finish(at: now, .epoch)
        guard let find = rest.next(at: now), case .find = find else {
            Issue.record("find")
            return
        }
        rest.succeeded(find, end: 6)
        let said = rest.next(at: now)
        #expect(
            lines(said) == ["7 bytes are missing here: the log store did not take them in time"]
        )
        guard let said, case .append(_, at: 6) = said else {
            Issue.record("append")
            return
        }
        rest.succeeded(said, end: 99)
        guard case .close = rest.next(at: now) else {
            Issue.record("close")
            return
        }
    }

    @Test mutating func `what a store has lost is said, and the log goes on`() throws {
        try begin("first")
        print("second")
        let work = try next()
        log.failed(work, .gap(run, from: 2, to: 6), at: now, .epoch)
        now = try #require(log.retryAt)
        let again = log.next(at: now)
        guard case .append(_, at: 2) = again else {
            Issue.record("place")
            return
        }
        #expect(
            lines(again) == ["4 bytes are missing here: the log store lost them", "second"]
        )
        // The whole log is gone: another one is begun.
        log.failed(try #require(again), .noSuchLog(run), at: now, .epoch)
        now = try #require(log.retryAt)
        let open = try next()
        guard case .open = open else {
            Issue.record("open")
            return
        }
        log.succeeded(open, end: nil)
        let third = log.next(at: now)
        guard case .append(_, at: 0) = third else {
            Issue.record("place")
            return
        }
        #expect(lines(third)?.last == "second")
    }

    @Test mutating func `neither a log that is complete nor one that is gone is waited for`() throws
    {
        try begin("first")
        log.finish(at: now, .epoch)
        let close = try next()
        log.failed(close, .noSuchLog(run), at: now, .epoch)
        #expect(log.isComplete && log.lostBytes == 0)
    }

    @Test mutating func `a sink that fails does not hold the task up, one that is slow does`()
        throws
    {
        try begin("first")
        for _ in 0..<30 { print(String(repeating: "x", count: 9_999)) }
        #expect(log.isFull && !log.hasRoom)
        let work = try next()
        log.failed(work, away, at: now, .epoch)
        for _ in 0..<30 { print(String(repeating: "x", count: 9_999)) }
        #expect(!log.isFull && log.hasRoom)
        // Its share of the memory, and the piece that is being filled.
        #expect(log.collector.pendingBytes <= 20_000)
        share = 1 << 20
        for _ in 0..<90 { print(String(repeating: "x", count: 9_999)) }
        #expect(log.collector.pendingBytes > 400_000)
        #expect(!log.isFull && log.hasRoom)
    }
}
