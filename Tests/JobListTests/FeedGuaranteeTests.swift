// What a watcher may rely on, and where others' feeds have failed theirs.

import JobList
import LockLease
import Platform
import Testing
import TestSupport
import Vocabulary

@Suite(.timeLimit(.minutes(2))) struct FeedGuaranteeTests {
    let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    func replica(keptBatches: Int = 1_000_000) throws -> Replica {
        var settings = ReplicaSettings(path: folder.database, keptBatches: keptBatches)
        settings.tombstonesKept = .zero
        return try Replica(settings)
    }

    func feed(_ replica: Replica, pageLimit: Int = 7) -> ChangeFeed {
        var settings = FeedSettings()
        settings.futurePatience = .milliseconds(30)
        settings.pageLimit = pageLimit
        // A test's history is from another year.
        settings.lagAge = .seconds(3_600_000_000)
        return ChangeFeed(replica, settings: settings)
    }

    /// Reads until a bookmark stands at `head`.
    func drain(_ cursor: FeedCursor, to head: Revision) async throws -> [FeedItem] {
        var items: [FeedItem] = []
        while true {
            items += try await cursor.next(timeout: .zero)
            if items.last == .bookmark(head) { return items }
        }
    }

    @Test(.tags(.randomized), arguments: FeedMode.allCases)
    func `ordered, unique, whole: a watcher that comes and goes ends with the list`(
        mode: FeedMode
    ) async throws {
        for seed in UInt64(1)...10 {
            var random = SeededGenerator(seed: seed)
            let folder = try TestFolder()
            let replica = try Replica(ReplicaSettings(path: folder.database))
            let feed = feed(replica, pageLimit: Int.random(in: 1...9, using: &random))
            var history = History()
            var known: [ObjectKey: ObjectRecord] = [:]
            var seen: [Revision: Int] = [:]
            var place = Revision.zero
            for _ in 0..<30 {
                let before = history.batches.count
                history.commitAtRandom(Int.random(in: 0...6, using: &random), using: &random)
                _ = try await replica.apply(Array(history.batches[before...]))
                // Each round another cursor goes on where the last one was left.
                let cursor = feed.cursor(since: place, mode: mode)
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    for item in try await cursor.next(timeout: .zero) {
                        switch item {
                        case .put(let record), .delete(let record):
                            #expect(record.revision > place, "seed \(seed)")
                            known[record.key] = record
                            seen[record.revision, default: 0] += 1
                        case .bookmark(let revision):
                            #expect(revision == cursor.resumable, "seed \(seed)")
                        case .lagging: Issue.record("seed \(seed)")
                        }
                    }
                    place = try #require(cursor.resumable)
                }
            }
            let last = feed.cursor(since: place, mode: mode)
            for item in try await drain(last, to: history.head.revision) {
                if case .put(let record) = item { known[record.key] = record }
                if case .delete(let record) = item { known[record.key] = record }
                if case .put(let record) = item { seen[record.revision, default: 0] += 1 }
                if case .delete(let record) = item { seen[record.revision, default: 0] += 1 }
            }
            #expect(known == history.objects, "seed \(seed)")
            if mode == .every {
                let all = Dictionary(
                    uniqueKeysWithValues: history.batches.map {
                        ($0.position.revision, $0.records.count)
                    }
                )
                #expect(seen == all, "seed \(seed)")
            }
        }
    }

    @Test func `atomic: all changes of a revision come in one answer, in both modes`() async throws
    {
        var history = History()
        history.commitJobs(5)
        history.commit((0..<40).map { (History.key("together-\($0)"), "x") })
        let replica = try replica()
        _ = try await replica.apply(history.batches)
        let feed = feed(replica, pageLimit: 3)
        for mode in FeedMode.allCases {
            let cursor = feed.cursor(since: .zero, mode: mode)
            var sizes: [Int] = []
            while cursor.resumable != history.head.revision {
                let items = try await cursor.next(timeout: .zero)
                sizes.append(items.count { $0.revision == history.head.revision })
            }
            #expect(sizes.filter { $0 > 0 } == [40])
        }
    }

    @Test func `latest: what changed often comes once, what is gone comes as gone`() async throws {
        var history = History()
        history.commitJobs(3)
        for _ in 0..<50 { history.commit([(History.key("job-000001"), "\(history.head)")]) }
        history.commit([(History.key("job-000002"), nil)])
        let replica = try replica()
        _ = try await replica.apply(history.batches)
        let cursor = feed(replica).cursor(since: .zero, mode: .latest)
        let items = try await drain(cursor, to: history.head.revision)
        #expect(
            items.map(\.words) == [
                "put job-000000 1.1", "put job-000001 1.53", "delete job-000002 1.54",
                "bookmark 1.54",
            ]
        )
    }

    @Test func `latest: resumes far below the log, down to the floor of tombstones`() async throws {
        var history = History()
        history.commitJobs(30)
        let old = history.head.revision
        history.commit([(History.key("job-000002"), nil)])
        let deleted = history.head.revision
        for _ in 0..<40 { history.commit([(History.key("busy"), "\(history.head)")]) }
        var settings = ReplicaSettings(path: folder.database, keptBatches: 10)
        settings.tombstonesKept = .seconds(60)
        let replica = try Replica(settings)
        for batch in history.batches { _ = try await replica.apply([batch]) }
        let feed = feed(replica)
        let head = history.head.revision
        #expect(await replica.floor > deleted)
        await #expect(throws: FeedError.compacted(floor: replica.floor, head: head)) {
            try await feed.cursor(since: old).next(timeout: .zero)
        }
        let items = try await drain(feed.cursor(since: old, mode: .latest), to: head)
        #expect(
            items.map(\.words) == [
                "delete job-000002 1.31", "put busy \(head)", "bookmark \(head)",
            ]
        )
        // Once the deletion may be forgotten, nobody from before it is served.
        await replica.close()
        settings.tombstonesKept = .zero
        let forgetful = try Replica(settings)
        for _ in 0..<20 {
            history.commit([(History.key("busy"), "\(history.head)")])
            _ = try await forgetful.apply(history.batches.suffix(1))
        }
        let later = self.feed(forgetful)
        await #expect(throws: FeedError.compacted(floor: deleted, head: history.head.revision)) {
            try await later.cursor(since: old, mode: .latest).next(timeout: .zero)
        }
        _ = try await later.cursor(since: deleted, mode: .latest).next(timeout: .zero)
    }

    @Test(arguments: FeedMode.allCases)
    func `a revision of a history that the store lost is answered with a reset`(
        mode: FeedMode
    ) async throws {
        var history = History()
        history.commitJobs(5)
        let restored = history
        history.commitJobs(5)
        let replica = try replica()
        _ = try await replica.apply(history.batches)
        let feed = feed(replica)
        let cursor = feed.cursor(since: history.head.revision, mode: mode)
        #expect(try await cursor.next(timeout: .zero) == [.bookmark(history.head.revision)])
        var after = restored
        after.commit([(History.key("after"), "restore")], epoch: 2)
        try await replica.install(after.records, at: after.head)
        let error = FeedError.reset(head: after.head.revision)
        await #expect(throws: error) {
            try await feed.cursor(since: history.head.revision, mode: mode).prepare()
        }
        if mode == .every {
            await #expect(throws: error) { try await cursor.next(timeout: .zero) }
        }
    }

    @Test func `a new epoch that goes on where the watcher was is no reset`() async throws {
        var history = History()
        history.commitJobs(5)
        let replica = try replica()
        _ = try await replica.apply(history.batches)
        let cursor = feed(replica).cursor(since: history.head.revision)
        let batch = history.commit([(History.key("after"), "restore")], epoch: 2)
        _ = try await replica.apply([batch])
        #expect(try await cursor.next(timeout: .zero) == [.put(batch.records[0])])
    }

    @Test func `a watcher that is far behind is told once, by count or by age`() async throws {
        var history = History()
        history.commitJobs(60)
        let replica = try replica()
        _ = try await replica.apply(history.batches)
        var settings = FeedSettings()
        settings.pageLimit = 10
        settings.lagRevisions = 20
        settings.lagAge = .seconds(3_600_000_000)
        let cursor = ChangeFeed(replica, settings: settings).cursor(since: .zero)
        let items = try await drain(cursor, to: history.head.revision)
        #expect(items.first == .lagging(behind: 60, head: history.head.revision))
        #expect(items.count { if case .lagging = $0 { true } else { false } } == 1)
        let near = ChangeFeed(replica, settings: settings)
            .cursor(since: history.batches[45].position.revision)
        #expect(
            try await drain(near, to: history.head.revision)
                .allSatisfy { if case .lagging = $0 { false } else { true } }
        )
        // The history's times lie in the future, so that any age at all has to be negative here.
        settings.lagRevisions = .max
        settings.lagAge = .seconds(-3_600_000_000)
        let old = ChangeFeed(replica, settings: settings).cursor(since: .zero)
        #expect(try await old.next(timeout: .zero).first?.words.hasPrefix("lagging 60") == true)
    }

    // Where the feed of another store failed. Numbers are those of its public reports.

    @Test(.tags(.randomized))
    func `etcd 15237 and 17557: no bookmark runs ahead of what was handed over`() async throws {
        for seed in UInt64(1)...10 {
            var random = SeededGenerator(seed: seed)
            let folder = try TestFolder()
            let replica = try Replica(ReplicaSettings(path: folder.database))
            let feed = feed(replica, pageLimit: 2)
            var history = History()
            let start = Bool.random(using: &random) ? nil : Revision.zero
            let cursor = feed.cursor(since: start)
            var handed: Set<Revision> = []
            for _ in 0..<60 {
                let before = history.batches.count
                history.commitAtRandom(Int.random(in: 0...3, using: &random), using: &random)
                _ = try await replica.apply(Array(history.batches[before...]))
                for item in try await cursor.next(timeout: .zero) {
                    guard case .bookmark(let revision) = item else {
                        if let revision = item.revision { handed.insert(revision) }
                        continue
                    }
                    let due = history.batches.filter { batch in
                        batch.position.revision <= revision
                            && batch.records.contains { history.objects[$0.key] == $0 }
                    }
                    #expect(
                        due.allSatisfy { batch in
                            handed.contains(batch.position.revision)
                                || batch.records.allSatisfy(\.isDeleted) && start == nil
                        },
                        "seed \(seed)"
                    )
                }
            }
        }
    }

    @Test(arguments: FeedMode.allCases)
    func `etcd 17529: compaction that passes a slow watcher is an error and skips nothing`(
        mode: FeedMode
    ) async throws {
        var history = History()
        history.commitJobs(20)
        let replica = try replica(keptBatches: 10)
        _ = try await replica.apply(Array(history.batches[..<10]))
        let cursor = feed(replica).cursor(since: .zero, mode: mode)
        #expect(try await cursor.next(timeout: .zero).count == 7)
        history.commit([(History.key("job-000008"), nil)])
        history.commitJobs(100)
        for batch in history.batches[10...] { _ = try await replica.apply([batch]) }
        let floor = mode == .every ? await replica.floor : await replica.tombFloor
        await #expect(throws: FeedError.compacted(floor: floor, head: history.head.revision)) {
            try await cursor.next(timeout: .zero)
        }
    }

    @Test func `etcd 16839: watchers that do not read cost their cursors and nothing more`()
        async throws
    {
        var history = History()
        history.commitJobs(1)
        let replica = try replica()
        _ = try await replica.apply(history.batches)
        let feed = feed(replica)
        let cursors = (0..<2_000).map { _ in feed.cursor(since: history.head.revision) }
        for cursor in cursors { try await cursor.prepare() }
        let before = try residentBytes()
        for round in 0..<20 {
            history.commit(
                (0..<100).map {
                    (History.key("large-\($0)"), String(repeating: "x", count: 2_000 + round))
                }
            )
            _ = try await replica.apply(history.batches.suffix(1))
        }
        // Four megabytes went by each of them: 8 GB, if it were kept for them.
        #expect(try residentBytes() - before < 64 << 20)
        #expect(feed.waiting == 0)
        #expect(cursors.allSatisfy { $0.resumable == history.batches[0].position.revision })
    }

    @Test func `etcd 22264: a herd of watchers catching up does not stop the writer`() async throws
    {
        var history = History()
        history.commitJobs(3_000)
        let replica = try replica()
        _ = try await replica.apply(history.batches)
        let feed = feed(replica, pageLimit: 1_000)
        let herd = (0..<50).map { _ in
            Task {
                while !Task.isCancelled {
                    let cursor = feed.cursor(since: .zero)
                    _ = try await drain(cursor, to: cursor.resumable ?? .zero, atMost: 5)
                }
            }
        }
        // No page that anybody reads stands between two writes for longer than the machine is slow.
        var slowest = Duration.zero
        for _ in 0..<200 {
            history.commitJobs(1)
            let start = SystemClock.monotonic
            _ = try await replica.apply(history.batches.suffix(1))
            slowest = max(slowest, start.duration(to: SystemClock.monotonic))
        }
        for reader in herd { reader.cancel() }
        for reader in herd { _ = try? await reader.value }
        #expect(slowest < .milliseconds(500))
        #expect(await replica.position() == history.head)
    }

    /// Reads at most so many answers.
    func drain(_ cursor: FeedCursor, to head: Revision, atMost limit: Int) async throws -> Int {
        var count = 0
        for _ in 0..<limit { count += try await cursor.next(timeout: .zero).count }
        return count
    }

    @Test func `etcd 21174 and 22294: six hundred compacted watchers all end and none stays`()
        async throws
    {
        var history = History()
        history.commitJobs(5)
        let replica = try replica(keptBatches: 10)
        _ = try await replica.apply(history.batches)
        let feed = feed(replica)
        let cursors = (0..<600).map { _ in feed.cursor(since: .zero) }
        for cursor in cursors { try await cursor.prepare() }
        history.commitJobs(200)
        for batch in history.batches[5...] { _ = try await replica.apply([batch]) }
        var ended = 0
        for cursor in cursors {
            do throws(FeedError) { _ = try await cursor.next(timeout: .zero) } catch {
                if case .compacted = error { ended += 1 }
            }
        }
        #expect(ended == 600)
        #expect(feed.waiting == 0)
    }

    @Test func `etcd 20262: a quiet watcher learns of a place that compaction has not passed`()
        async throws
    {
        var history = History()
        history.commitJobs(1)
        let replica = try replica(keptBatches: 10)
        _ = try await replica.apply(history.batches)
        // It waits for what never changes, while others' changes push the floor past its start.
        let feed = feed(replica, pageLimit: 100)
        let filter = FeedFilter(tenants: ["nobody"])
        let cursor = feed.cursor(since: history.head.revision, filter: filter)
        var place = history.head.revision
        for _ in 0..<20 {
            history.commitJobs(9)
            for batch in history.batches.suffix(9) { _ = try await replica.apply([batch]) }
            for item in try await cursor.next(timeout: .zero) {
                if case .bookmark(let revision) = item { place = revision }
            }
        }
        #expect(await replica.floor > history.batches[100].position.revision)
        try await feed.cursor(since: place, filter: filter).prepare()
    }
}

extension FeedItem {
    var revision: Revision? {
        switch self {
        case .put(let record), .delete(let record): record.revision
        case .bookmark, .lagging: nil
        }
    }
}

/// How much memory this process has, as the kernel counts it.
private func residentBytes() throws -> Int {
    let text = String(decoding: try FileStore.read("/proc/self/statm"), as: UTF8.self)
    return (Int(text.split(separator: " ")[1]) ?? 0) * 4_096
}
