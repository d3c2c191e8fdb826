// Runs that stay "running", and kills that do not kill: what users of other schedulers report.

import Foundation
import LockLease
import LogSink
import PeerNode
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
struct StuckRunTests {
    @Test func `children that survive the kill of their parent`() async throws {
        let world = try RunFixture()
        // Children of children, some in groups and sessions of their own, none of which hears TERM.
        let order = RunOrder.shell(
            """
            trap '' TERM
            for i in 1 2 3; do setsid sh -c 'sleep 81 & sleep 82; :' & done
            (sleep 83; :) & echo up; wait; wait
            """
        )
        await world.keeper.start(order)
        try await requireEventually { processes(of: order).count >= 8 }
        await world.keeper.kill(order.kill())
        #expect(try await world.report(of: order).state == .killed)
        #expect(processes(of: order).isEmpty)
    }

    @Test func `a run that stays busy after its process was killed from outside`() async throws {
        let world = try RunFixture()
        let order = RunOrder.shell("sleep 84 & echo $$; wait")
        await world.keeper.start(order)
        let leader = try await firstNumber(order, world)
        kill(leader, SIGKILL)
        let report = try await world.report(of: order)
        #expect(report.state == .failed && report.exit == .signal(9))
        #expect(report.reason.contains("which Rota did not send"))
        #expect(processes(of: order).isEmpty)
    }

    @Test func `a run whose process was waited for by somebody else`() async throws {
        let world = try RunFixture()
        let order = RunOrder.shell("echo $$; exec sleep 84")
        await world.keeper.start(order)
        let leader = try await firstNumber(order, world)
        let (isHeld, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        world.loop.call {
            isHeld.signal()
            gate.wait()
        }
        hold(isHeld)
        kill(leader, SIGKILL)
        var status: Int32 = 0
        let reaped = unsafe waitpid(leader, &status, 0)
        gate.signal()
        #expect(reaped == leader)
        let report = try await world.report(of: order)
        #expect(report.state == .failed && report.exit == nil)
        #expect(report.reason.hasPrefix("it has ended, and nobody knows how: cannot ask how"))
    }

    @Test func `a stopped process that hears no kill`() async throws {
        let world = try RunFixture()
        let order = RunOrder.shell("echo $$; kill -STOP $$; sleep 85") {
            $0.killGrace = .seconds(60)
        }
        await world.keeper.start(order)
        _ = try await firstNumber(order, world)
        await world.keeper.kill(order.kill())
        let report = try await world.report(of: order)
        #expect(report.state == .killed && report.exit == .signal(15))
    }

    @Test func `a process outside the run that holds its output open`() async throws {
        let world = try RunFixture()
        let order = RunOrder.shell("echo $$; read x < /dev/zero; sleep 86") {
            $0.timeout = .seconds(2)
        }
        await world.keeper.start(order)
        let leader = try await firstNumber(order, world)
        let loop = EventLoop(name: "outside")
        defer { loop.stop() }
        let script = "exec 3>/proc/\(leader)/fd/1; exec sleep 87"
        let holder = try ChildProcess.spawn(
            ChildCommand(program: "/bin/sh", arguments: ["-c", script]),
            on: loop
        ) { _ in }
        let report = try await world.report(of: order)
        #expect(report.state == .timedOut)
        let log = try await world.log(of: order)
        #expect(log.last?.hasPrefix("note the output is still held open by a process") == true)
        #expect(ProcessTable.entry(of: holder.processID)?.isZombie == false)
        holder.endTree(.kill)
        try await requireEventually { holder.isTreeGone() }
        holder.release()
    }

    @Test func `a run that is finishing for hours while its log is being written`() async throws {
        let world = try RunFixture(sink: SilentSink())
        let order = RunOrder.shell("echo a; exit 3")
        #expect(try await world.run(order).exit == .code(3))
        #expect(await world.keeper.active.isEmpty)
    }

    @Test func `a task that starts processes faster than they are killed`() async throws {
        await #expect(processExitsWith: .success) {
            try ChildReaper.adoptOrphans()
            let world = try RunFixture()
            let order = RunOrder.shell(
                "trap '' TERM; echo $$; while :; do setsid sleep 88 & sleep 0.02; done"
            ) { $0.timeout = .milliseconds(500) }
            let report = try await world.run(order)
            try #require(report.state == .timedOut && report.exit == .signal(9))
            try #require(StuckRunTests().processes(of: order).isEmpty)
        }
    }

