// What a node's scheduler is told of the list, also when the list has to be read again.

import CronEval
import Foundation
import JobList
import LockLease
import PeerNode
import Platform
import Scheduler
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct ListFollowerTests {
    private let folder: String
    private let replica: Replica
    private let log = DaemonLog(name: "test", lowest: .error)

    init() throws {
        folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString
        try FileStore.makeFolder(folder)
        replica = try Replica(ReplicaSettings(path: folder + "/list.db"))
    }

    /// Follows while `work` runs.
    private func following(
        _ holder: any ListHolder,
        pageLimit: Int = 1_000,
        _ work: () async throws -> Void
    ) async throws {
        var settings = FeedSettings()
        settings.pageLimit = pageLimit
        let feed = ChangeFeed(replica, settings: settings)
        let follower = ListFollower(
            replica: replica,
            feed: feed,
            holder: holder,
            me: NodeName("n1"),
            log: log
        )
        let running = Task { await follower.run() }
        defer { running.cancel() }
        try await work()
        running.cancel()
        await running.value
        await replica.close()
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func `what was deleted while the list could not be read goes with the next reading`()
        async throws
    {
        let holder = Holder()
        var list = WrittenList()
        let first = list.write(["a", "b", "c"], calendars: ["x", "y"], isDraining: true)
        #expect(try await replica.apply([first]) == .applied(first.position))
        try await following(holder) {
            try await requireEventually {
                let told = await holder.told
                return told.jobs == ["a", "b", "c"] && told.calendars == ["x", "y"]
                    && told.isDraining
            }
            // What a first reading tells needs no taking back.
            #expect(await holder.loads == 1)
            // The log that would have told of the deletions is no more.
            var later = WrittenList(after: 40)
            let second = later.write(["b", "d"], calendars: ["y"], isDraining: nil)
            try await replica.install(second.records, at: second.position)
            try await requireEventually {
                let told = await holder.told
                return told.jobs == ["b", "d"] && told.calendars == ["y"] && !told.isDraining
            }
            #expect(await holder.loads == 2)
            #expect(await holder.loadedCalendars == ["y"])
            let end = later.delete("d")
            _ = try await replica.apply([end])
            try await requireEventually { await holder.told.jobs == ["b"] }
        }
    }

    @Test func `nothing is taken back before the list has been read to its end`() async throws {
        let holder = Holder()
        let names = (10..<40).map { "job-\($0)" }
        var list = WrittenList()
        let first = list.write(names + ["gone"], calendars: ["x"], isDraining: true)
        _ = try await replica.apply([first])
        try await following(holder, pageLimit: 3) {
            try await requireEventually { await holder.told.jobs.count == 31 }
            var later = WrittenList(after: 40)
            let second = later.write(names, calendars: ["x"], isDraining: true)
            try await replica.install(second.records, at: second.position)
            try await requireEventually { await holder.told.jobs.count == 30 }
            #expect(await holder.takenBack == ["gone"])
            #expect(await holder.told == Holder.Told(names, ["x"], isDraining: true))
        }
    }

    @Test func `an edit that cannot be read takes its job away until one comes that can be`()
        async throws
    {
        let holder = Holder()
        var list = WrittenList()
        _ = try await replica.apply([list.write(["a", "b"], calendars: [], isDraining: nil)])
        try await following(holder) {
            try await requireEventually { await holder.told.jobs == ["a", "b"] }
            _ = try await replica.apply([list.write("a", body: #"{"spec":{"warp":9}}"#)])
            try await requireEventually { await holder.told.jobs == ["b"] }
            _ = try await replica.apply([list.write(["a"], calendars: [], isDraining: nil)])
            try await requireEventually { await holder.told.jobs == ["a", "b"] }
            #expect(await holder.loads == 1)
        }
    }

    @Test func `of several edits of a job that come at once the last one counts`() async throws {
        let holder = Holder()
        var list = WrittenList()
        _ = try await replica.apply([list.write(["a"], calendars: [], isDraining: nil)])
        try await following(holder) {
            try await requireEventually { await holder.told.jobs == ["a"] }
            let batches = [
                list.write(["brief", "later"], calendars: [], isDraining: nil),
                list.write("later", body: "unreadable"), list.delete("brief"),
                list.write(["end"], calendars: [], isDraining: nil),
            ]
            _ = try await replica.apply(batches)
            try await requireEventually { await holder.told.jobs.contains("end") }
            #expect(await holder.told.jobs == ["a", "end"])
        }
    }

    @Test func `the dispatcher lets go of all jobs but those it is told of`() async throws {
        let loop = EventLoop(name: "test")
        let dispatcher = Dispatcher(
            loop: loop,
            me: NodeName("n1"),
            machine: SchedulerMachine(
                me: NodeName("n1"),
                settings: SchedulerSettings(),
                zones: ZoneCatalog(load: ZoneInfoFiles.bytes(named:)),
                seed: 1
            ),
            slots: 1,
            world: Dispatcher.World(
                store: try openStore("sqlite://\(folder)/store.db"),
                definitions: { _ in [:] },
                start: { _ in },
                settle: { _ in },
                pass: { _ in },
                place: { _ in },
                refresh: { _ in },
                finish: { _ in }
            ),
            log: log
        )
        var list = WrittenList()
        _ = try await replica.apply([list.write(["a", "b", "c"], calendars: [], isDraining: nil)])
        try await following(dispatcher) {
            try await requireEventually { await dispatcher.status.jobs == 3 }
            var later = WrittenList(after: 40)
            let second = later.write(["b"], calendars: [], isDraining: nil)
            try await replica.install(second.records, at: second.position)
            try await requireEventually { await dispatcher.status.jobs == 1 }
        }
        loop.stop()
    }
}

/// Notes what a follower tells.
private actor Holder: ListHolder {
    struct Told: Equatable {
        var jobs: Set<String> = []
        var calendars: Set<String> = []
        var isDraining = false

        init() {}

        init(_ jobs: [String], _ calendars: [String], isDraining: Bool) {
            self.jobs = Set(jobs)
            self.calendars = Set(calendars)
            self.isDraining = isDraining
        }
    }

    private(set) var told = Told()
    private(set) var takenBack: [String] = []
    private(set) var loads = 0
    /// Those that were told of as the whole list's.
    private(set) var loadedCalendars: [String] = []
    private var found: Set<String> = []

    func load(_ calendars: [CalendarEntry]) {
        told.calendars.formUnion(calendars.map(\.name.name))
        loadedCalendars = calendars.map(\.name.name)
    }

    func calendars(_ entries: [CalendarEntry]) {
        told.calendars.formUnion(entries.map(\.name.name))
    }

    func calendarsRemoved(_ names: [ObjectKey]) {
        told.calendars.subtract(names.map(\.name))
        takenBack += names.map(\.name)
    }

    func calendarsRemoved(allBut kept: Set<ObjectKey>) {
        let gone = told.calendars.subtracting(kept.map(\.name))
        told.calendars.subtract(gone)
        takenBack += gone
    }

    func load(_ page: JobPage) {
        if page.isFirst { found = [] }
        put(page.others)
        found.formUnion(page.rows.map(\.uid.uid.text))
        found.formUnion(page.others.map(\.uid.text))
        told.jobs.formUnion(found)
        guard page.isLast else { return }
        loads += 1
        removed(told.jobs.subtracting(found).map { UID($0) })
    }

    func put(_ entries: [JobEntry]) {
        told.jobs.formUnion(entries.map(\.uid.text))
    }

    func removed(_ uids: [UID]) {
        told.jobs.subtract(uids.map(\.text))
        takenBack += uids.map(\.text)
    }

    func drain(_ isDraining: Bool) {
        told.isDraining = isDraining
    }
}

/// A store's list, written in few commits.
private struct WrittenList {
    private var head = Position.start

    /// `revisions`: How many commits there were that nobody here has heard of.
    init(after revisions: UInt64 = 0) {
        guard revisions > 0 else { return }
        head = Position(
            revision: Revision(epoch: 1, sequence: revisions),
            digest: Digest(high: revisions, low: 1)
        )
    }

    /// One commit of all of these; `nil`: nothing is said about the node.
    mutating func write(
        _ jobs: [String],
        calendars: [String],
        isDraining: Bool?
    ) -> ChangeBatch {
        var bodies: [(key: ObjectKey, body: [UInt8]?)] = jobs.map {
            (Self.key($0, .job), Array(#"{"spec":{"shell":"true"}}"#.utf8))
        }
        bodies += calendars.map {
            (Self.key($0, .calendar), CalendarDocument.encodeBody(CalendarBody(spec: .init())))
        }
        if let isDraining {
            let key = NodeDocument.key(of: NodeName("n1"))
            bodies.append((key, NodeDocument.body(isDraining: isDraining)))
        }
        return commit(bodies)
    }

    mutating func write(_ job: String, body: String) -> ChangeBatch {
        commit([(Self.key(job, .job), Array(body.utf8))])
    }

    mutating func delete(_ job: String) -> ChangeBatch {
        commit([(Self.key(job, .job), nil)])
    }

    private static func key(_ name: String, _ kind: ObjectKind) -> ObjectKey {
        ObjectKey(tenant: "home", kind: kind, name: name)
    }

    private mutating func commit(_ bodies: [(key: ObjectKey, body: [UInt8]?)]) -> ChangeBatch {
        let revision = Revision(epoch: 1, sequence: head.revision.sequence + 1)
        let records = bodies.sorted { $0.key < $1.key }.map { key, body in
            ObjectRecord(
                key: key,
                uid: UID(key.name),
                version: Version(1),
                revision: revision,
                isDeleted: body == nil,
                body: body ?? [],
                digest: ChainDigest.digest(ofBody: body ?? []),
                createdAt: .epoch,
                updatedAt: .epoch,
                author: "kim"
            )
        }
        let digest = ChainDigest.next(after: head.digest, revision: revision, records: records)
        let batch = ChangeBatch(
            previous: head,
            position: Position(revision: revision, digest: digest),
            records: records
        )
        head = batch.position
        return batch
    }
}
