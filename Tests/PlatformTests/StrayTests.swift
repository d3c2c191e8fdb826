// Daemons that do all they can not to be found.

import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
final class StrayTests: Sendable {
    /// Forks twice into sessions of its own, without environment and output, and ignores TERM.
    static let daemon = """
        trap '' TERM
        setsid sh -c 'setsid env -i /bin/sh -c "
            echo \\$\\$
            exec <&- >&- 2>&-
            while :; do /bin/sleep 0.02; done" &
        exit 0' &
        wait
        """

    let loop = EventLoop(name: "strays")

    deinit {
        loop.stop()
    }

    @Test func `a daemon that was never seen before is ended with its run, and reaped`()
        async throws
    {
        // In a process of its own, which may take in orphans without disturbing other tests.
        await #expect(processExitsWith: .success) {
            try ChildReaper.adoptOrphans()
            let fixture = StrayTests()
            let watch = Watch()
            var command = ChildCommand.shell(StrayTests.daemon)
            command.mark = ProcessMark("01STRAY")
            let child = try ChildProcess.spawn(command, on: fixture.loop) { watch.add($0) }
            try await requireEventually { watch.result.exit == .code(0) }
            try await requireEventually { watch.result.closed.count == 2 }
            let daemon = try #require(Int32(watch.result.text(.out).dropLast()))
            try await requireEventually { ProcessTable.entry(of: daemon)?.parent == getpid() }
            try #require(ProcessTable.variable(ProcessMark.variable, of: daemon) == nil)
            try #require(!child.isTreeGone())
            child.endTree(.terminate)
            try #require(!child.isTreeGone())
            child.endTree(.kill)
            try await requireEventually { child.isTreeGone() }
            try await requireEventually {
                _ = child.isTreeGone()
                return ProcessTable.entry(of: daemon) == nil
            }
            child.release()
        }
    }

    @Test func `no exit of a leader is taken by the reaping of others`() async throws {
        await #expect(processExitsWith: .success) {
            try ChildReaper.adoptOrphans()
            let fixture = StrayTests()
            let watches = (0..<20).map { _ in Watch() }
            var children: [ChildProcess] = []
            for (number, watch) in watches.enumerated() {
                let script = "sh -c 'sleep 0.05 & exit 0'; exit \(number)"
                var command = ChildCommand.shell(script)
                command.mark = ProcessMark("01LEADER\(number)")
                children.append(
                    try ChildProcess.spawn(command, on: fixture.loop) { watch.add($0) }
                )
            }
            let leaders = Set(children.map(\.processID))
            try await requireEventually {
                ChildReaper.reapStrays(in: ProcessLook(), sparing: leaders)
                return watches.enumerated().allSatisfy { $1.result.exit == .code(Int32($0)) }
            }
            try await requireEventually { children.allSatisfy { $0.isTreeGone() } }
            for child in children { child.release() }
            let left = "/proc/self/task/\(getpid())/children"
            try await requireEventually {
                ChildReaper.reapStrays(in: ProcessLook(), sparing: [])
                return try String(contentsOfFile: left, encoding: .utf8).isEmpty
            }
        }
    }
}
