// Real children: what they print, how they end, and that nothing is left of them.

import Foundation
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
final class ChildProcessTests: Sendable {
    let loop = EventLoop(name: "children")

    deinit {
        loop.stop()
    }

    @Test(arguments: [0, 1, 3, 255])
    func `an exit code is told`(code: Int32) async throws {
        let result = try await run("exit \(code)")
        #expect(result.exit == .code(code))
    }

    @Test func `a signal is told from an exit code`() async throws {
        #expect(try await run("kill -9 $$").exit == .signal(9))
    }

    @Test func `an exit that somebody else has taken is told, as unknown`() async throws {
        let watch = Watch()
        let child = try ChildProcess.spawn(.shell("exec sleep 60"), on: loop) { watch.add($0) }
        let gate = LoopGate(loop)
        try await requireEventually { gate.isHolding }
        kill(child.processID, SIGKILL)
        var status: Int32 = 0
        let reaped = unsafe waitpid(child.processID, &status, 0)
        gate.open()
        #expect(reaped == child.processID)
        try await requireEventually { watch.result.exit != nil }
        guard case .unknown(let error) = watch.result.exit else {
            Issue.record("\(String(describing: watch.result.exit))")
            return
        }
        #expect(error.code == ECHILD)
        try await requireEventually { child.isTreeGone() }
        child.release()
    }

    @Test func `one that has ended is reaped by its release, whatever the loop is at`()
        async throws
    {
        let child = try ChildProcess.spawn(.shell("exec sleep 60"), on: loop) { _ in }
        let gate = LoopGate(loop)
        try await requireEventually { gate.isHolding }
        child.endTree(.kill)
        try await requireEventually { ProcessTable.entry(of: child.processID)?.isZombie ?? true }
        child.release()
        // An unreaped child would keep the testing library from hearing of its own.
        #expect(ProcessTable.entry(of: child.processID) == nil)
        gate.open()
    }

    @Test func `the two streams are told apart, each in order`() async throws {
        let result = try await run("for i in 1 2 3; do echo out$i; echo err$i >&2; done")
        #expect(result.text(.out) == "out1\nout2\nout3\n")
        #expect(result.text(.err) == "err1\nerr2\nerr3\n")
    }

    @Test func `10 MB of output arrive whole`() async throws {
        let result = try await run("head -c 10000000 /dev/zero")
        #expect(result.output[.out]?.count == 10_000_000)
        #expect(result.exit == .code(0))
    }

    @Test func `standard input is the text given, of any length`() async throws {
        var command = ChildCommand(program: "/bin/sh", arguments: ["-c", "cat | wc -c; cat"])
        command.input = Array(repeating: 0x61, count: 1_000_000)
        #expect(try await run(command).text(.out) == "1000000\n")
        command.arguments = ["-c", "exit 0"]
        #expect(try await run(command).exit == .code(0))
        #expect(try await run("cat; echo end").text(.out) == "end\n")
    }

    @Test func `environment, folder and standard descriptors are all that is inherited`()
        async throws
    {
        unsafe setenv("ROTA_LEAK", "1", 1)
        let leaked = unsafe open("/dev/null", O_RDONLY)
        defer { close(leaked) }
        var command = ChildCommand(
            program: "/bin/sh",
            arguments: ["-c", "env | sort; pwd; ls /proc/self/fd; grep Sig /proc/self/status"],
            environment: ["A": "1", "B": "x y=z"],
            directory: "/usr"
        )
        signal(SIGUSR1, SIG_IGN)
        defer { signal(SIGUSR1, SIG_DFL) }
        let text = try await run(command).text(.out)
        #expect(text.hasPrefix("A=1\nB=x y=z\n"))
        #expect(!text.contains("ROTA_LEAK"))
        #expect(text.contains("\n/usr\n"))
        // `ls` itself opens descriptor 3 to read the folder.
        #expect(text.contains("\n0\n1\n2\n3\nSigQ"))
        #expect(text.contains("SigBlk:\t0000000000000000"))
        #expect(text.contains("SigIgn:\t0000000000000000"))
        command.arguments = ["-c", "cut -d' ' -f5,6 /proc/$$/stat; echo $$ $$"]
        let lines = try await run(command).text(.out).split(separator: "\n")
        #expect(lines.first == lines.last, "group and session are the child's own")
    }

