// Real shell tasks through the keeper: outcomes, output, ends, and nothing left behind.

import Foundation
import LockLease
import LogSink
import PeerNode
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
struct RunKeeperTests {
    let world: RunFixture

    init() throws {
        world = try RunFixture()
    }

    @Test func `a run is reported with its key, fence and exit`() async throws {
        let order = RunOrder.shell("exit 3")
        let report = try await world.run(order)
        #expect(
            report
                == RunReport(
                    run: order.grant.run,
                    key: order.grant.key,
                    fence: Fence(41),
                    state: .failed,
                    exit: .code(3),
                    reason: "exit 3"
                )
        )
        #expect(try await world.run(.shell("true")).state == .succeeded)
        #expect(await world.keeper.active.isEmpty)
        try await requireEventually { world.journal.isEmpty }
    }

    @Test func `output is logged line by line, streams apart, an unended line too`() async throws {
        let order = RunOrder.shell("echo a; echo b; printf c")
        _ = try await world.run(order)
        #expect(try await world.log(of: order) == ["out a", "out b", "out c"])
        let both = RunOrder.shell("echo x >&2; sleep 0.1; echo y; sleep 0.1; printf z >&2")
        _ = try await world.run(both)
        #expect(try await world.log(of: both) == ["err x", "out y", "err z"])
    }

    @Test func `output can be read while the task runs`() async throws {
        let order = RunOrder.shell("echo early; read x < /dev/zero; sleep 60")
        await world.keeper.start(order)
        try await requireEventually {
            let page = try? await world.sink.read(order.grant.run, from: 0, limit: 100)
            return page?.end == 6
        }
        await world.keeper.kill(order.kill(grace: .zero))
        #expect(try await world.report(of: order).state == .killed)
    }

    @Test func `a task is told which run it is, and only that`() async throws {
        let order = RunOrder.shell("env | sort") { spec in
            guard case .shell(var task) = spec.task else { return }
            task.environment = ["MINE": "1", "LANG": "de_DE", "ROTA_FENCE": "999"]
            task.directory = "/"
            spec.task = .shell(task)
        }
        _ = try await world.run(order)
        let lines = try await world.log(of: order).map { String($0.dropFirst(4)) }
        for expected in [
            "MINE=1", "LANG=de_DE", "ROTA_JOB=nightly", "ROTA_RUN_ID=\(order.grant.run)",
            "ROTA_SCHEDULED_AT=2027-01-15T08:00:00Z", "ROTA_ATTEMPT=2", "ROTA_FENCE=41",
            "ROTA_NODE=n1", "ROTA_SHARD=1/1", "ROTA_TENANT=default",
        ] { #expect(lines.contains(expected)) }
        let allowed: Set = ["HOME", "LANG", "MINE", "PATH", "PWD", "SHELL", "SHLVL", "_", "OLDPWD"]
        for line in lines where !line.hasPrefix("ROTA_") {
            #expect(allowed.contains(String(line.prefix { $0 != "=" })), "\(line)")
        }
    }

    @Test func `standard input is the job's text`() async throws {
        let order = RunOrder.shell("cat") { spec in
            guard case .shell(var task) = spec.task else { return }
            task.input = "one\ntwo"
            spec.task = .shell(task)
        }
        _ = try await world.run(order)
        #expect(try await world.log(of: order) == ["out one", "out two"])
    }

    @Test func `a missing shell or folder fails the run with a sentence in its log`() async throws {
        for (change, part) in [
            ({ (task: inout ShellTask) in task.shell = "/no/shell" }, "no program `/no/shell`"),
            ({ $0.directory = "/no/folder" }, "no folder `/no/folder`"),
        ] {
            let order = RunOrder.shell("true") { spec in
                guard case .shell(var task) = spec.task else { return }
                change(&task)
                spec.task = .shell(task)
            }
            let report = try await world.run(order)
            #expect(report.state == .failed)
            #expect(report.reason.contains(part))
            #expect(try await world.log(of: order) == ["note \(report.reason)"])
            try await requireEventually { world.journal.isEmpty }
        }
    }

    @Test func `a timeout ends the whole tree`() async throws {
        let order = RunOrder.shell("sleep 61 & sleep 62 & wait") { $0.timeout = .milliseconds(100) }
        let report = try await world.run(order)
        #expect(report.state == .timedOut)
        #expect(report.reason == "took longer than its timeout of 100ms")
        #expect(try await world.log(of: order) == ["note \(report.reason)"])
        #expect(processes(of: order).isEmpty)
    }

    @Test func `a kill is reported when nobody is left, TERM or not`() async throws {
        let order = RunOrder.shell(
            "trap '' TERM; (sleep 63; sleep 64) & echo up; while :; do sleep 0.02; done"
        )
        await world.keeper.start(order)
        try await requireEventually { processes(of: order).count >= 3 }
        await world.keeper.kill(order.kill())
        await world.keeper.kill(order.kill(by: "bob"))
        let report = try await world.report(of: order)
        #expect(processes(of: order).isEmpty)
        #expect(report.state == .killed)
        #expect(report.exit == .signal(9))
        #expect(report.reason.hasPrefix("killed by ann; it did not end on TERM"))
        #expect(try await world.log(of: order).contains("note killed by ann"))
    }

    @Test func `a kill that comes before its run keeps it from starting`() async throws {
        let order = RunOrder.shell("echo started")
        await world.keeper.kill(order.kill())
        let report = try await world.run(order)
        #expect(report.state == .killed)
        #expect(try await world.log(of: order) == ["note killed by ann"])
    }

    @Test func `a repeated order, or kills after the end, change nothing`() async throws {
        let order = RunOrder.shell("echo once")
        await world.keeper.start(order)
        await world.keeper.start(order)
        _ = try await world.report(of: order)
        await world.keeper.start(order)
        await world.keeper.kill(order.kill())
        _ = try await world.run(.shell("true"))
        #expect(world.reports.filter { $0.run == order.grant.run }.count == 1)
        #expect(try await world.log(of: order) == ["out once"])
    }

    @Test func `what a task leaves in the background is ended after a while`() async throws {
        let order = RunOrder.shell("sleep 65 & echo done")
        let began = SystemClock.monotonic
        let report = try await world.run(order)
        #expect(report.state == .succeeded)
        #expect(processes(of: order).isEmpty)
        #expect(began.duration(to: SystemClock.monotonic) < .seconds(8))
        #expect(try await world.log(of: order).first == "out done")
    }

    @Test func `10 MB of output are kept within the limit`() async throws {
        let order = RunOrder.shell("seq 1 1500000") { $0.keep.logBytes = 100_000 }
        #expect(try await world.run(order).state == .succeeded)
        let lines = try await world.log(of: order)
        #expect(lines.first == "out 1")
        #expect(lines.last == "out 1500000")
        let page = try await world.sink.read(order.grant.run, from: 0, limit: 1)
        #expect(page.end == 10_888_896)
        #expect(page.missing.lowerBound + page.end - page.missing.upperBound <= 100_000)
    }

    @Test func `a lost session ends every run as lost`() async throws {
        let orders = (0..<3).map { _ in RunOrder.shell("sleep 66") }
        for order in orders { await world.keeper.start(order) }
        await world.keeper.rely(on: nil)
        for order in orders {
            #expect(try await world.report(of: order).state == .lost)
        }
        let late = try await world.run(.shell("true"))
        #expect(late.state == .lost)
        await world.keeper.rely(on: .inAnHour)
        #expect(try await world.run(.shell("true")).state == .succeeded)
    }

    @Test func `runs end by themselves once their session is trusted no longer`() async throws {
        let order = RunOrder.shell("sleep 66")
        await world.keeper.rely(on: .of(SessionID(7), for: .milliseconds(300)))
        await world.keeper.start(order)
        let report = try await world.report(of: order)
        #expect(report.state == .lost)
        #expect(report.exit == .signal(15))
    }

    @Test func `another session ends the runs of the one before`() async throws {
        let order = RunOrder.shell("sleep 66")
        await world.keeper.start(order)
        try await requireEventually { await !world.keeper.active.isEmpty }
        await world.keeper.rely(on: .of(SessionID(8), for: .seconds(3_600)))
        #expect(try await world.report(of: order).state == .lost)
        #expect(try await world.run(.shell("true")).state == .lost)
    }

    @Test func `what is trusted no longer has no more grace than others wait`() async throws {
        let order = RunOrder.shell("trap '' TERM; echo up; while :; do sleep 0.02; done") { spec in
            spec.killGrace = .seconds(3_600)
        }
        let trust = SessionTrust.of(SessionID(7), for: .seconds(2), grace: .milliseconds(100))
        await world.keeper.rely(on: trust)
        await world.keeper.start(order)
        try await requireEventually {
            (try? await world.sink.read(order.grant.run, from: 0, limit: 9))?.end == 3
        }
        #expect(try await world.report(of: order).exit == .signal(9))
    }

    @Test func `stopping waits for short runs, ends long ones and refuses new ones`() async throws {
        let short = RunOrder.shell("sleep 0.1; echo done")
        let long = RunOrder.shell("sleep 67")
        await world.keeper.start(short)
        await world.keeper.start(long)
        await world.keeper.stopAll(grace: .milliseconds(600))
        #expect(try await world.report(of: short).state == .succeeded)
        #expect(try await world.report(of: long).state == .lost)
        #expect(try await world.log(of: short) == ["out done"])
        let late = try await world.run(.shell("true"))
        #expect(late.state == .lost)
        #expect(late.reason == "its node was stopped")
        await world.keeper.stopAll(grace: .zero)
    }

    @Test func `a sink that fails costs output, not runs`() async throws {
        let world = try RunFixture(sink: BrokenSink())
        #expect(try await world.run(.shell("seq 1 100000; exit 4")).exit == .code(4))
        await world.keeper.stopAll(grace: .zero)
    }

    @Test func `hundreds of runs at once leave neither descriptors nor zombies`() async throws {
        // In a process of its own: other tests open descriptors at the same time.
        await #expect(processExitsWith: .success) {
            let world = try RunFixture()
            _ = try await world.run(.shell("true"))
            let before = try openDescriptors()
            let orders = (0..<200).map { RunOrder.shell("echo \($0); exit \($0 % 3)") }
            for order in orders { await world.keeper.start(order) }
            for (number, order) in orders.enumerated() {
                let report = try await world.report(of: order)
                try #require(report.exit == .code(Int32(number % 3)))
                try #require(try await world.log(of: order) == ["out \(number)"])
            }
            try #require(world.reports.count == 201)
            // A few may be the testing library's own; a leak would be hundreds.
            try #require(try openDescriptors() < before + 10)
            try await requireEventually { world.journal.isEmpty }
            let children = "/proc/self/task/\(getpid())/children"
            try #require(try String(contentsOfFile: children, encoding: .utf8).isEmpty)
        }
    }

    func processes(of order: RunOrder) -> [ProcessEntry] {
        let mark = "ROTA_RUN_ID=\(order.grant.run)"
        return ProcessTable.snapshot()
            .filter { !$0.isZombie && ProcessTable.isMarked($0.processID, with: mark) }
    }
}

private func openDescriptors() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}

/// Refuses everything.
private struct BrokenSink: LogSink {
    func open(_ run: RunID, job: UID, keep: Retention) async throws(LogError) {
        throw .full("test")
    }

    func append(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?
    ) async throws(LogError) -> Int64 {
        throw .full("test")
    }

    func note(_ facts: RunFacts, of run: RunID) async throws(LogError) { throw .full("test") }
    func close(_ run: RunID) async throws(LogError) { throw .full("test") }

    func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage { throw .noSuchLog(run) }

    func facts(of run: RunID) async throws(LogError) -> RunFacts { throw .noSuchLog(run) }
    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {}
    func prune(_ policy: LogRetention) async throws(LogError) -> Int { 0 }
}
