// What a node carries between its parts, also while its store is slow or away.

import Foundation
import Gossip
import HTTPService
import JobList
import LockLease
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

@Suite(.tags(.integration), .timeLimit(.minutes(1))) final class NodeNewsTests: Sendable {
    private let folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString
    private let store = SlowStore()
    private let session = SessionID(7)

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// All parts of a node, which asks `store` instead of its own; `runner`: another one.
    private func parts(runner: RunnerLink? = nil) async throws -> NodeParts {
        let name = NodeName("n1")
        try FileStore.makeFolder(folder)
        let parts = try await NodeParts.make(
            NodeSettings(
                name: name,
                dataFolder: folder,
                storeURL: "sqlite://\(folder)/store.db",
                keyRing: KeyRing(keyless: "test")
            ),
            address: "127.0.0.1:9",
            log: DaemonLog(name: "test", lowest: .error)
        )
        return NodeParts(
            settings: parts.settings,
            log: parts.log,
            loop: parts.loop,
            store: store,
            replica: parts.replica,
            feed: parts.feed,
            tailer: parts.tailer,
            logs: parts.logs,
            copies: parts.copies,
            copier: parts.copier,
            runner: runner ?? parts.runner,
            completions: parts.completions,
            dispatcher: parts.dispatcher,
            gossip: parts.gossip,
            keys: parts.keys,
            sessions: parts.sessions,
            counters: parts.counters,
            switchboard: parts.switchboard
        )
    }

    /// Carries news while `work` is done.
    private func carrying(_ work: (NodeParts) async throws -> Void) async throws {
        let parts = try await parts()
        let carrying = Task { await parts.carryNews() }
        defer {
            store.gate.open()
            parts.switchboard.close()
        }
        try await work(parts)
        store.gate.open()
        parts.switchboard.close()
        await carrying.value
        parts.loop.stop()
    }

    private func trust(_ parts: NodeParts, for time: Duration) {
        let until = SystemClock.monotonic.advanced(by: time)
        parts.switchboard.tell(.session(.trusted(session, until: until)))
    }

    @Test func `trust passes triggers that the store is slow to tell of`() async throws {
        try await carrying { parts in
            let triggers = Switchboard.News.gossip(.signal(.triggers, from: NodeName("n2")))
            parts.switchboard.tell(triggers)
            try await requireEventually { store.asked == 1 }
            for _ in 0..<2 { parts.switchboard.tell(triggers) }
            trust(parts, for: .seconds(3_600))
            try await requireEventually { await parts.dispatcher.isTrusted }
            store.gate.open()
            // What was heard of meanwhile is asked for once.
            try await requireEventually { store.asked == 2 }
        }
        #expect(store.asked == 2)
    }

    @Test func `trust passes a session's note that waits for the store`() async throws {
        try await carrying { parts in
            trust(parts, for: .zero)
            trust(parts, for: .seconds(3_600))
            try await requireEventually { await parts.dispatcher.isTrusted }
        }
    }

    @Test func `a session that could not be noted is noted with the next renewal`() async throws {
        store.failures.withLock { $0 = 1 }
        store.gate.open()
        try await carrying { parts in
            trust(parts, for: .seconds(3_600))
            try await requireEventually { store.failures.withLock { $0 } == 0 }
            #expect(!FileStore.exists(folder + "/session"))
            // A renewal every now and then, as in life.
            try await requireEventually {
                trust(parts, for: .seconds(3_600))
                return FileStore.exists(folder + "/session")
            }
        }
    }

    @Test func `a node that waits for its runner ends when it is told to`() async throws {
        let loop = EventLoop(name: "test")
        let launches = Mutex(0)
        let parts = try await parts(
            runner: RunnerLink(
                loop: loop,
                dataFolder: folder,
                address: "127.0.0.1:9",
                log: DaemonLog(name: "test", lowest: .error),
                launch: { _ throws(SystemError) in
                    launches.withLock { $0 += 1 }
                    throw SystemError(code: 13, while: "start a runner")
                },
                tell: { _ in }
            )
        )
        let gate = RouterGate()
        let server = try HTTPServer(settings: HTTPServerSettings(listen: "127.0.0.1:0")) {
            await gate.answer($0)
        }
        let node = Node(parts: parts, server: server, gate: gate)
        let (stopping, stop) = AsyncStream.makeStream(of: Void.self)
        let hasEnded = Mutex(false)
        let running = Task {
            await node.run(until: stopping, grace: .seconds(1))
            hasEnded.withLock { $0 = true }
        }
        try await requireEventually { launches.withLock { $0 } > 1 }
        stop.yield()
        try await requireEventually { hasEnded.withLock { $0 } }
        await running.value
        loop.stop()
        parts.loop.stop()
    }
}

/// Answers nothing before it is let go, and then says first that it is away, so many times.
private final class SlowStore: PartialStore {
    let failures = Mutex(0)
    let gate = Gate()
    private let count = Mutex(0)

    /// How often it was asked for triggers.
    var asked: Int { count.withLock { $0 } }

    func dueTriggers(limit: Int) async -> [Trigger] {
        count.withLock { $0 += 1 }
        await gate.opened()
        return []
    }

    func identify() async throws(StoreError) -> StoreIdentity {
        await gate.opened()
        let fails = failures.withLock { failures in
            defer { failures = max(0, failures - 1) }
            return failures > 0
        }
        guard !fails else { throw .unavailable("for a moment") }
        return StoreIdentity(id: "s", schema: 1, head: .start, writes: 1, clock: nil)
    }
}