    @Test func `a kill that hits whoever got the number of a dead process`() async throws {
        let loop = EventLoop(name: "numbers")
        defer { loop.stop() }
        let watch = ExitWatch()
        let other = try ChildProcess.spawn(
            ChildCommand(program: "/bin/sleep", arguments: ["89"]),
            on: loop
        ) { watch.add($0) }
        let now = try #require(ProcessTable.entry(of: other.processID))
        let dead = ProcessEntry(
            processID: now.processID,
            parent: now.parent,
            group: now.group,
            session: now.session,
            startTime: now.startTime - 1
        )
        ProcessTree.signal(.kill, [dead])
        // Had KILL come before it, this would not have ended the process.
        ProcessTree.signal(.terminate, [now])
        try await requireEventually { watch.exit != nil }
        #expect(watch.exit == .signal(15))
        other.release()
    }

    @Test func `a daemon that forked twice and hides is gone within its grace and a second`()
        async throws
    {
        // In a process of its own, which may take in orphans without disturbing other tests.
        await #expect(processExitsWith: .success) {
            try ChildReaper.adoptOrphans()
            let world = try RunFixture()
            let order = RunOrder.shell(
                """
                trap '' TERM
                setsid sh -c 'setsid env -i /bin/sh -c "
                    trap : TERM
                    echo \\$\\$
                    exec <&- >&- 2>&-
                    while :; do /bin/sleep 0.02; done" &
                exit 0' &
                while :; do sleep 0.02; done
                """
            )
            await world.keeper.start(order)
            let daemon = try await StuckRunTests().firstNumber(order, world)
            try await requireEventually { ProcessTable.entry(of: daemon)?.parent == getpid() }
            let began = SystemClock.monotonic
            await world.keeper.kill(order.kill(grace: .seconds(1)))
            let report = try await world.report(of: order)
            let took = began.duration(to: SystemClock.monotonic)
            try #require(ProcessTable.entry(of: daemon) == nil)
            try #require(report.state == .killed)
            try #require(report.reason.contains("was sent KILL"))
            print("gone after \(took)")
            try #require(took < .seconds(20))
        }
    }

    /// Waits for the loop's thread, which waits for nothing.
    private func hold(_ semaphore: DispatchSemaphore) { semaphore.wait() }

    /// The first line that the task prints, a process id.
    func firstNumber(_ order: RunOrder, _ world: RunFixture) async throws -> Int32 {
        var number: Int32?
        try await requireEventually {
            let page = try? await world.sink.read(order.grant.run, from: 0, limit: 100)
            let text = page?.lines.first?.line.text
            number = text.flatMap { Int32(String(decoding: $0, as: UTF8.self)) }
            return number != nil
        }
        return try #require(number)
    }

    func processes(of order: RunOrder) -> [ProcessEntry] {
        let mark = ProcessMark(order.grant.run.text)
        return ProcessTable.snapshot()
            .filter { !$0.isZombie && ProcessMark(of: $0.processID) == mark }
    }
}

/// Remembers how a child ended.
private final class ExitWatch: Sendable {
    private let state = Mutex<ChildExit?>(nil)

    var exit: ChildExit? { state.withLock { $0 } }

    func add(_ event: ChildEvent) {
        if case .exited(let exit) = event { state.withLock { $0 = exit } }
    }
}

/// Never answers.
private struct SilentSink: LogSink {
    func open(_ run: RunID, job: UID, keep: Retention) async throws(LogError) { await park() }

    func append(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?
    ) async throws(LogError) -> Int64 {
        await park()
        return 0
    }

    func note(_ facts: RunFacts, of run: RunID) async throws(LogError) { await park() }
    func close(_ run: RunID) async throws(LogError) { await park() }

    func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage { throw .noSuchLog(run) }

    func facts(of run: RunID) async throws(LogError) -> RunFacts { throw .noSuchLog(run) }
    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {}
    func prune(_ policy: LogRetention) async throws(LogError) -> Int { 0 }

    /// Waits for a stream that nobody ends.
    private func park() async {
        let (stream, queue) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        queue.finish()
    }
}
