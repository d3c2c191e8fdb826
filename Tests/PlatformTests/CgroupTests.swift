// Cgroups, where this machine lets us make some.

import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

private let canMakeGroups = {
    guard let root = try? CgroupRoot(named: "rota-probe-\(getpid())") else { return false }
    CgroupFolder(path: root.path).remove()
    return true
}()

@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
final class CgroupTests: Sendable {
    let loop = EventLoop(name: "cgroups")

    deinit {
        loop.stop()
    }

    @Test(.enabled(if: canMakeGroups)) func `nobody leaves a group, and it is ended as a whole`()
        async throws
    {
        let root = try CgroupRoot(named: "rota-test-\(getpid())")
        defer { CgroupFolder(path: root.path).remove() }
        let group = try root.makeFolder(named: "01RUN")
        #expect(!group.isPopulated)
        var command = ChildCommand.shell(StrayTests.daemon)
        command.cgroup = group
        let watch = Watch()
        let child = try ChildProcess.spawn(command, on: loop) { watch.add($0) }
        try await requireEventually { watch.result.exit == .code(0) }
        try await requireEventually { watch.result.closed.count == 2 }
        let look = ProcessLook()
        #expect(group.isPopulated && !child.isTreeGone(in: look))
        #expect(group.processIDs.contains(Int32(watch.result.text(.out).dropLast()) ?? 0))
        child.endTree(.terminate, in: look)
        #expect(!child.isTreeGone(in: look))
        child.endTree(.kill, in: look)
        try await requireEventually { child.isTreeGone(in: look) }
        #expect(!look.isTaken, "a group answers without a look at all processes")
        child.release()
        #expect(root.folders.map(\.name) == ["01RUN"])
        group.remove()
        #expect(root.folders.isEmpty)
    }

    @Test(.enabled(if: canMakeGroups)) func `groups below a group belong to it`() async throws {
        let root = try CgroupRoot(named: "rota-below-\(getpid())")
        defer { CgroupFolder(path: root.path).remove() }
        let group = try root.makeFolder(named: "01RUN")
        var command = ChildCommand.shell(
            "mkdir \(group.path)/own; echo $$ >\(group.path)/own/cgroup.procs; echo up; sleep 73"
        )
        command.cgroup = group
        let watch = Watch()
        let child = try ChildProcess.spawn(command, on: loop) { watch.add($0) }
        try await requireEventually { watch.result.text(.out) == "up\n" }
        #expect(group.isPopulated && group.processIDs.contains(child.processID))
        child.endTree(.terminate)
        try await requireEventually { watch.result.exit == .signal(SIGTERM) && child.isTreeGone() }
        child.release()
        group.remove()
        #expect(root.folders.isEmpty)
    }

    @Test func `a group that cannot be joined is named`() throws {
        var command = ChildCommand(program: "/bin/true")
        command.cgroup = CgroupFolder(path: "/no/such/group")
        let refusal = #expect(throws: SpawnError.self) {
            try ChildProcess.spawn(command, on: loop) { _ in }
        }
        #expect(refusal.map { "\($0)" }?.contains("/no/such/group") == true)
    }

    @Test func `the own group is found under any mount`() {
        func own(_ mount: String, _ group: String) -> String? {
            let mounts = """
                22 1 0:20 / /proc rw,relatime - proc proc rw
                30 1 0:26 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
                \(mount)
                """
            return CgroupRoot.ownGroup(mounts: mounts, groups: "3:pids:/a\n0::\(group)\n")
        }
        let unified = "31 1 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw"
        #expect(own(unified, "/") == "/sys/fs/cgroup")
        #expect(own(unified, "/a.slice/rota") == "/sys/fs/cgroup/a.slice/rota")
        let inside = "31 1 0:27 /docker/ab /sys/fs/cgroup rw - cgroup2 cgroup rw"
        #expect(own(inside, "/docker/ab") == "/sys/fs/cgroup")
        #expect(own(inside, "/docker/ab/x") == "/sys/fs/cgroup/x")
        #expect(own(inside, "/docker/abc") == nil)
        #expect(own("", "/") == nil)
    }
}
