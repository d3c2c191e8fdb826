// What a node hears of its store's triggers, however many there are.

import Foundation
import JobList
import LockLease
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

@Suite(.timeLimit(.minutes(1))) final class StoreWatchTests: Sendable {
    private let folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    @Test func `triggers beyond what one answer holds are told of once the others are done with`()
        async throws
    {
        try FileStore.makeFolder(folder)
        let store = ManyTriggers(count: 1_001)
        let replica = try Replica(ReplicaSettings(path: folder + "/list.db"))
        let told = Mutex<[TriggerID]>([])
        let watch = StoreWatch(
            store: store,
            tailer: StoreTailer(store: store, list: replica),
            replica: replica,
            isTailer: { false },
            log: DaemonLog(name: "test", lowest: .error)
        ) { news in
            guard case .triggers(let triggers) = news else { return }
            told.withLock { $0 += triggers.map(\.id) }
            store.finish(triggers)
        }
        let watching = Task { await watch.run() }
        try await requireEventually { told.withLock { $0.contains(TriggerID(1_001)) } }
        watching.cancel()
        await watching.value
        #expect(told.withLock { $0 } == (1...1_001).map { TriggerID($0) })
        #expect(store.asked == 2)
        await replica.close()
    }
}

/// Has triggers, and a pulse that says nothing of their being done with.
private final class ManyTriggers: PartialStore {
    private let waiting: Mutex<[Trigger]>
    private let count = Mutex(0)

    init(count: Int64) {
        waiting = Mutex(
            (1...count).map { number in
                Trigger(
                    id: TriggerID(number),
                    key: RunKey(job: UID("job-\(number)"), instant: .epoch),
                    name: ObjectKey(tenant: "t", kind: .job, name: "job-\(number)"),
                    cause: .manual(by: "ann"),
                    notBefore: .epoch
                )
            }
        )
    }

    /// How often it was asked for what is due.
    var asked: Int { count.withLock { $0 } }

    func finish(_ triggers: [Trigger]) {
        let done = Set(triggers.map(\.id))
        waiting.withLock { $0.removeAll { done.contains($0.id) } }
    }

    func pulse() -> StorePulse { StorePulse(head: .start, triggers: 1, kills: 0) }

    func dueTriggers(limit: Int) -> [Trigger] {
        count.withLock { $0 += 1 }
        return waiting.withLock { Array($0.prefix(limit)) }
    }

    func nextTrigger() -> Instant? { nil }
}
