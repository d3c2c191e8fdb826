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
    private let jobs = (0..<4).map { number in
        JobEntry(
            uid: UID("00112233445566778899aabbccddee0\(number)"),
            name: ObjectKey(tenant: "default", kind: .job, name: "job-\(number)"),
            revision: .zero,
            job: Job(
                spec: JobSpec(task: .shell(ShellTask(command: "true")), schedule: "* * * * * *")
            ),
            createdAt: SystemClock.wall
        )
    }

    @Test func `a run that is not started gives back its own slot and no other`() async throws {
        let loop = EventLoop(name: "slots")
        let store = DoubtfulStore()
        let me = NodeName("n1")
        let started = Mutex(0)
        let definitions = Dictionary(
            uniqueKeysWithValues: jobs.map {
                ($0.uid, JobDefinition(name: $0.name, digest: .zero, spec: $0.job.spec))
            }
        )
        let dispatcher = Dispatcher(
            loop: loop,
            me: me,
            machine: SchedulerMachine(
                me: me,
                settings: SchedulerSettings(),
                zones: ZoneCatalog(load: ZoneInfoFiles.bytes(named:)),
                seed: 1
            ),
            slots: 2,
            world: Dispatcher.World(
                store: store,
                definitions: { uids in definitions.filter { uids.contains($0.key) } },
                start: { _ in started.withLock { $0 += 1 } },
                settle: { _ in },
                pass: { _ in },
                place: { _ in },
                refresh: { _ in },
                finish: { _ in }
            ),
            log: DaemonLog(name: "test", lowest: .error)
        )
        let running = Task { await dispatcher.run() }
        let hour = SystemClock.monotonic.advanced(by: .seconds(3_600))
        await dispatcher.trusted(SessionID(7), until: hour)
        await dispatcher.members([Candidate(name: me)])
        await dispatcher.put(jobs)
        // Of the first two runs only the second is started; so there is room for one more.
        try await requireEventually { started.withLock { $0 } >= 2 }
        #expect(store.claims.prefix(2) == [2, 1])
        running.cancel()
        await running.value
        loop.stop()
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
