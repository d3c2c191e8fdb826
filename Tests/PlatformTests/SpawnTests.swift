// What a child can be told beyond program and folder: user, limits, and whose end is its own.

import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

private let isRoot = geteuid() == 0

@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
final class SpawnTests: Sendable {
    let loop = EventLoop(name: "spawns")

    deinit {
        loop.stop()
    }

    @Test func `mask, niceness and every limit are those that were asked for`() async throws {
        var command = ChildCommand.shell("umask; nice; cat /proc/self/limits")
        command.umask = 0o027
        command.niceness = 7
        command.limits.memory = 64 << 20
        command.limits.cpuTime = .seconds(30)
        command.limits.processes = 1_234
        command.limits.files = 64
        command.limits.fileSize = 5_000
        let text = try await run(command).text(.out)
        #expect(text.hasPrefix("0027\n7\n"))
        for (name, soft, hard) in [
            ("Max cpu time", "30", "31"), ("Max file size", "5000", "5000"),
            ("Max data size", "67108864", "67108864"), ("Max processes", "1234", "1234"),
            ("Max open files", "64", "64"),
        ] {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
            let words = line?.dropFirst(name.count).split(separator: " ").prefix(2)
            #expect(words.map { Array($0) } == [Substring(soft), Substring(hard)], "\(name)")
        }
    }

    @Test func `a limit never gives more than there was`() async throws {
        // A shell that has little cannot give its child more; nor can we.
        var command = ChildCommand(program: "/bin/sh", arguments: ["-c", "ulimit -n"])
        let before = try await run(command).text(.out)
        command.arguments = ["-c", "ulimit -Hn"]
        let most = try await run(command).text(.out)
        command.limits.files = (Int(most.dropLast()) ?? 0) + 1_000
        #expect(try await run(command).text(.out) == most)
        #expect(!before.isEmpty)
    }

    @Test func `limits end what goes beyond them`() async throws {
        var command = ChildCommand.shell("head -c 100000000 /dev/zero | tail -c 90000000 | wc -c")
        command.limits.memory = 32 << 20
        #expect(try await run(command).text(.out) == "0\n")
        command = .shell("f=/tmp/rota-$$; exec 3>$f; rm $f; exec head -c 100000 /dev/zero >&3")
        command.limits.fileSize = 1_000
        #expect(try await run(command).exit == .signal(SIGXFSZ))
        command = .shell("while :; do :; done")
        command.limits.cpuTime = .seconds(1)
        #expect(try await run(command).exit == .signal(SIGXCPU))
    }

    @Test(.enabled(if: isRoot)) func `another user is become wholly, groups and all`() async throws
    {
        let user = try #require(try HostUser.named("nobody"))
        var command = ChildCommand.shell("id -un; id -G; grep -E '^(Uid|Gid)' /proc/self/status")
        command.identity = user
        let lines = try await run(command).text(.out).split(separator: "\n").map(String.init)
        let (uid, gid) = (user.userID, user.groupID)
        #expect(lines.first == "nobody")
        #expect(Set(lines[1].split(separator: " ").compactMap { UInt32($0) }) == Set(user.groups))
        #expect(lines[2] == "Uid:\t\(uid)\t\(uid)\t\(uid)\t\(uid)")
        #expect(lines[3] == "Gid:\t\(gid)\t\(gid)\t\(gid)\t\(gid)")
        #expect(geteuid() == 0, "the user of this process has not changed")
    }

