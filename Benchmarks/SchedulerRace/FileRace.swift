// The index from a replica's file, and stores full of jobs for a node to hold.

internal import Gossip
internal import JobList
internal import LockLease
internal import PeerNode
internal import Platform
internal import Scheduler
internal import Vocabulary

/// The races' jobs as the list holds them.
enum RaceDocuments {
    static let at = Instant(unixMilliseconds: 1_790_000_000_000)

    static func key(_ number: Int) -> ObjectKey {
        ObjectKey(tenant: "default", kind: .job, name: "job-\(number)")
    }

    /// Some 300 bytes, as an ordinary job with a command has.
    static func body(_ number: Int, _ outline: JobOutline) -> [UInt8] {
        var job = outline.job
        job.spec.description = "Job number \(number): an export of the orders of one shop"
        job.spec.owner = "data"
        job.spec.task = .shell(
            ShellTask(
                command: """
                    exec /usr/local/bin/export --shop \(number % 997) --format parquet --to \
                    s3://warehouse/orders/\(number)
                    """
            )
        )
        return JobDocument.encodeBody(job)
    }

    static func record(
        _ number: Int,
        _ outline: JobOutline,
        revision: Revision
    ) -> ObjectRecord {
        let body = body(number, outline)
        return ObjectRecord(
            key: key(number),
            uid: RaceList.uid(number).uid,
            version: Version(1),
            revision: revision,
            isDeleted: false,
            body: body,
            digest: ChainDigest.digest(ofBody: body),
            createdAt: at,
            updatedAt: at,
            author: "race"
        )
    }
}

/// Loads an index from a file, with everything that a node does for it but starting a process.
struct FileRace {
    let jobs: Int
    let folder: String

    func run() async throws {
        try await fill()
        var (times, sorts): ([Double], [Double]) = ([], [])
        for _ in 0..<3 {
            var machine = IndexRace.newMachine()
            let replica = try Replica(ReplicaSettings(path: "\(folder)/list.db"))
            let begin = SystemClock.monotonic
            _ = try await ListColumns.read(from: replica, limit: 20_000) { page in
                _ = machine.handle(.load(page), at: RaceTime.moment(1_710))
            }
            times.append(begin.duration(to: SystemClock.monotonic).inSeconds)
            precondition(machine.status.jobs == jobs, "\(machine.status.jobs) jobs")
            await replica.close()
            sorts.append(Figures.sorting(jobs))
        }
        Figures.say("index-load-file", times.sorted()[1], sorts.sorted()[1], "s")
    }

    private func fill() async throws {
        var list = RaceList()
        let replica = try Replica(ReplicaSettings(path: "\(folder)/list.db"))
        let revision = Revision(epoch: 1, sequence: 1)
        let position = Position(revision: revision, digest: Digest(high: 7, low: 7))
        // The list comes in the order of its keys.
        let numbers = (0..<jobs).sorted { RaceDocuments.key($0) < RaceDocuments.key($1) }
        let outlines = (0..<jobs).map { _ in list.next() }
        let installation = try await replica.beginInstallation()
        for start in stride(from: 0, to: jobs, by: 500) {
            let records = numbers[start..<min(jobs, start + 500)].map { number in
                let outline = list.all[outlines[number]]
                return RaceDocuments.record(number, outline, revision: revision)
            }
            try await installation.add(SnapshotChunk(records, at: position, isLast: false))
        }
        try await installation.add(SnapshotChunk([], at: position, isLast: true))
        _ = try await replica.finishInstallation()
        await replica.close()
    }
}

/// Commits jobs to a store, 10,000 at a time; none of them is due while a node is looked at.
struct StoreFiller {
    let jobs: Int
    let store: String

    func run() async throws {
        let store = try openStore(store)
        _ = try await store.identify()
        for start in stride(from: 0, to: jobs, by: 10_000) {
            let edits = (start..<min(jobs, start + 10_000)).map { number in
                let day = 1 + number % 28
                let schedule = "\(number % 60) \(number / 60 % 24) \(day) 2 *"
                let zone = RaceList.zones[number % RaceList.zones.count]
                let outline = RaceList.outline(schedule, zone)
                return ObjectEdit(
                    key: RaceDocuments.key(number),
                    expecting: .absent,
                    uid: RaceList.uid(number).uid,
                    change: .put(
                        body: RaceDocuments.body(number, outline),
                        gate: JobGate(outline.job)
                    )
                )
            }
            _ = try await store.commit(edits, id: RequestID("fill-\(start)"), author: "race")
        }
    }
}
