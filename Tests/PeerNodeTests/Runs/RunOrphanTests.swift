// What a previous life left behind is ended, and nobody else.

import Foundation
import LockLease
import LogSink
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

private let canMakeGroups = {
    guard let root = try? CgroupRoot(named: "rota-orphan-probe-\(getpid())") else { return false }
    root.remove()
    return true
}()

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
        let (leader, ours) = (#""pid":\#(child.processID),"start""#, "{\"boot\":\"\(boot)\"}")
        try note("01OTHERSTART \(ours)", "01OTHERSTART {\(leader):1}")
        try note("01OTHERBOOT {\"boot\":\"no\"}", "01OTHERBOOT {\(leader):\(entry.startTime)}")
        try note("01EMPTY {}", "01TORN \(ours)", "01TORN {\"pid\":1,\"start\":no", "01T")
        let world = try RunFixture(folder: folder)
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
        try note("\(run) {\"boot\":\"\(ProcessTable.bootID)\"}")
        let world = try RunFixture(folder: folder)
        #expect(await world.keeper.adoptOrphans() == 1)
        #expect(child.isTreeGone())
        try await reap(child)
    }

    @Test func `a daemon in a session of its own is ended though its leader has gone`()
        async throws
    {
        let run = "01DAEMON\(getpid())"
        let found = folder + "/daemon"
        try FileStore.makeFolder(folder)
        var command = ChildCommand(
            program: "/bin/sh",
            arguments: [
                "-c",
                """
                trap '' TERM
                setsid sh -c 'setsid env -i /bin/sh -c "
                    echo \\$\\$ >\(found); while :; do /bin/sleep 0.02; done" & exit 0' &
                while [ ! -s \(found) ]; do sleep 0.02; done
                """,
            ],
            environment: ["PATH": "/bin:/usr/bin"]
        )
        command.mark = ProcessMark(run)
        let child = try ChildProcess.spawn(command, on: loop) { _ in }
        let leader = try #require(ProcessTable.entry(of: child.processID))
        try await requireEventually {
            ProcessTable.entry(of: child.processID)?.isZombie ?? true
        }
        try await reap(child)
        let text = String(decoding: try FileStore.read(found), as: UTF8.self)
        let daemon = try #require(Int32(text.dropLast()))
        #expect(ProcessTable.entry(of: daemon) != nil)
        try note(
            "\(run) {\"boot\":\"\(ProcessTable.bootID)\"}",
            "\(run) {\"pid\":\(leader.processID),\"start\":\(leader.startTime)}"
        )
        let world = try RunFixture(folder: folder)
        #expect(await world.keeper.adoptOrphans() == 1)
        #expect(ProcessTable.entry(of: daemon)?.isZombie ?? true)
        #expect(world.journal.isEmpty)
    }

    @Test func `one look at the marks serves all runs`() throws {
        let boot = "{\"boot\":\"\(ProcessTable.bootID)\"}"
        for number in 0..<50 { try note("01R\(number) \(boot)") }
        let journal = try RunJournal(dataFolder: folder)
        let table = (1...9).map { number in
            ProcessEntry(processID: number, parent: 1, group: 2, session: 2, startTime: 7)
        }
        var asked = 0
        let look = ProcessLook(reaper: 1, isStray: { _ in true }) { entry in
            asked += 1
            return ProcessMark("01R\(entry.processID)")
        } entries: {
            table
        }
        let found = journal.entries.flatMap { journal.members(of: $0, in: look) }
        #expect(Set(found.map(\.processID)) == Set(1...9) && asked == 9)
    }

    @Test func `nothing is gone as long as it cannot be looked at`() throws {
        let journal = try RunJournal(dataFolder: folder)
        let entry = RunJournal.Entry(run: RunID("01X"), bootID: ProcessTable.bootID)
        let orphans = Orphans(runs: [entry], groups: [], journal: journal)
        let own = ProcessEntry(processID: 9, parent: 1, group: 9, session: 9, startTime: 1)
        for entries in [[], [own]] {
            let look = ProcessLook(reaper: 9, isStray: { _ in true }) { _ in
                nil
            } entries: {
                entries
            }
            #expect(orphans.areGone(in: look) == !entries.isEmpty)
        }
    }

    @Test(.enabled(if: canMakeGroups)) func `cgroups of a previous life are emptied and removed`()
        async throws
    {
        let root = try CgroupRoot(named: "rota-orphans", of: folder)
        defer { root.remove() }
        var command = ChildCommand(
            program: "/bin/sh",
            arguments: ["-c", "trap '' TERM; while :; do sleep 0.05; done"],
            environment: ["PATH": "/bin:/usr/bin"]
        )
        // Of a run that nothing is noted of any more, and one that holds nobody.
        command.cgroup = try root.makeFolder(named: "01UNNOTED")
        _ = try root.makeFolder(named: "01EMPTY")
        let child = try ChildProcess.spawn(command, on: loop) { _ in }
        let world = try RunFixture(host: TaskHost(cgroups: root), folder: folder)
        #expect(await world.keeper.adoptOrphans() == 1)
        #expect(root.folders.isEmpty)
        #expect(ProcessTable.entry(of: child.processID)?.isZombie ?? true)
        try await reap(child)
    }

    /// Writes in the journal, as a runner does.
    private func note(_ lines: String...) throws {
        try FileStore.makeFolder(folder)
        let notes = try NoteLog(path: folder + "/runs.journal")
        for line in lines { try notes.append(line) }
    }

    private func reap(_ child: ChildProcess) async throws {
        child.release()
        try await requireEventually { ProcessTable.entry(of: child.processID) == nil }
    }
}
