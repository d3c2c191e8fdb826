// The index with many jobs: how long it takes to be filled, edited, and asked what is due.

internal import CronEval
internal import LockLease
internal import Platform
internal import Scheduler
internal import Vocabulary

/// One scheduler, alone in its cluster, whose every claim is won.
struct IndexRace {
    let jobs: Int
    private var machine = Self.newMachine()

    init(jobs: Int) {
        self.jobs = jobs
    }

    static func newMachine() -> SchedulerMachine {
        var machine = SchedulerMachine(
            me: NodeName("one"),
            settings: SchedulerSettings(),
            zones: ZoneCatalog(load: ZoneInfoFiles.bytes(named:)),
            seed: 1
        )
        let start = RaceTime.moment(1_700)
        _ = machine.handle(.members([Candidate(name: NodeName("one"))]), at: start)
        _ = machine.handle(.slots(free: 1_000_000_000), at: start)
        let trusted = MonotonicInstant(sinceBoot: .seconds(1_000_000_000))
        _ = machine.handle(.trusted(until: trusted), at: start)
        return machine
    }

    mutating func run() {
        build()
        Figures.say("index-bytes", Double(machine.footprint) / Double(jobs), 48, "bytes")
        readCursors()
        edit()
        for (name, seconds) in [("0", 1_816), ("1k", 1_817), ("100k", 1_823)] {
            tick("index-tick-\(name)", to: Double(seconds))
        }
    }

    /// From pages of columns to an index in which every job's first fire is filed.
    private mutating func build() {
        var list = RaceList()
        let pages = list.pages(jobs)
        say("# \(jobs) jobs, \(list.all.count) outlines")
        var (times, sorts): ([Double], [Double]) = ([], [])
        for _ in 0..<3 {
            machine = Self.newMachine()
            let now = RaceTime.moment(1_710)
            times.append(
                Figures.seconds { for page in pages { _ = machine.handle(.load(page), at: now) } }
            )
            sorts.append(Figures.sorting(jobs))
        }
        let status = machine.status
        precondition(status.jobs == jobs && status.unreadable.isEmpty, "\(status)")
        say("# \(status.schedules) schedules")
        Figures.say("index-build", times.sorted()[1], sorts.sorted()[1], "s")
    }

    /// Answers every read of cursors, as a store would in which all is decided.
    private mutating func readCursors() {
        let now = RaceTime.moment(1_711)
        var actions = machine.handle(.deadlineReached, at: now)
        var count = 0
        let seconds = Figures.seconds {
            while true {
                var cursors: [UID: Instant] = [:]
                for case .readCursors(let uids) in actions {
                    for uid in uids { cursors[uid] = now.wall }
                }
                guard !cursors.isEmpty else { return }
                count += cursors.count
                actions = machine.handle(.cursors(cursors), at: now)
            }
        }
        say("# \(count) cursors taken in, \(Figures.rounded(seconds)) s with the store's side")
    }

    // MARK: Edits

    /// Each kind of edit one by one, all over the table.
    private mutating func edit() {
        let now = RaceTime.moment(1_712)
        let count = 20_000
        let step = max(1, jobs / count)
        let plain = RaceList.outline("7 7 * * *", "Europe/Berlin").job
        let paused = Job(
            spec: plain.spec,
            pause: Pause(reason: "", since: now.wall.advanced(by: .seconds(-1)))
        )
        func entry(_ number: Int, _ revision: UInt64, _ job: Job) -> JobEntry {
            JobEntry(
                uid: RaceList.uid(number).uid,
                name: ObjectKey(tenant: "default", kind: .job, name: "n"),
                revision: Revision(epoch: 1, sequence: revision),
                job: job,
                createdAt: RaceTime.noon.advanced(by: .seconds(1_705))
            )
        }
        let numbers = (0..<count).map { $0 * step }
        time("change", numbers.map { .put([entry($0, 1_000_000, plain)]) }, at: now)
        time("pause", numbers.map { .put([entry($0, 1_000_001, paused)]) }, at: now)
        time("remove", numbers.map { .removed([RaceList.uid($0).uid]) }, at: now)
        time("add", numbers.map { .put([entry(jobs + $0, 1_000_002, plain)]) }, at: now)
    }

    /// The 99th percentile beside that of one random access to as much memory.
    private mutating func time(_ name: String, _ events: [SchedulerEvent], at now: Moment) {
        var times: [Double] = []
        times.reserveCapacity(events.count)
        for event in events {
            times.append(Figures.seconds { _ = machine.handle(event, at: now) } * 1_000_000)
        }
        times.sort()
        let (half, worst) = (times[times.count / 2], times[times.count - 1])
        say("# \(name): half \(Figures.rounded(half)) µs, worst \(Figures.rounded(worst)) µs")
        Figures.say("index-\(name)-p99", times[times.count * 99 / 100], 100, "µs")
    }

    // MARK: Ticks

    /// Goes on to `seconds` in silence, and then says what the next second's jobs cost.
    private mutating func tick(_ name: String, to seconds: Double) {
        _ = settle(at: RaceTime.moment(seconds - 0.1))
        let (won, seconds, worst) = settle(at: RaceTime.moment(seconds))
        say("# \(name): \(won) runs, the longest call \(Figures.rounded(worst * 1_000)) ms")
        if won > 0 {
            Figures.say(name, seconds * 1_000, Figures.sorting(won) * 1_000, "ms")
        } else {
            Figures.say(name, seconds * 1_000_000, 100, "µs")
        }
    }

    /// Claims and wins whatever is due; only the machine's own time counts.
    private mutating func settle(at now: Moment) -> (won: Int, seconds: Double, worst: Double) {
        var (won, total, worst) = (0, 0.0, 0.0)
        var events: [SchedulerEvent] = [.deadlineReached]
        while let event = events.popLast() {
            var actions: [SchedulerAction] = []
            let seconds = Figures.seconds { actions = machine.handle(event, at: now) }
            total += seconds
            worst = max(worst, seconds)
            for action in actions {
                switch action {
                case .claim(let id, let items):
                    let grants = items.map { Self.grants(of: $0) }
                    won += grants.reduce(0) { $0 + $1.count }
                    events.insert(.claimed(id, grants.map { .won($0) }), at: 0)
                case .readCursors(let uids):
                    let cursors = uids.map { ($0, RaceTime.noon) }
                    events.insert(.cursors(Dictionary(uniqueKeysWithValues: cursors)), at: 0)
                case .wake(let instant):
                    // What is to be done at once is.
                    if instant <= now.wall.advanced(by: .milliseconds(1)), events.isEmpty {
                        events.insert(.deadlineReached, at: 0)
                    }
                case .start, .settle, .pass, .ran, .refresh: break
                }
            }
        }
        return (won, total, worst)
    }

    private static func grants(of item: ClaimItem) -> [Grant] {
        guard case .instants(_, _, let runs, _) = item.subject else { return [] }
        return runs.map { run in
            Grant(
                run: run.run,
                key: RunKey(job: item.job, instant: run.instant),
                cause: run.cause,
                fence: Fence(1),
                digest: .zero
            )
        }
    }
}
