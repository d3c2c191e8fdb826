import JobList
import LockLease
import Testing
import TestSupport
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct ChangeFeedTests {
    let folder: TestFolder
    let replica: Replica
    let feed: ChangeFeed

    init() throws {
        folder = try TestFolder()
        replica = try Replica(ReplicaSettings(path: folder.database, keptBatches: 50))
        var settings = FeedSettings()
        settings.futurePatience = .milliseconds(30)
        settings.pageLimit = 7
        feed = ChangeFeed(replica, settings: settings)
    }

    /// Items as words, until the cursor has nothing new for a moment.
    func drain(_ cursor: FeedCursor) async throws -> [String] {
        var words: [String] = []
        while true {
            let items = try await cursor.next(timeout: .zero).map(\.words)
            if words.last == items.last, items.count == 1 { return words }
            words += items
        }
    }

    @Test func `without a start the whole list comes first, then a bookmark, then what is new`()
        async throws
    {
        var history = History()
        history.commitJobs(20)
        history.commit([(History.key("job-000003"), nil)])
        _ = try await replica.apply(history.batches)
        let cursor = feed.cursor(since: nil)
        let words = try await drain(cursor)
        let names = (0..<20).filter { $0 != 3 }.map { "put job-\($0.padded(to: 6)) 1.\($0 + 1)" }
        #expect(words == names + ["bookmark 1.21"])
        #expect(cursor.resumable == history.head.revision)
        let late = history.commit([(History.key("new"), "x"), (History.key("job-000000"), nil)])
        _ = try await replica.apply([late])
        #expect(
            try await cursor.next(timeout: .zero) == [
                .put(late.records[0]), .delete(late.records[1]),
            ]
        )
    }

    @Test func `what changes while the list is read comes once, before the bookmark`() async throws
    {
        var history = History()
        history.commitJobs(20)
        _ = try await replica.apply(history.batches)
        let cursor = feed.cursor(since: nil)
        var words = try await cursor.next(timeout: .zero).map(\.words)
        #expect(words.count == 7)
        #expect(cursor.resumable == nil)
        let first = history.commit([(History.key("job-000001"), "again")])
        let last = history.commit([(History.key("job-000019"), "again"), (History.key("a"), "new")])
        let gone = history.commit([(History.key("job-000018"), nil)])
        _ = try await replica.apply([first, last, gone])
        words += try await drain(cursor)
        #expect(Set(words).count == words.count)
        // Those that changed before they were read come by their change alone.
        #expect(
            words.suffix(5) == [
                "put job-000001 1.21", "put job-000019 1.22", "put a 1.22",
                "delete job-000018 1.23", "bookmark 1.23",
            ]
        )
        #expect(words.count == 18 + 5)
    }

    @Test func `a cursor resumes where another ended, on a reopened copy too`() async throws {
        var history = History()
        history.commitJobs(30)
        _ = try await replica.apply(Array(history.batches[..<10]))
        let first = feed.cursor(since: .zero)
        var words = try await drain(first)
        let place = try #require(first.resumable)
        _ = try await replica.apply(history.batches)
        await replica.close()
        let reopened = try Replica(ReplicaSettings(path: folder.database))
        let second = ChangeFeed(reopened).cursor(since: place)
        words += try await second.next(timeout: .zero).map(\.words)
        let puts = (0..<30).map { "put job-\($0.padded(to: 6)) 1.\($0 + 1)" }
        #expect(words.filter { $0.hasPrefix("put") } == puts)
    }

    @Test func `a waiting cursor wakes with the change, and only then`() async throws {
        var history = History()
        history.commitJobs(1)
        _ = try await replica.apply(history.batches)
        let cursor = feed.cursor(since: history.head.revision)
        let items = Task { try await cursor.next(timeout: .seconds(30)) }
        while feed.waiting == 0 { await Task.yield() }
        let batch = history.commit([(History.key("x"), "1"), (History.key("y"), "2")])
        _ = try await replica.apply([batch])
        #expect(try await items.value == batch.records.map { .put($0) })
        #expect(feed.waiting == 0)
    }

    @Test func `a silence ends in a bookmark of what was handed over`() async throws {
        var history = History()
        history.commitJobs(2)
        _ = try await replica.apply(history.batches)
        let cursor = feed.cursor(since: history.head.revision)
        #expect(
            try await cursor.next(timeout: .milliseconds(20)) == [.bookmark(history.head.revision)]
        )
        #expect(feed.waiting == 0)
    }

    @Test func `a start that history does not know is answered with the floor`() async throws {
        var history = History()
        history.commitJobs(70)
        _ = try await replica.apply(history.batches)
        let floor = await replica.floor
        #expect(floor > .zero)
        for lost in [Revision.zero, Revision(epoch: 0, sequence: 60)] {
            let cursor = feed.cursor(since: lost)
            for _ in 1...2 {
                await #expect(
                    throws: FeedError.compacted(floor: floor, head: history.head.revision)
                ) {
                    try await cursor.next(timeout: .zero)
                }
            }
        }
    }

    @Test func `a slow cursor that compaction overtakes is told so and skips nothing`() async throws
    {
        var history = History()
        history.commitJobs(10)
        _ = try await replica.apply(history.batches)
        let cursor = feed.cursor(since: .zero)
        #expect(try await cursor.next(timeout: .zero).count == 7)
        history.commitJobs(100)
        _ = try await replica.apply(history.batches)
        let floor = await replica.floor
        await #expect(throws: FeedError.compacted(floor: floor, head: history.head.revision)) {
            try await cursor.next(timeout: .zero)
        }
    }

    @Test func `a start in the future is waited for, and then refused`() async throws {
        var history = History()
        history.commitJobs(3)
        _ = try await replica.apply(Array(history.batches[..<1]))
        let early = feed.cursor(since: Revision(epoch: 1, sequence: 2))
        await #expect(throws: FeedError.future(head: Revision(epoch: 1, sequence: 1))) {
            try await early.prepare()
        }
        var settings = FeedSettings()
        settings.futurePatience = .seconds(30)
        let patient = ChangeFeed(replica, settings: settings)
        let cursor = patient.cursor(since: Revision(epoch: 1, sequence: 2))
        let items = Task { try await cursor.next(timeout: .seconds(30)) }
        while patient.waiting == 0 { await Task.yield() }
        _ = try await replica.apply(history.batches)
        #expect(try await items.value == history.batches[2].records.map { .put($0) })
    }

    @Test func `a list that was replaced under a cursor is a reset, not a silence`() async throws {
        var history = History()
        history.commitJobs(3)
        _ = try await replica.apply(history.batches)
        let cursor = feed.cursor(since: history.head.revision)
        let items = Task { try await cursor.next(timeout: .seconds(30)) }
        while feed.waiting == 0 { await Task.yield() }
        var other = History()
        other.commit([(History.key("z"), "restored")], epoch: 2)
        try await replica.install(other.records, at: other.head)
        let head = other.head.revision
        await #expect(throws: FeedError.reset(head: head)) { try await items.value }
    }

    @Test func `a cancelled watch ends at once and leaves nothing behind`() async throws {
        let cursor = feed.cursor(since: .zero)
        let items = Task { try await cursor.next(timeout: .seconds(30)) }
        while feed.waiting == 0 { await Task.yield() }
        cursor.cancel()
        await #expect(throws: FeedError.cancelled) { try await items.value }
        #expect(feed.waiting == 0)
    }

    @Test func `a watcher sees its tenants and kinds and nothing of the rest`() async throws {
        var history = History()
        history.commit([
            (History.key("a", tenant: "alpha"), "1"), (History.key("b", tenant: "beta"), "2"),
            (History.key("t", tenant: "alpha", kind: .token), "3"),
        ])
        history.commit([(History.key("c", tenant: "beta"), "4")])
        _ = try await replica.apply(history.batches)
        for start in [nil, Revision.zero] {
            let cursor = feed.cursor(since: start, filter: FeedFilter(tenants: ["alpha"]))
            let words = try await drain(cursor)
            #expect(words == ["put a 1.1", "bookmark 1.2"])
        }
    }

    @Test func `a thousand waiting watchers are all woken by one change`() async throws {
        var history = History()
        history.commitJobs(2)
        _ = try await replica.apply([history.batches[0]])
        let start = history.batches[0].position.revision
        let (feed, replica) = (feed, replica)
        let batch = history.batches[1]
        let woken = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<1_000 {
                group.addTask {
                    try await feed.cursor(since: start).next(timeout: .seconds(30)).count
                }
            }
            while feed.waiting < 1_000 { await Task.yield() }
            _ = try await replica.apply([batch])
            return try await group.reduce(0, +)
        }
        #expect(woken == 1_000)
    }
}

extension FeedItem {
    var words: String {
        switch self {
        case .put(let record): "put \(record.key.name) \(record.revision)"
        case .delete(let record): "delete \(record.key.name) \(record.revision)"
        case .bookmark(let revision): "bookmark \(revision)"
        case .lagging(let behind, let head): "lagging \(behind) \(head)"
        }
    }
}
