// What tasks say of themselves on its way to the log store.

import LockLease
import LogSink
import PeerNode
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
        let sink = FlakySink()
        let world = try RunFixture(sink: sink)
        let order = RunOrder.shell(
            "i=0; while [ $i -lt 60 ]; do echo ::set n=$i; sleep 0.02; i=$((i + 1)); done"
        )
        let report = try await world.run(order)
        #expect(report.state == .succeeded)
        _ = try await world.log(of: order)
        #expect(try await sink.facts(of: order.grant.run).results == ["n": "59"])
        let notes = sink.noteTries
        #expect(notes >= 2 && notes < 30, "\(notes) notes")
    }
}
