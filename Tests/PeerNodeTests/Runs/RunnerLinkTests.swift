// A node's line to its runner: nothing ordered is lost, nothing is run twice.

import Foundation
import LockLease
import LogSink
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

@Suite(.tags(.integration), .timeLimit(.minutes(1)), .serialized)
final class RunnerLinkTests: Sendable {
    let folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString
    let loop = EventLoop(name: "node")
    let told = Mutex<[RunnerLink.News]>([])

    deinit {
        loop.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private var reports: [RunReport] {
        told.withLock { $0 }.compactMap { if case .report(let report) = $0 { report } else { nil } }
    }

    private func link(patience: Duration = .seconds(5)) async -> RunnerLink {
        let link = RunnerLink(
            loop: loop,
            dataFolder: folder,
            address: "127.0.0.1:9",
            log: DaemonLog(name: "test", lowest: .error),
            patience: patience,
            launch: { _ in nil },
            tell: { [self] news in told.withLock { $0.append(news) } }
        )
        await link.open()
        await link.rely(on: .inAnHour)
        return link
    }

    @Test func `every word means the same on both sides`() throws {
        let order = RunOrder.shell("exit 3") { spec in
            spec.timeout = .seconds(90)
            spec.retries.limit = 2
        }
        let requests: [RunnerRequest] = [
            .hello(version: 1, address: "h:1"), .hold(path: "/x y"), .rely(nil),
            .start(order),
            .rely(
                SessionTrust(
                    session: SessionID(9),
                    until: MonotonicInstant(sinceBoot: .nanoseconds(123_456_789)),
                    grace: .milliseconds(5_001)
                )
            ),
            .kill(order.kill(grace: .milliseconds(5))), .kill(order.kill()),
            .callback(3, order.grant.run, token: "t", CallbackOutcome(succeeded: true)),
            .recorded(order.grant.run), .stop(grace: .seconds(20)),
            .prune(LogRetention(age: .seconds(5), runsPerJob: 3, totalBytes: 9, now: .epoch)),
        ]
        for request in requests { #expect(RunnerRequest(line: request.line) == request) }
        var news: [RunnerNews] = [.hello(version: 1), .known(order), .ready, .stopped]
        news.append(.callback(3, isKnown: true))
        for exit in [nil, ExitStatus.code(3), .signal(9), .httpStatus(503)] {
            news.append(.report(RunReport(order.grant, .failed, exit, "why \"so\"\n")))
        }
        for item in news { #expect(RunnerNews(line: item.line) == item) }
    }

    @Test func `what is no word of ours is refused`() {
        let texts = [
            "", "{}", "[1]", #"{"word":"start"}"#, #"{"word":"start","order":{}}"#, "x",
        ]
        for text in texts {
            #expect(RunnerRequest(line: Array(text.utf8)) == nil)
            #expect(RunnerNews(line: Array(text.utf8)) == nil)
        }
    }

    @Test func `a run is reported over the line, and forgotten once it is recorded`() async throws {
        let runner = try await RunnerFixture(folder: folder)
        let link = await link()
        let order = RunOrder.shell("exit 3")
        await link.start(order)
        try await requireEventually { !reports.isEmpty }
        #expect(reports.map(\.exit) == [.code(3)])
        #expect(runner.world.journal == [order.grant.run.text])
        await link.recorded(order.grant.run)
        try await requireEventually { runner.world.journal.isEmpty }
        await runner.end()
    }

    @Test func `a broken line loses no run and no report`() async throws {
        let runner = try await RunnerFixture(folder: folder)
        let link = await link()
        let gate = folder + "/gate"
        let order = RunOrder.shell("until [ -e \(gate) ]; do sleep 0.02; done; exit 4")
        await link.start(order)
        try await requireEventually { await !runner.world.keeper.active.isEmpty }
        await runner.cut()
        #expect(FileManager.default.createFile(atPath: gate, contents: nil))
        try await requireEventually { await runner.world.keeper.active.isEmpty }
        try await runner.mend()
        try await requireEventually { !reports.isEmpty }
        #expect(reports.map(\.exit) == [.code(4)])
        #expect(await link.runs.isEmpty)
        await runner.end()
    }

    @Test func `an order that a runner never got is given again`() async throws {
        let first = try await RunnerFixture(folder: folder)
        let link = await link()
        await first.cut()
        let order = RunOrder.shell("exit 5")
        await link.start(order)
        await first.end()
        let second = try await RunnerFixture(folder: folder)
        try await requireEventually { !reports.isEmpty }
        #expect(reports.map(\.exit) == [.code(5)])
        await second.end()
    }

    @Test func `a callback that nobody waits for is said to be unknown`() async throws {
        let runner = try await RunnerFixture(folder: folder)
        let link = await link()
        let outcome = CallbackOutcome(succeeded: true)
        #expect(await link.callback(RunID("01X"), token: "t", outcome: outcome) == false)
        await runner.end()
        try await requireEventually {
            await link.callback(RunID("01X"), token: "t", outcome: outcome) == nil
        }
    }

    @Test func `a runner that is about to leave takes no orders of the next node`() async throws {
        let runner = try await RunnerFixture(folder: folder)
        let former = await link()
        let order = RunOrder.shell("trap '' TERM; while :; do sleep 0.02; done") { spec in
            spec.killGrace = .seconds(1)
        }
        await former.start(order)
        try await requireEventually { await !runner.world.keeper.active.isEmpty }
        async let stopped: Void = former.stop(grace: .zero)
        try await requireEventually { await runner.isStopping }
        let stranger = LineChannel(
            try Socket.connected(to: "door", in: folder + "/runner"),
            on: loop
        )
        let hasEnded = Mutex(false)
        loop.call {
            stranger.start { event in
                if case .ended = event { hasEnded.withLock { $0 = true } }
            }
        }
        try await requireEventually { hasEnded.withLock(\.self) }
        await stopped
        #expect(reports.map(\.state) == [.lost])
        await runner.end()
    }

    @Test func `a callback is answered at once when its runner goes without a word`() async throws {
        try FileStore.makeFolder(folder + "/runner")
        let listener = try Socket.listener(in: folder + "/runner", called: "door")
        let runner = MuteRunner(listener, on: loop)
        let link = await link(patience: .seconds(3_600))
        async let answer = link.callback(
            RunID("01X"),
            token: "t",
            outcome: CallbackOutcome(succeeded: true)
        )
        try await requireEventually { runner.hasHeardCallback }
        runner.leave()
        // Without the end of the line there would be an answer in an hour.
        #expect(await answer == nil)
        await link.close()
    }

    @Test func `a node that starts again hears of the runs of its former life`() async throws {
        let runner = try await RunnerFixture(folder: folder)
        let former = await link()
        let (ended, open) = (RunOrder.shell("exit 6"), RunOrder.shell("sleep 60"))
        await former.start(ended)
        await former.start(open)
        try await requireEventually { reports.count == 1 }
        await former.close()
        told.withLock { $0 = [] }
        let next = await link()
        let known = told.withLock { $0 }.flatMap { news -> [RunID] in
            if case .known(let orders) = news { orders.map(\.grant.run) } else { [] }
        }
        #expect(Set(known) == [ended.grant.run, open.grant.run])
        #expect(reports.map(\.exit) == [.code(6)])
        await next.kill(open.kill(grace: .zero))
        try await requireEventually { reports.count == 2 }
        #expect(reports.last?.state == .killed)
        await next.stop(grace: .zero)
        await runner.end()
    }
}

/// A runner in this process.
final class RunnerFixture: Sendable {
    let world: RunFixture
    private let relay: ReportRelay

    init(folder: String) async throws {
        let relay = ReportRelay()
        self.relay = relay
        world = try RunFixture(folder: folder, also: { relay.tell($0) })
        try FileManager.default.createDirectory(
            atPath: folder + "/runner",
            withIntermediateDirectories: true
        )
        try await mend()
    }

    /// Opens a door for the keeper.
    func mend() async throws {
        let door = RunnerDoor(
            loop: world.loop,
            settings: RunnerSettings(name: NodeName("n1"), dataFolder: world.folder),
            sink: world.sink,
            log: DaemonLog(name: "test", lowest: .error)
        )
        relay.door = door
        try await door.open(world.keeper)
    }

    /// Closes the door: nobody hears of this runner, and it goes on.
    func cut() async {
        await relay.door?.close()
        relay.door = nil
        try? FileManager.default.removeItem(atPath: world.folder + "/runner/door")
    }

    var isStopping: Bool {
        get async { await relay.door?.isStopping ?? false }
    }

    func end() async {
        await world.keeper.stopAll(grace: .zero)
        await cut()
    }
}

/// Greets its node, and says nothing else.
final class MuteRunner: Sendable {
    private let channel = Mutex<LineChannel?>(nil)
    private let heard = Mutex(false)
    private let loop: EventLoop

    /// Whether the node waits for what came of a callback.
    var hasHeardCallback: Bool { heard.withLock(\.self) }

    init(_ listener: Socket, on loop: EventLoop) {
        self.loop = loop
        loop.watch(listener.descriptor) { [self] in
            guard let socket = listener.accept() else { return }
            let channel = LineChannel(socket, on: loop)
            self.channel.withLock { $0 = channel }
            channel.start { [weak self] event in
                guard case .line(let line) = event else { return }
                self?.take(RunnerRequest(line: line))
            }
            // Nobody is let in after it: what the node asks for again is not answered either.
            loop.unwatch(listener.descriptor)
        }
    }

    private func take(_ request: RunnerRequest?) {
        switch request {
        case .hello:
            let channel = channel.withLock(\.self)
            channel?.send(RunnerNews.hello(version: runnerWordsVersion).line)
            channel?.send(RunnerNews.ready.line)
        case .callback: heard.withLock { $0 = true }
        case _: break
        }
    }

    func leave() {
        loop.call { [self] in
            channel.withLock { channel in
                channel?.close()
                channel = nil
            }
        }
    }
}

/// Carries a keeper's reports to the door that is open.
final class ReportRelay: Sendable {
    private let current = Mutex<RunnerDoor?>(nil)

    var door: RunnerDoor? {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    func tell(_ report: RunReport) {
        door?.assumeIsolated { $0.tell(report) }
    }
}
