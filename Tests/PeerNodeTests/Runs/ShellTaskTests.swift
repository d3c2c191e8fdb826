// What shell tasks may say of themselves, through the keeper and on the real system.

import Foundation
import LockLease
import LogSink
import PeerNode
import Platform
import TestSupport
import Testing
import Vocabulary

private let isRoot = geteuid() == 0

@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
struct ShellTaskTests {
    func order(
        _ command: String = "true",
        _ change: (inout ShellTask) -> Void
    ) -> RunOrder {
        var task = ShellTask(command: command)
        change(&task)
        return .order(.shell(task))
    }

    @Test func `a program gets its arguments as they are, no shell between`() async throws {
        let world = try RunFixture()
        let words = ["/usr/bin/printf", "%s\\n", "a b", "$HOME", "`id`", "", "*"]
        let order = RunOrder.order(.shell(ShellTask(program: words)))
        #expect(try await world.run(order).state == .succeeded)
        let log = try await world.log(of: order)
        #expect(log == ["out a b", "out $HOME", "out `id`", "out ", "out *"])
    }

    @Test func `exit codes that the job calls success are success`() async throws {
        let world = try RunFixture()
        let two = try await world.run(order("exit 2") { $0.successCodes = [0, 2] })
        #expect(two.state == .succeeded && two.exit == .code(2) && two.reason.isEmpty)
        let zero = try await world.run(order("exit 0") { $0.successCodes = [2, 3] })
        #expect(zero.state == .failed)
        #expect(zero.reason == "exit 0; what counts as success is 2, 3")
    }

    @Test func `a limit that ended the task is named`() async throws {
        let world = try RunFixture()
        let time = try await world.run(
            order("while :; do :; done") { $0.limits.cpuTime = .seconds(1) }
        )
        #expect(time.reason == "it used up its limit of 1s of CPU time (signal 24)")
        let size = try await world.run(
            order("f=/tmp/rota-$$; exec 3>$f; rm $f; exec head -c 9000 /dev/zero >&3") {
                $0.limits.fileSize = 4_096
            }
        )
        #expect(size.reason.hasPrefix("a file of it grew to its limit of 4KB"))
    }

    @Test func `mask and niceness are the task's own`() async throws {
        let world = try RunFixture()
        let order = order("umask; nice") {
            $0.umask = 0o077
            $0.niceness = 3
        }
        #expect(try await world.run(order).state == .succeeded)
        #expect(try await world.log(of: order) == ["out 0077", "out 3"])
    }

    @Test(.enabled(if: isRoot)) func `a task runs as its user, with that user's home`() async throws
    {
        var rule = HostRule()
        rule.users = ["nobody"]
        let world = try RunFixture(host: TaskHost(rule: rule))
        let order = order("id -un; echo $USER $LOGNAME $HOME; pwd") { $0.user = "nobody" }
        #expect(try await world.run(order).state == .succeeded)
        let home = try #require(try HostUser.named("nobody")?.home)
        let log = try await world.log(of: order)
        #expect(log == ["out nobody", "out nobody nobody \(home)", "out /"])
    }

    @Test func `what the host does not allow fails before anything starts, with its words`()
        async throws
    {
        let world = try RunFixture()
        let order = order("echo started") { $0.user = "daemon" }
        let report = try await world.run(order)
        #expect(report.state == .failed && report.exit == nil)
        #expect(report.reason.contains("does not allow tasks as the user daemon"))
        #expect(try await world.log(of: order) == ["note \(report.reason)"])
        try await requireEventually { world.journal.isEmpty }
        var rule = HostRule()
        rule.users = ["no-such-user-here"]
        let open = try RunFixture(host: TaskHost(rule: rule))
        let unknown = try await open.run(self.order { $0.user = "no-such-user-here" })
        #expect(unknown.reason.contains("there is no user no-such-user-here on this node"))
    }

    @Test func `in a cgroup a run ends with all it started, and leaves no group`() async throws {
        guard let root = try? CgroupRoot(named: "rota-runs-\(getpid())") else { return }
        defer { CgroupFolder(path: root.path).remove() }
        let world = try RunFixture(host: TaskHost(cgroups: root))
        let script = "setsid env -i sleep 74 & setsid setsid sleep 75 & echo up; wait"
        let order = RunOrder.shell(script)
        await world.keeper.start(order)
        try await requireEventually {
            (try? await world.sink.read(order.grant.run, from: 0, limit: 9))?.end == 3
        }
        let group = try #require(root.folders.first)
        #expect(group.name == order.grant.run.text && group.folder.isPopulated)
        await world.keeper.kill(order.kill())
        #expect(try await world.report(of: order).state == .killed)
        #expect(root.folders.isEmpty)
    }
}
