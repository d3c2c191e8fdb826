// A node's part in the race, with a store that its test has made.

import CronEval
import JobList
import LockLease
import PeerNode
import Platform
import Scheduler
import Vocabulary

/// A dispatcher whose jobs are due every second, and around it nothing but the store.
struct Racer: Sendable {
    private let loop = EventLoop(name: "racer")
    private let me = NodeName("n1")
    private let dispatcher: Dispatcher
    private let entries: [JobEntry]
    private let session: SessionID

    /// `jobs`: How many there are, at most ten.
    init(
        jobs: Int,
        slots: Int,
        store: any LeaseStore,
        session: SessionID,
        start: @escaping @Sendable (RunOrder) -> Void
    ) {
        let spec = JobSpec(task: .shell(ShellTask(command: "true")), schedule: "* * * * * *")
        let entries = (0..<jobs).map { number in
            JobEntry(
                uid: UID("00112233445566778899aabbccddee0\(number)"),
                name: ObjectKey(tenant: "default", kind: .job, name: "job-\(number)"),
                revision: .zero,
                job: Job(spec: spec),
                createdAt: SystemClock.wall
            )
        }
        let definitions = Dictionary(
            uniqueKeysWithValues: entries.map {
                ($0.uid, JobDefinition(name: $0.name, digest: .zero, spec: spec))
            }
        )
        (self.entries, self.session) = (entries, session)
        dispatcher = Dispatcher(
            loop: loop,
            me: me,
            machine: SchedulerMachine(
                me: me,
                settings: SchedulerSettings(),
                zones: ZoneCatalog(load: ZoneInfoFiles.bytes(named:)),
                seed: 1
            ),
            slots: slots,
            world: Dispatcher.World(
                store: store,
                definitions: { uids in definitions.filter { uids.contains($0.key) } },
                start: start,
                settle: { _ in },
                pass: { _ in },
                place: { _ in },
                refresh: { _ in },
                finish: { _ in }
            ),
            log: DaemonLog(name: "test", lowest: .error)
        )
    }

    /// Races while `work` is done.
    func race(_ work: (Dispatcher) async throws -> Void) async throws {
        let running = Task { await dispatcher.run() }
        let hour = SystemClock.monotonic.advanced(by: .seconds(3_600))
        await dispatcher.trusted(session, until: hour)
        await dispatcher.members([Candidate(name: me)])
        await dispatcher.put(entries)
        try await work(dispatcher)
        running.cancel()
        await running.value
        loop.stop()
    }
}
