import JobList
import LockLease
import Testing
import TestSupport
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct FloorTests {
    let folder: TestFolder
    var settings: ReplicaSettings

    init() throws {
        folder = try TestFolder()
        settings = ReplicaSettings(path: folder.database, keptBatches: 50)
    }

    func kept(_ replica: Replica) async throws -> Int {
        try await replica.changes(after: replica.floor, limit: 10_000).count
    }

    @Test func `the least of count, age and bytes decides how much is kept`() async throws {
        var history = History()
        history.commitJobs(100)
        let size = 150
        for (count, age, bytes, expected) in [
            (1_000, Duration.seconds(60), 1 << 30, 100...100),
            (50, .seconds(60), 1 << 30, 50...50),
            // A commit takes a millisecond here.
            (1_000, .milliseconds(20), 1 << 30, 21...21),
            (1_000, .seconds(60), 30 * size, 20...45),
        ] {
            let folder = try TestFolder()
            var settings = ReplicaSettings(path: folder.database, keptBatches: count)
            settings.keptAge = age
            settings.keptBytes = bytes
            let replica = try Replica(settings)
            _ = try await replica.apply(history.batches)
            #expect(expected.contains(try await kept(replica)))
            await replica.close()
            let again = try Replica(settings)
            #expect(expected.contains(try await kept(again)))
        }
    }

    @Test func `what members still need is kept, up to twice as much`() async throws {
        var history = History()
        history.commitJobs(70)
        let replica = try Replica(settings)
        try await replica.keep(neededAfter: history.batches[9].position.revision)
        _ = try await replica.apply(history.batches)
        #expect(await replica.floor == history.batches[9].position.revision)
        history.commitJobs(100)
        _ = try await replica.apply(history.batches)
        #expect(try await kept(replica) == 100)
        try await replica.keep(neededAfter: nil)
        #expect(try await kept(replica) == 50)
    }

    @Test func `a tombstone goes when it is old and nobody needs it`() async throws {
        var history = History()
        history.commitJobs(10)
        history.commit([(History.key("job-000001"), nil)])
        let deleted = history.head.revision
        history.commit([(History.key("job-000002"), nil)])
        let later = history.head.revision
        history.commitJobs(200)
        var settings = settings
        settings.tombstonesKept = .milliseconds(150)
        let replica = try Replica(settings)
        func tombstones() async throws -> Int {
            try await replica.everything().count { $0.isDeleted }
        }
        try await replica.keep(neededAfter: deleted)
        _ = try await replica.apply(Array(history.batches[..<100]))
        // Below the log's floor, but too young.
        #expect(await replica.floor >= deleted)
        #expect(try await tombstones() == 2)
        #expect(await replica.tombFloor == .zero)
        for batch in history.batches[100...] { _ = try await replica.apply([batch]) }
        // Old enough by now, but a member that stands before the second has not heard of it.
        #expect(try await tombstones() == 1)
        #expect(await replica.tombFloor == deleted)
        try await replica.keep(neededAfter: later)
        history.commitJobs(60)
        _ = try await replica.apply(history.batches)
        #expect(try await tombstones() == 0)
        #expect(await replica.tombFloor == later)
        #expect(await replica.tombFloor <= replica.floor)
    }

    @Test func `a copy from before a forgotten deletion brings nothing back`() async throws {
        var history = History()
        history.commitJobs(20)
        let stale = try Replica(ReplicaSettings(path: "\(folder.path)/stale.db"))
        _ = try await stale.apply(history.batches)
        history.commit([(History.key("job-000007"), nil)])
        history.commitJobs(200)
        var settings = settings
        settings.tombstonesKept = .zero
        let replica = try Replica(settings)
        for batch in history.batches { _ = try await replica.apply([batch]) }
        #expect(try await replica.everything().allSatisfy { !$0.isDeleted })
        #expect(await stale.position().revision < replica.tombFloor)
        // Neither its history nor its objects are to be had from there: only the whole list is.
        let have = await stale.position().revision
        await #expect(throws: ReplicaError.compacted(floor: replica.floor)) {
            _ = try await replica.changes(after: have, limit: 1)
        }
        let records = try await replica.everything()
        try await stale.install(records, at: replica.position())
        #expect(try await stale.record(History.key("job-000007")) == nil)
        #expect(await stale.audit().sums == replica.audit().sums)
    }

    @Test func `the floor of tombstones comes with a snapshot`() async throws {
        var history = History()
        history.commitJobs(20)
        history.commit([(History.key("job-000007"), nil)])
        history.commitJobs(200)
        var settings = settings
        settings.tombstonesKept = .zero
        let replica = try Replica(settings)
        for batch in history.batches { _ = try await replica.apply([batch]) }
        let second = try Replica(ReplicaSettings(path: "\(folder.path)/second.db"))
        let installation = try await second.beginInstallation()
        while case .chunk(let key, _) = await installation.progress().next {
            try await installation.add(replica.chunk(after: key, limit: 7).chunk)
        }
        _ = try await second.finishInstallation()
        #expect(await second.tombFloor == replica.tombFloor)
        #expect(await second.tombFloor > .zero)
    }
}
