// A keeper with what it needs, and orders for it.

import Foundation
import HTTPClient
import LockLease
import LogSink
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

/// One life of a keeper in a folder of its own, or in that of a previous life.
final class RunFixture: Sendable {
    let loop = EventLoop(name: "runs")
    let sink: any LogSink
    let keeper: RunKeeper
    let folder: String
    private let ownsFolder: Bool
    private let received: ReportLog

    var reports: [RunReport] { received.all }

    init(
        sink: any LogSink = InMemoryLogSink(),
        http: any HTTPSending = HTTPClient(),
        host: TaskHost = TaskHost(),
        folder: String? = nil,
        look: @escaping @Sendable () -> ProcessLook = { ProcessLook() },
        also hear: @escaping @Sendable (RunReport) -> Void = { _ in }
    ) throws {
        self.sink = sink
        ownsFolder = folder == nil
        self.folder = folder ?? NSTemporaryDirectory() + "rota-" + UUID().uuidString
        let received = ReportLog()
        self.received = received
        keeper = try RunKeeper(
            loop: loop,
            sink: sink,
            http: http,
            host: host,
            dataFolder: self.folder,
            look: look,
            log: DaemonLog(name: "test", lowest: .error)
        ) { report in
            received.add(report)
            hear(report)
        }
        let isTrusted = DispatchSemaphore(value: 0)
        loop.call { [keeper] in
            keeper.assumeIsolated { $0.rely(on: .inAnHour) }
            isTrusted.signal()
        }
        isTrusted.wait()
    }

    deinit {
        loop.stop()
        if ownsFolder { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// Runs `order` to its report.
    func run(_ order: RunOrder) async throws -> RunReport {
        await keeper.start(order)
        return try await report(of: order)
    }

    func report(of order: RunOrder) async throws -> RunReport {
        try await requireEventually { reports.contains { $0.run == order.grant.run } }
        await keeper.recorded(order.grant.run)
        return try #require(reports.last { $0.run == order.grant.run })
    }

    /// The whole log, once it is complete: a line of `out`, `err` or `note` each.
    func log(of order: RunOrder) async throws -> [String] {
        let run = order.grant.run
        var lines: [String] = []
        var offset: Int64 = 0
        try await requireEventually { (try? await sink.read(run, from: 0, limit: 1)) != nil }
        while true {
            let page = try await sink.read(run, from: offset, limit: 1 << 20)
            lines += page.lines.map {
                "\($0.line.stream.rawValue) \(String(decoding: $0.line.text, as: UTF8.self))"
            }
            offset = page.next
            if page.isComplete, offset >= page.end { return lines }
            await sink.wait(for: run, beyond: page.end, timeout: .seconds(1))
        }
    }

    /// The runs that are noted in the journal.
    var journal: [String] {
        (try? RunJournal(dataFolder: folder).entries.map(\.run.text)) ?? []
    }
}

extension SessionTrust {
    /// In the session of the orders made here.
    static var inAnHour: Self { of(SessionID(7), for: .seconds(3_600)) }

    static func of(
        _ session: SessionID,
        for length: Duration,
        grace: Duration = .seconds(5)
    ) -> Self {
        Self(
            session: session,
            until: SystemClock.monotonic.advanced(by: length),
            grace: grace
        )
    }
}

final class ReportLog: Sendable {
    private let reports = Mutex<[RunReport]>([])

    var all: [RunReport] { reports.withLock { $0 } }

    func add(_ report: RunReport) {
        reports.withLock { $0.append(report) }
    }
}

extension RunOrder {
    private static let count = Mutex(0)

    /// An order for a run of its own.
    static func shell(_ command: String, _ change: (inout JobSpec) -> Void = { _ in }) -> Self {
        order(.shell(ShellTask(command: command)), change)
    }

    static func http(_ task: HTTPTask, _ change: (inout JobSpec) -> Void = { _ in }) -> Self {
        order(.http(task), change)
    }

    static func sql(
        _ task: SQLTask,
        fence: Int64 = 41,
        _ change: (inout JobSpec) -> Void = { _ in }
    ) -> Self {
        order(.sql(task), fence: fence, change)
    }

    static func order(
        _ task: TaskSpec,
        shard: Shard = .whole,
        fence: Int64 = 41,
        _ change: (inout JobSpec) -> Void = { _ in }
    ) -> Self {
        let number = count.withLock { number in
            number += 1
            return number
        }
        var spec = JobSpec(task: task)
        spec.killGrace = .milliseconds(200)
        change(&spec)
        let key = RunKey(
            job: UID("00112233445566778899aabbccddeeff"),
            instant: Instant(unixSeconds: 1_800_000_000),
            shard: shard,
            attempt: 2
        )
        let grant = Grant(
            run: RunID("01RUN\(getpid())X\(number)"),
            key: key,
            cause: .schedule,
            fence: Fence(fence),
            digest: .zero
        )
        return Self(
            grant: grant,
            name: ObjectKey(tenant: "default", kind: .job, name: "nightly"),
            spec: spec,
            node: NodeName("n1"),
            session: SessionID(7)
        )
    }

    func kill(by author: String = "ann", grace: Duration? = nil) -> KillOrder {
        KillOrder(run: grant.run, author: author, grace: grace, requestedAt: .epoch)
    }
}
