import Gossip
import JobList
import LockLease
import SQLite
import Testing
import TestSupport
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct AuditTests {
    let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    func open(_ name: String = "replica") throws -> Replica {
        try Replica(ReplicaSettings(path: "\(folder.path)/\(name).db"))
    }

    /// Reads all rows once.
    func scrub(_ replica: Replica, limit: Int = 7) async throws -> ScrubReport {
        while true {
            if let report = try await replica.scrub(limit: limit) { return report }
        }
    }

    /// Changes the file behind the replica's back.
    func damage(_ replica: Replica, _ sql: String) async throws -> Replica {
        await replica.close()
        do {
            let connection = try Connection(path: folder.database)
            #expect(try connection.run(sql) > 0)
        }
        return try open()
    }

    @Test(.tags(.randomized))
    func `sums are the same whichever way a copy came to its rows, and after a restart`()
        async throws
    {
        for seed in UInt64(1)...5 {
            var random = SeededGenerator(seed: seed)
            var history = History()
            history.commitAtRandom(80, using: &random)
            let folder = try TestFolder()
            let one = try Replica(ReplicaSettings(path: folder.database))
            _ = try await one.apply(history.batches)
            let two = try Replica(ReplicaSettings(path: "\(folder.path)/two.db"))
            for batch in history.batches { _ = try await two.apply([batch]) }
            let three = try Replica(ReplicaSettings(path: "\(folder.path)/three.db"))
            try await three.install(history.records, at: history.head)
            let sums = await one.audit().sums
            #expect(await two.audit().sums == sums, "seed \(seed)")
            #expect(await three.audit().sums == sums, "seed \(seed)")
            #expect(sums.buckets.reduce(0) { $0 + $1.count } == Int64(await one.count))
            await one.close()
            let again = try Replica(ReplicaSettings(path: folder.database))
            #expect(await again.audit().sums == sums)
            #expect(BucketSums(bytes: sums.bytes) == sums)
        }
    }

    @Test func `two copies differ in the bucket of the row that differs alone`() async throws {
        var history = History()
        history.commitJobs(500)
        var other = history
        history.commit([(History.key("job-000123"), "mine")])
        other.commit([(History.key("job-000123"), "theirs")])
        let (mine, theirs) = (try open("mine"), try open("theirs"))
        _ = try await mine.apply(history.batches)
        _ = try await theirs.apply(other.batches)
        let (ours, others) = (await mine.audit().sums, await theirs.audit().sums)
        #expect(ours.root != others.root)
        let buckets = ours.differences(from: others)
        #expect(buckets.count == 1)
        let marks = try await mine.marks(in: buckets).marks
        #expect(marks.contains { $0.key == History.key("job-000123") })
        #expect(marks.count < 10)
    }

    @Test func `a body that the disk changed is found by reading and mended`() async throws {
        var history = History()
        history.commitJobs(40)
        var replica = try open()
        _ = try await replica.apply(history.batches)
        #expect(try await scrub(replica).isClean)
        replica = try await damage(
            replica,
            "UPDATE object SET body=CAST('{\"spec\":{\"shell\":\"rm\"}}' AS BLOB) WHERE number=20"
        )
        let report = try await scrub(replica)
        #expect(report.damaged == [History.key("job-000019")])
        #expect(report.changedBuckets.isEmpty)
        let truth = history.objects[History.key("job-000019")]
        let mended = try await replica.mend([(History.key("job-000019"), truth)])
        #expect(mended == [History.key("job-000019")])
        #expect(try await scrub(replica).isClean)
        #expect(try await replica.everything() == history.records)
    }

    @Test(arguments: [
        "UPDATE object SET version=9 WHERE number=20", "DELETE FROM object WHERE number=20",
        "UPDATE object SET deleted=1 WHERE number=20",
        "UPDATE object SET created=created+1 WHERE number=20",
    ])
    func `a row that the disk changed shows beside another copy, and is mended`(
        sql: String
    ) async throws {
        var history = History()
        history.commitJobs(40)
        let sound = try open("sound")
        _ = try await sound.apply(history.batches)
        var replica = try open()
        _ = try await replica.apply(history.batches)
        replica = try await damage(replica, sql)
        // What was written is what the sums say; what is there, only reading shows.
        #expect(await replica.audit().sums == sound.audit().sums)
        let report = try await scrub(replica)
        let bucket = try #require(report.changedBuckets.first)
        #expect(report.changedBuckets.count == 1)
        #expect(await replica.audit().sums.differences(from: sound.audit().sums) == [bucket])
        let key = History.key("job-000019")
        let mended = try await replica.mend([(key, history.objects[key])])
        #expect(mended == [key])
        #expect(await replica.audit().sums == sound.audit().sums)
        #expect(try await scrub(replica).isClean)
        #expect(try await replica.everything() == history.records)
    }

    @Test func `what changes while the rows are read is not taken for damage`() async throws {
        var random = SeededGenerator(seed: 3)
        var history = History()
        history.commitAtRandom(60, using: &random)
        let replica = try open()
        _ = try await replica.apply(history.batches)
        for _ in 0..<30 {
            while true {
                let known = history.batches.count
                history.commitAtRandom(2, using: &random)
                _ = try await replica.apply(Array(history.batches[known...]))
                guard let report = try await replica.scrub(limit: 3) else { continue }
                #expect(report.isClean)
                break
            }
        }
    }

    @Test func `a row that is newer in the store is left to its change`() async throws {
        var history = History()
        history.commitJobs(3)
        let replica = try open()
        _ = try await replica.apply(history.batches)
        let before = try await replica.everything()
        let late = history.commit([(History.key("job-000001"), "later")])
        #expect(try await replica.mend([(History.key("job-000001"), late.records[0])]).isEmpty)
        #expect(try await replica.everything() == before)
    }

    @Test func `watchers of a mended list have to list again`() async throws {
        var history = History()
        history.commitJobs(3)
        var replica = try open()
        _ = try await replica.apply(history.batches)
        replica = try await damage(replica, "UPDATE object SET version=9 WHERE number=2")
        let feed = ChangeFeed(replica)
        let cursor = feed.cursor(since: history.head.revision)
        #expect(try await cursor.next(timeout: .zero) == [.bookmark(history.head.revision)])
        let key = History.key("job-000001")
        _ = try await replica.mend([(key, history.objects[key])])
        let head = history.head.revision
        await #expect(throws: FeedError.compacted(floor: head, head: head)) {
            try await cursor.next(timeout: .zero)
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct QuarantineTests {
    let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    @Test func `a poisoned batch is set aside once, over a restart too, and the store decides`()
        async throws
    {
        var history = History()
        history.commitJobs(5)
        var poison = history.batches[2]
        poison.records[0].body = History.body("rm -rf")
        var replica = try Replica(ReplicaSettings(path: folder.database))
        let sent = [history.batches[0], history.batches[1], poison, history.batches[3]]
        func expectQuarantined(isNew: Bool) async {
            let error = await #expect(throws: ReplicaError.self) { try await replica.take(sent) }
            guard case .quarantined(poison.position.revision, _, isNew) = error else {
                Issue.record("\(error.debugDescription)")
                return
            }
        }
        await expectQuarantined(isNew: true)
        #expect(await replica.position() == history.batches[1].position)
        await expectQuarantined(isNew: false)
        await replica.close()
        replica = try Replica(ReplicaSettings(path: folder.database))
        await expectQuarantined(isNew: false)
        // Sound or not: of this revision only the store's word counts.
        let error = await #expect(throws: ReplicaError.self) {
            try await replica.take(history.batches)
        }
        guard case .quarantined = error else { return }
        #expect(await replica.position() == history.batches[1].position)
        #expect(try await replica.apply(history.batches) == .applied(history.head))
        #expect(try await replica.everything() == history.records)
        history.commitJobs(1)
        #expect(try await replica.take(history.batches) == .applied(history.head))
    }
}
