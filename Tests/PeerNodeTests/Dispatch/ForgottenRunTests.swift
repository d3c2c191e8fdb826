// Which open runs of a session its node has forgotten, also while a claim's answer is on its way.

import CronEval
import JobList
import LockLease
import Platform
import Scheduler
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

@Suite(.timeLimit(.minutes(1))) final class ForgottenRunTests: Sendable {
    private let store = HeldStore()
    private let started = Mutex<[RunID]>([])

    /// A node with one job that is due every second, and races for it while `work` is done.
    private func racing(_ work: (Dispatcher) async throws -> Void) async throws {
        let racer = Racer(
            jobs: 1,
            slots: 8,
            store: store,
            session: HeldStore.session,
            start: { [self] order in started.withLock { $0.append(order.grant.run) } }
        )
        try await racer.race(work)
    }

    @Test func `a run whose claim is still being answered is not forgotten`() async throws {
        try await racing { dispatcher in
            try await requireEventually { !store.won.isEmpty }
            let (ours, stranger) = (try #require(store.won.first), RunID("01FORGOTTEN"))
            let open = [ours, stranger].map(HeldStore.record)
            // The claim is in the store, and nobody here knows yet that it was won.
            let haste = await dispatcher.unknown(among: open, within: .milliseconds(100))
            #expect(haste == nil, "a guess")
            async let unknown = dispatcher.unknown(among: open, within: .seconds(60))
            store.gate.open()
            #expect(await unknown?.map(\.id) == [stranger])
            #expect(started.withLock { $0.first } == ours)
        }
    }

    @Test func `what is adopted from the runner is not forgotten`() async throws {
        try await racing { dispatcher in
            store.gate.open()
            let order = RunOrder.shell("true")
            await dispatcher.adopt([order])
            let open = [order.grant.run, RunID("01FORGOTTEN")].map(HeldStore.record)
            let unknown = await dispatcher.unknown(among: open, within: .seconds(60))
            #expect(unknown?.map(\.id) == [RunID("01FORGOTTEN")])
        }
    }

    @Test func `what is forgotten is reported once, however late it can be looked for`() async {
        let told = Mutex<[Completion]>([])
        let living = Mutex<[SessionID?]>([nil, nil])
        let guesses = Mutex(1)
        var runs = ForgottenRuns(
            store: LateStore(failures: 3),
            current: {
                living.withLock { $0.popLast() ?? HeldStore.session }
            },
            unknown: { open in
                let isGuess = guesses.withLock { guesses in
                    defer { guesses = max(0, guesses - 1) }
                    return guesses > 0
                }
                return isGuess ? nil : open
            },
            finish: { item in told.withLock { $0.append(item.completion) } },
            log: DaemonLog(name: "test", lowest: .error)
        )
        runs.pauses = [.zero, .zero]
        runs.interval = .milliseconds(1)
        await runs.close(of: HeldStore.session)
        #expect(told.withLock { $0.map(\.run) } == [RunID("01FORGOTTEN")])
        #expect(told.withLock { $0.map(\.state) } == [.lost])
    }

    @Test func `what is under another session is nobody's to report`() async {
        var runs = ForgottenRuns(
            store: LateStore(failures: 0),
            current: { SessionID(8) },
            unknown: { $0 },
            finish: { Issue.record("\($0.completion.run) was reported") },
            log: DaemonLog(name: "test", lowest: .error)
        )
        runs.pauses = [.zero]
        await runs.close(of: HeldStore.session)
    }
}

/// Tells of an open run, but not at once.
private final class LateStore: PartialStore {
    private let failures: Mutex<Int>

    init(failures: Int) {
        self.failures = Mutex(failures)
    }

    func runs(_ filter: RunFilter) throws(StoreError) -> [RunRecord] {
        let fails = failures.withLock { failures in
            defer { failures = max(0, failures - 1) }
            return failures > 0
        }
        guard !fails else { throw .unavailable("not yet") }
        return [HeldStore.record(RunID("01FORGOTTEN"))]
    }
}

/// Grants every claim, and keeps the answers back until its gate is open.
private final class HeldStore: PartialStore {
    static let session = SessionID(7)
    static let revision = Revision.zero
    let gate = Gate()
    private let grants = Mutex<[RunID]>([])

    /// The runs that claims have won.
    var won: [RunID] { grants.withLock { $0 } }

    static func record(_ run: RunID) -> RunRecord {
        let order = RunOrder.shell("true")
        return RunRecord(
            id: run,
            key: order.grant.key,
            name: order.name,
            cause: .schedule,
            fence: Fence(1),
            revision: revision,
            node: order.node,
            session: session,
            state: .open,
            claimedAt: .epoch
        )
    }

    func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) async throws(StoreError) -> [ClaimOutcome] {
        let outcomes = items.map { item in
            guard case .instants(_, _, let runs, _) = item.subject else { return ClaimOutcome.gone }
            return .won(
                runs.map { run in
                    let key = RunKey(job: item.job, instant: run.instant, shard: .whole, attempt: 1)
                    return Grant(
                        run: run.run,
                        key: key,
                        cause: run.cause,
                        fence: Fence(1),
                        digest: .zero
                    )
                }
            )
        }
        grants.withLock { won in
            for case .won(let grants) in outcomes { won += grants.map(\.run) }
        }
        await gate.opened()
        return outcomes
    }

    func cursors(of jobs: [UID]) -> [UID: Instant] {
        Dictionary(uniqueKeysWithValues: jobs.map { ($0, SystemClock.wall) })
    }
}
