// How many runs a node has at once, also while one that it won is not started.

import CronEval
import JobList
import LockLease
import PeerNode
import Platform
import Scheduler
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct SlotTests {
    @Test func `a run that is not started gives back its own slot and no other`() async throws {
        let store = DoubtfulStore()
        let started = Mutex(0)
        let racer = Racer(
            jobs: 4,
            slots: 2,
            store: store,
            session: SessionID(7),
            start: { _ in started.withLock { $0 += 1 } }
        )
        try await racer.race { _ in
            // Of the first two runs only the second is started; so there is room for one more.
            try await requireEventually { started.withLock { $0 } >= 2 }
            #expect(store.claims.prefix(2) == [2, 1])
        }
    }
}

/// Grants every claim, the first run of all under a digest that no node has.
private final class DoubtfulStore: PartialStore {
    private let sizes = Mutex<[Int]>([])

    /// How many runs each claim asked for.
    var claims: [Int] { sizes.withLock { $0 } }

    func claim(_: SessionID, id: RequestID, items: [ClaimItem]) -> [ClaimOutcome] {
        let isFirst = sizes.withLock { sizes in
            sizes.append(items.count)
            return sizes.count == 1
        }
        return items.enumerated().map { place, item in
            guard case .instants(_, _, let runs, _) = item.subject else { return .gone }
            let digest = isFirst && place == 0 ? Digest(high: 9, low: 9) : .zero
            return .won(
                runs.map { run in
                    Grant(
                        run: run.run,
                        key: RunKey(job: item.job, instant: run.instant),
                        cause: run.cause,
                        fence: Fence(1),
                        digest: digest
                    )
                }
            )
        }
    }

    func cursors(of jobs: [UID]) -> [UID: Instant] {
        Dictionary(uniqueKeysWithValues: jobs.map { ($0, SystemClock.wall) })
    }
}