    @Test func `what cannot be started is refused with a sentence`() throws {
        func refusal(_ command: ChildCommand) -> SpawnError? {
            #expect(throws: SpawnError.self) {
                try ChildProcess.spawn(command, on: loop) { _ in }
            }
        }
        var command = ChildCommand(program: "/no/such/shell")
        #expect(refusal(command) == .noSuchProgram("/no/such/shell"))
        command.program = "/etc/passwd"
        #expect(refusal(command) == .notExecutable("/etc/passwd"))
        command.program = "/bin/true"
        command.directory = "/no/such/folder"
        #expect(refusal(command) == .noSuchDirectory("/no/such/folder"))
        command.directory = "/etc/passwd"
        #expect(refusal(command) == .noSuchDirectory("/etc/passwd"))
        command.directory = nil
        command.arguments = [String(repeating: "x", count: 200_000)]
        #expect(refusal(command) == .tooLarge(bytes: 200_011))
        command.arguments = ["a\0b"]
        #expect(refusal(command).map { "\($0)" }?.contains("zero byte") == true)
        command.arguments = []
        command.environment = ["A=B": "c"]
        #expect(refusal(command).map { "\($0)" }?.contains("`A=B` is no name") == true)
        #expect("\(SpawnError.noSuchProgram("bash"))".contains("/bin/sh"))
    }

    @Test func `a tree with groups of its own is ended, TERM or not`() async throws {
        // `set -m` gives each background job a group of its own, as an interactive shell does.
        let script = "set -m; trap '' TERM; sleep 600 & sleep 600 & echo up; wait; wait; wait"
        let watch = Watch()
        let child = try spawn(.init(program: "/bin/bash", arguments: ["-c", script]), watch)
        try await requireEventually { watch.result.text(.out) == "up\n" }
        #expect(child.isTreeGone() == false)
        var tree = ProcessTree(session: child.processID)
        let members = tree.members(in: ProcessLook())
        #expect(members.count == 3)
        #expect(Set(members.map(\.group)).count == 3)
        child.endTree(.kill)
        try await requireEventually { child.isTreeGone() }
        try await requireEventually { watch.result.exit == .signal(9) }
        child.release()
    }

    @Test func `a child that ignores TERM lives until KILL`() async throws {
        let watch = Watch()
        let child = try spawn(
            .shell("trap 'echo no' TERM; echo up; while :; do sleep 0.05; done"),
            watch
        )
        try await requireEventually { watch.result.text(.out) == "up\n" }
        child.endTree(.terminate)
        try await requireEventually { watch.result.text(.out).contains("no\n") }
        #expect(watch.result.exit == nil)
        child.endTree(.kill)
        try await requireEventually { watch.result.exit == .signal(9) }
        child.release()
    }

    @Test func `a pipe held by a process that left the session can be closed`() async throws {
        let watch = Watch()
        let child = try spawn(.shell("echo first; setsid sleep 5 & exit 0"), watch)
        try await requireEventually { watch.result.exit == .code(0) }
        try await requireEventually { child.isTreeGone() }
        #expect(watch.result.closed.isEmpty)
        child.closeOutput()
        #expect(watch.result.closed == [.out, .err])
        #expect(watch.result.text(.out) == "first\n")
        child.release()
    }

    @Test func `a paused child is held up by its full pipe`() async throws {
        let watch = Watch()
        let child = try spawn(.shell("head -c 1000000 /dev/zero; echo >&2"), watch)
        child.pauseOutput()
        child.pauseOutput()
        await settle()
        let before = watch.result.output[.out, default: []].count
        #expect(before < 1_000_000)
        #expect(watch.result.exit == nil)
        child.resumeOutput()
        try await requireEventually {
            watch.result.exit == .code(0) && watch.result.closed.count == 2
        }
        #expect(watch.result.output[.out]?.count == 1_000_000)
        child.release()
    }

    @Test func `200 children leave no descriptor and no zombie behind`() async throws {
        // In a process of its own: other tests open descriptors at the same time.
        await #expect(processExitsWith: .success) {
            let fixture = ChildProcessTests()
            _ = try await fixture.run("true")
            let before = try fixture.openDescriptors()
            for _ in 0..<20 {
                try await withThrowingTaskGroup { group in
                    for _ in 0..<10 {
                        group.addTask { _ = try await fixture.run("echo a; exit 0") }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(throws: SpawnError.self) {
                try ChildProcess.spawn(.init(program: "/no/such"), on: fixture.loop) { _ in }
            }
            let early = try fixture.spawn(.shell("sleep 0.1"), Watch())
            early.release()
            try await requireEventually { ProcessTable.entry(of: early.processID) == nil }
            // A few may be the testing library's own; a leak would be hundreds.
            try await requireEventually { try fixture.openDescriptors() < before + 10 }
            try #require(try fixture.children().isEmpty)
        }
    }

    /// Only on a quiet machine, with `ROTA_MEASURE=1`: the figures mean nothing on a busy one.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["ROTA_MEASURE"] != nil))
    func `starting children costs little more than posix_spawn itself`() async throws {
        let count = 300
        let began = SystemClock.monotonic
        for _ in 0..<count {
            var processID: Int32 = 0
            let name = unsafe strdup("/bin/true")
            defer { unsafe free(name) }
            let code = unsafe posix_spawn(&processID, "/bin/true", nil, nil, [name, nil], [nil])
            try #require(code == 0)
            waitpid(processID, nil, 0)
        }
        let bare = began.duration(to: SystemClock.monotonic)
        let again = SystemClock.monotonic
        let watch = RepeatedRun(on: loop, count: count)
        await watch.finish()
        let ours = again.duration(to: SystemClock.monotonic)
        let rates = [bare, ours].map { Int(Double(count) / $0.inSeconds) }
        print("spawns per second: \(rates[0]) bare, \(rates[1]) watched and reaped")
        #expect(ours < bare * 5)
    }

    // MARK: Fixture

    func run(_ script: String) async throws -> Watch.Result {
        try await run(.shell(script))
    }

    /// Runs `command` to its end.
    func run(_ command: ChildCommand) async throws -> Watch.Result {
        let watch = Watch()
        let child = try spawn(command, watch)
        try await requireEventually { watch.result.exit != nil && watch.result.closed.count == 2 }
        #expect(child.isTreeGone())
        child.release()
        return watch.result
    }

    func spawn(_ command: ChildCommand, _ watch: Watch) throws -> ChildProcess {
        try ChildProcess.spawn(command, on: loop) { watch.add($0) }
    }

    /// Lets the loop handle what is ready by now.
    func settle() async {
        for _ in 0..<3 {
            await withCheckedContinuation { done in loop.call { done.resume() } }
        }
    }

    func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    /// The process ids of this process's children, the unreaped ones included.
    func children() throws -> [String] {
        let path = "/proc/self/task/\(getpid())/children"
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: " ").map(
            String.init
        )
    }
}