    @Test(.enabled(if: isRoot)) func `a folder is entered as the task's user`() throws {
        var command = ChildCommand(program: "/bin/true", directory: "/root")
        command.identity = try HostUser.named("nobody")
        #expect(refusal(command) == .directoryRefused("/root"))
        let folder = NSTemporaryDirectory() + "rota-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = folder + "/program"
        try Data("#!/bin/sh\n".utf8).write(to: URL(filePath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: program)
        command.directory = nil
        command.program = program
        #expect(refusal(command) == .notExecutable(program))
    }

    @Test(.enabled(if: isRoot)) func `a user who cannot be become is named`() throws {
        var command = ChildCommand(program: "/bin/true")
        // More groups than the kernel takes.
        command.identity = HostUser(
            name: "backup",
            userID: 34,
            groupID: 34,
            groups: Array(repeating: 34, count: 70_000),
            home: "/",
            shell: "/bin/sh"
        )
        let refusal = refusal(command).map { "\($0)" }
        #expect(refusal?.hasPrefix("cannot become user backup: ") == true)
    }

    @Test func `users are looked up with their groups`() throws {
        #expect(try HostUser.named("no-such-user-here") == nil)
        let root = try #require(try HostUser.named("root"))
        #expect(root.userID == 0 && root.home == "/root" && root.groups.contains(0))
        #expect(HostUser.own.userID == geteuid())
    }

    @Test func `a child can be kept from gaining privileges`() async throws {
        var command = ChildCommand.shell("grep NoNewPrivs /proc/self/status")
        #expect(try await run(command).text(.out) == "NoNewPrivs:\t0\n")
        command.isWithoutNewPrivileges = true
        #expect(try await run(command).text(.out) == "NoNewPrivs:\t1\n")
    }

    @Test func `a child ends with the thread that started it, if it is to`() async throws {
        for (endsWithItsStarter, exit) in [(true, ChildExit.signal(SIGKILL)), (false, nil)] {
            let starter = EventLoop(name: "starter")
            let watch = Watch()
            var command = ChildCommand(program: "/bin/sleep", arguments: ["71"])
            command.endsWithItsStarter = endsWithItsStarter
            let order = command
            let child = try await withCheckedThrowingContinuation { continuation in
                starter.call { [loop] in
                    continuation.resume(
                        with: Result {
                            try ChildProcess.spawn(order, on: loop) { watch.add($0) }
                        }
                    )
                }
            }
            starter.stop()
            if exit != nil { try await requireEventually { watch.result.exit == exit } }
            child.endTree(.terminate)
            try await requireEventually { watch.result.exit == exit ?? .signal(SIGTERM) }
            child.release()
        }
    }

    @Test func `offspring carries the mark, whatever it leaves behind`() async throws {
        let mark = ProcessMark("01MARK\(getpid())")
        var command = ChildCommand.shell("setsid env -i sleep 72 & echo $!; wait")
        command.mark = mark
        let watch = Watch()
        let child = try ChildProcess.spawn(command, on: loop) { watch.add($0) }
        try await requireEventually { watch.result.text(.out).hasSuffix("\n") }
        let printed = watch.result.text(.out).dropLast()
        let offspring = try #require(Int32(printed))
        try await requireEventually {
            ProcessTable.entry(of: offspring).map { $0.session == offspring } == true
        }
        #expect(ProcessMark(of: offspring) == mark)
        #expect(ProcessMark(of: child.processID) == mark)
        #expect(ProcessMark(of: 1) != mark)
        child.endTree(.kill)
        try await requireEventually { child.isTreeGone() && watch.result.exit != nil }
        child.release()
    }

    @Test func `what cannot be started leaves neither zombie nor descriptor`() async throws {
        // In a process of its own: other tests open descriptors at the same time.
        await #expect(processExitsWith: .success) {
            let fixture = SpawnTests()
            let before = try fixture.descriptors()
            for _ in 0..<100 {
                #expect(fixture.refusal(ChildCommand(program: "/no/such")) != nil)
                let lost = ChildCommand(program: "/bin/true", directory: "/no/such")
                #expect(fixture.refusal(lost) != nil)
            }
            try #require(try fixture.descriptors() <= before)
            let children = "/proc/self/task/\(getpid())/children"
            try #require(try String(contentsOfFile: children, encoding: .utf8).isEmpty)
        }
    }

    func run(_ command: ChildCommand) async throws -> Watch.Result {
        let watch = Watch()
        let child = try ChildProcess.spawn(command, on: loop) { watch.add($0) }
        try await requireEventually { watch.result.exit != nil && watch.result.closed.count == 2 }
        child.release()
        return watch.result
    }

    func refusal(_ command: ChildCommand) -> SpawnError? {
        #expect(throws: SpawnError.self) {
            try ChildProcess.spawn(command, on: loop) { _ in }
        }
    }

    func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}
