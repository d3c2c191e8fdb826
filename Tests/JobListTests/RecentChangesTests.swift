@testable import JobList
import LockLease
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct RecentChangesTests {
    let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func history(_ count: Int) -> History {
        var history = History()
        history.commitJobs(count)
        return history
    }

    @Test func `are told from every position among them, and from no other`() {
        let batches = history(10).batches
        let recent = RecentChanges(at: batches[2].position)
        recent.append(Array(batches[3..<7]))
        recent.append(Array(batches[7...]))
        #expect(recent.position == batches[9].position)
        for place in 2..<10 {
            let after = batches[place].position.revision
            let told = recent.changes(after: after, limit: 100, bytes: 1 << 20)
            #expect(told == Array(batches[(place + 1)...]))
        }
        let between = Revision(epoch: 0, sequence: 4)
        for unknown in [.zero, batches[1].position.revision, between] {
            #expect(recent.changes(after: unknown, limit: 100, bytes: 1 << 20) == nil)
        }
        let beyond = Revision(epoch: 1, sequence: 99)
        #expect(recent.changes(after: beyond, limit: 100, bytes: 1 << 20) == [])
    }

    @Test func `come in pages of so many and so many bytes, but at least one`() {
        let batches = history(10).batches
        let recent = RecentChanges(at: .start)
        recent.append(batches)
        #expect(recent.changes(after: .zero, limit: 4, bytes: 1 << 20)?.count == 4)
        #expect(recent.changes(after: .zero, limit: 4, bytes: 1)?.count == 1)
    }

    @Test func `are kept within bounds, the newest of them`() {
        let count = 3 * RecentChanges.countLimit
        let batches = history(count).batches
        let recent = RecentChanges(at: .start)
        for batch in batches { recent.append([batch]) }
        #expect(recent.changes(after: .zero, limit: 1, bytes: 1) == nil)
        let known = batches.indices.filter {
            recent.changes(
                after: batches[$0].position.revision,
                limit: 1,
                bytes: 1
            ) != nil
        }
        #expect(known.count <= RecentChanges.countLimit + 1)
        #expect(known.count > RecentChanges.countLimit / 4)
        #expect(known == Array(known[0]..<count))
    }

    @Test func `are what the log says, while it is written and after a restart`() async throws {
        let history = history(40)
        let replica = try Replica(ReplicaSettings(path: folder.database))
        for batch in history.batches {
            _ = try await replica.apply([batch])
            #expect(await replica.position() == batch.position)
        }
        let after = history.batches[9].position.revision
        let told = replica.recent(after: after, limit: 100)
        #expect(told == Array(history.batches[10...]))
        await replica.close()
        await #expect(throws: ReplicaError.self) {
            _ = try await replica.changes(after: after, limit: 100)
        }
        let reopened = try Replica(ReplicaSettings(path: folder.database))
        #expect(reopened.recent(after: after, limit: 100) == nil)
        #expect(try await reopened.changes(after: after, limit: 100) == told)
    }

    @Test func `are not told of a transaction that was undone`() async throws {
        var history = history(3)
        let sound = history.batches
        history.commitJobs(1)
        var forged = try #require(history.batches.last)
        forged.records[0].author = "eve"
        let replica = try Replica(ReplicaSettings(path: folder.database))
        await #expect(throws: ReplicaError.self) {
            _ = try await replica.apply(sound + [forged])
        }
        #expect(replica.recent(after: .zero, limit: 9) == sound)
    }

    @Test func `end with what the log forgets`() async throws {
        let history = history(100)
        let replica = try Replica(ReplicaSettings(path: folder.database, keptBatches: 20))
        for batch in history.batches { _ = try await replica.apply([batch]) }
        let floor = await replica.floor
        #expect(floor > .zero)
        #expect(replica.recent(after: floor, limit: 1)?.isEmpty == false)
        let before = history.batches.last { $0.position.revision < floor }
        let below = try #require(before).position.revision
        #expect(replica.recent(after: below, limit: 1) == nil)
        await #expect(throws: ReplicaError.compacted(floor: floor)) {
            _ = try await replica.changes(after: below, limit: 1)
        }
    }
}