/// Runs `/bin/true` a number of times, one after the other, on the loop.
private final class RepeatedRun: Sendable {
    private struct State {
        var left: Int
        var child: ChildProcess?
        var done: CheckedContinuation<Void, Never>?
    }

    private let loop: EventLoop
    private let state: Mutex<State>

    init(on loop: EventLoop, count: Int) {
        self.loop = loop
        state = Mutex(State(left: count))
    }

    func finish() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.done = continuation }
            loop.call { self.next() }
        }
    }

    private func next() {
        let left = state.withLock { state in
            state.child?.release()
            state.child = nil
            state.left -= 1
            return state.left
        }
        guard left >= 0 else { return state.withLock { $0.done }?.resume() ?? () }
        let command = ChildCommand(program: "/bin/true")
        let child = try? ChildProcess.spawn(command, on: loop) { event in
            guard case .exited = event else { return }
            self.loop.call { self.next() }
        }
        state.withLock { $0.child = child }
    }
}

/// Holds a loop's thread until it is opened.
final class LoopGate: Sendable {
    private let isReached = Mutex(false)
    private let end = DispatchSemaphore(value: 0)

    var isHolding: Bool { isReached.withLock(\.self) }

    init(_ loop: EventLoop) {
        loop.call { [self] in
            isReached.withLock { $0 = true }
            end.wait()
        }
    }

    func open() { end.signal() }
}

extension ChildCommand {
    static func shell(_ script: String) -> Self {
        Self(
            program: "/bin/sh",
            arguments: ["-c", script],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"]
        )
    }
}

/// Collects the events of one child.
final class Watch: Sendable {
    struct Result {
        var output: [ChildStream: [UInt8]] = [:]
        var closed: Set<ChildStream> = []
        var exit: ChildExit?

        func text(_ stream: ChildStream) -> String {
            String(decoding: output[stream] ?? [], as: UTF8.self)
        }
    }

    private let state = Mutex(Result())

    var result: Result { state.withLock { $0 } }

    func add(_ event: ChildEvent) {
        state.withLock { result in
            switch event {
            case .output(let stream, let bytes): result.output[stream, default: []] += bytes
            case .closed(let stream): result.closed.insert(stream)
            case .exited(let exit):
                #expect(result.exit == nil)
                result.exit = exit
            }
        }
    }
}
