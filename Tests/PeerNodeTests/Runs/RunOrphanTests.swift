// What a previous life left behind is ended, and nobody else.

import Foundation
import LockLease
import LogSink
import PeerNode
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.integration), .timeLimit(.minutes(1)), .serialized)
final class RunOrphanTests: Sendable {
    let folder: String
    let loop = EventLoop(name: "orphans")

    init() throws {
        folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString
    }

    deinit {
        loop.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    @Test func `leftover trees of a previous life are ended and their logs closed`() async throws {
        let first = try RunFixture(folder: folder)
        let order = RunOrder.shell("trap '' TERM; echo up; while :; do sleep 0.05; done")
        await first.keeper.start(order)
        try await requireEventually {
            (try? await first.sink.read(order.grant.run, from: 0, limit: 9))?.end == 3
        }
        // The first life still hears of its run's end, so the second has a log of its own.
        let second = try RunFixture(folder: folder)
        try await second.sink.open(order.grant.run, job: order.grant.key.job, keep: Retention())
        #expect(await second.keeper.adoptOrphans() == 1)
        let log = try await second.log(of: order)
        let note = "the runner was started again; what was left of this run has been ended"
        #expect(log == ["note \(note)"])
        let report = try await second.report(of: order)
        #expect(report.state == .lost)
        #expect(report.reason == "the runner of its node was ended")
        try await requireEventually { second.journal.isEmpty }
        #expect(await second.keeper.adoptOrphans() == 0)
        // Reaped, or the zombie would keep the testing library from seeing its own children.
        _ = try await first.report(of: order)
    }

    @Test func `a process id that was used again is left alone`() async throws {
        let child = try ChildProcess.spawn(
            ChildCommand(program: "/bin/sleep", arguments: ["68"]),
            on: loop
        ) { _ in }
        let entry = try #require(ProcessTable.entry(of: child.processID))
        let boot = ProcessTable.bootID
        let world = try RunFixture(folder: folder)
        let notes = try NoteFolder(path: folder + "/runs")
        let leader = #""pid":\#(child.processID),"start""#
        try notes.write("{\"boot\":\"\(boot)\"}\n{\(leader):1}\n", as: "01OTHERSTART")
        try notes.write(
            "{\"boot\":\"elsewhere\"}\n{\(leader):\(entry.startTime)}\n",
            as: "01OTHERBOOT"
        )
        try notes.write("", as: "01EMPTY")
        try notes.write("{\"boot\":\"\(boot)\"}\n{\"pid\":1,\"start\":no", as: "01TORN")
        #expect(await world.keeper.adoptOrphans() == 0)
        try await requireEventually { world.journal.isEmpty }
        #expect(ProcessTable.entry(of: child.processID)?.isZombie == false)
        child.endTree(.kill)
        try await reap(child)
    }

    @Test func `members are found by their environment when the leader is not known`() async throws
    {
        let run = "01UNRECORDED\(getpid())"
        let child = try ChildProcess.spawn(
            ChildCommand(
                program: "/bin/sh",
                arguments: ["-c", "sleep 69 & wait"],
                environment: ["ROTA_RUN_ID": run, "PATH": "/bin:/usr/bin"]
            ),
            on: loop
        ) { _ in }
        // The kernel shows the environment only once the program has been loaded.
        try await requireEventually {
            ProcessTable.isMarked(child.processID, with: "ROTA_RUN_ID=\(run)")
        }
        let world = try RunFixture(folder: folder)
        let notes = try NoteFolder(path: folder + "/runs")
        try notes.write("{\"boot\":\"\(ProcessTable.bootID)\"}\n", as: run)
        #expect(await world.keeper.adoptOrphans() == 1)
        #expect(child.isTreeGone())
        try await reap(child)
    }

    private func reap(_ child: ChildProcess) async throws {
        child.release()
        try await requireEventually { ProcessTable.entry(of: child.processID) == nil }
    }
}
