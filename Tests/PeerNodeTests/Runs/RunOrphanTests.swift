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
struct RunOrphanTests {
    let folder: String
    let loop = EventLoop(name: "orphans")

    init() throws {
        folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString
    }

    @Test func `leftover trees of a previous life are ended and their logs closed`() async throws {
        let sink = InMemoryLogSink()
        let first = try RunFixture(sink: sink, folder: folder)
        let order = RunOrder.shell("trap '' TERM; echo up; while :; do sleep 0.05; done")
        await first.keeper.start(order)
        try await eventually {
            (try? await sink.read(order.grant.run, from: 0, limit: 9))?.end == 3
        }
        // The first life hangs from here on, as far as the second can tell.
        let second = try RunFixture(sink: sink, folder: folder)
        #expect(await second.keeper.adoptOrphans() == 1)
        #expect(second.journal.isEmpty)
        let log = try await second.log(of: order)
        #expect(log.first == "out up")
        #expect(log.contains { $0.hasPrefix("note the node was restarted") })
        #expect(second.reports.isEmpty)
        #expect(await second.keeper.adoptOrphans() == 0)
        try? FileManager.default.removeItem(atPath: folder)
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
        try notes.write("boot=\(boot)\npid=\(child.processID)\nstart=1\n", as: "01OTHERSTART")
        try notes.write(
            "boot=elsewhere\npid=\(child.processID)\nstart=\(entry.startTime)\n",
            as: "01OTHERBOOT"
        )
        try notes.write("", as: "01EMPTY")
        try notes.write("boot=\(boot)\npid=1\nstart=no", as: "01TORN")
        #expect(await world.keeper.adoptOrphans() == 0)
        #expect(world.journal.isEmpty)
        #expect(ProcessTable.entry(of: child.processID)?.isZombie == false)
        child.endTree(.kill)
        child.release()
        try? FileManager.default.removeItem(atPath: folder)
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
        try await eventually {
            ProcessTable.isMarked(child.processID, with: "ROTA_RUN_ID=\(run)")
        }
        let world = try RunFixture(folder: folder)
        let notes = try NoteFolder(path: folder + "/runs")
        try notes.write("boot=\(ProcessTable.bootID)\n", as: run)
        #expect(await world.keeper.adoptOrphans() == 1)
        #expect(child.isTreeGone())
        child.release()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
