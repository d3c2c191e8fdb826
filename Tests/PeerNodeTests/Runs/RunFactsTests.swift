// What tasks say of themselves on its way to the log store.

import LockLease
import LogSink
import PeerNode
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.integration), .timeLimit(.minutes(1)), .serialized)
struct RunFactsTests {
    @Test func `what a task says of itself is noted while it runs and at its end`() async throws {
        let world = try RunFixture()
        let order = RunOrder.shell(
            "echo ::progress 40 dumping; echo ::set rows=1; sleep 60"
        )
        await world.keeper.start(order)
        let run = order.grant.run
        try await requireEventually {
            let facts = try? await world.sink.facts(of: run)
            return facts?.progress == .init(percent: 40, text: "dumping")
                && facts?.results == ["rows": "1"]
        }
        await world.keeper.kill(order.kill(grace: .zero))
        _ = try await world.report(of: order)
        // Which of two pipes is read first is not for the task to say.
        let quick = RunOrder.shell("echo ::progress 7; echo ::progress 100; echo ::set a=b >&2")
        _ = try await world.run(quick)
        _ = try await world.log(of: quick)
        let facts = try await world.sink.facts(of: quick.grant.run)
        #expect(facts.progress?.percent == 100)
        #expect(facts.results == ["a": "b"])
    }

    @Test func `a task that says much is noted now and then, and its last word is kept`()
        async throws
    {
        let sink = CountingSink()
        let world = try RunFixture(sink: sink)
        let order = RunOrder.shell(
            "i=0; while [ $i -lt 60 ]; do echo ::set n=$i; sleep 0.02; i=$((i + 1)); done"
        )
        let report = try await world.run(order)
        #expect(report.state == .succeeded)
        _ = try await world.log(of: order)
        #expect(try await sink.facts(of: order.grant.run).results == ["n": "59"])
        let notes = sink.notes.withLock { $0 }
        #expect(notes >= 2 && notes < 30, "\(notes) notes")
    }
}

/// Counts how often facts are noted.
private final class CountingSink: LogSink {
    let notes = Mutex(0)
    private let logs = InMemoryLogSink()

    func open(_ run: RunID, job: UID, keep: Retention) async throws(LogError) {
        try await logs.open(run, job: job, keep: keep)
    }

    func append(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?
    ) async throws(LogError) -> Int64 {
        try await logs.append(batch, to: run, at: offset)
    }

    func note(_ facts: RunFacts, of run: RunID) async throws(LogError) {
        notes.withLock { $0 += 1 }
        try await logs.note(facts, of: run)
    }

    func close(_ run: RunID) async throws(LogError) { try await logs.close(run) }

    func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage { try await logs.read(run, from: offset, limit: limit) }

    func facts(of run: RunID) async throws(LogError) -> RunFacts {
        try await logs.facts(of: run)
    }

    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        await logs.wait(for: run, beyond: offset, timeout: timeout)
    }

    func prune(_ policy: LogRetention) async throws(LogError) -> Int {
        try await logs.prune(policy)
    }
}
