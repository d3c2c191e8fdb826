import JobList
import LockLease
import Testing
import TestSupport
import Vocabulary

@Suite(.timeLimit(.minutes(2))) struct ReplicaHistoryTests {
    let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    func open(keptBatches: Int = 100_000, pageBytes: Int = 1 << 20) throws -> Replica {
        try Replica(
            ReplicaSettings(path: folder.database, keptBatches: keptBatches, pageBytes: pageBytes)
        )
    }

    @Test func `an installed snapshot replaces everything, and history begins there`() async throws
    {
        var old = History()
        old.commitJobs(5)
        var new = History()
        new.commit([(History.key("only"), "one"), (History.key("gone"), "two")], epoch: 2)
        new.commit([(History.key("gone"), nil)], epoch: 2)
        let replica = try open()
        _ = try await replica.apply(old.batches)
        try await replica.install(new.records, at: new.head)
        #expect(await replica.position() == new.head)
        #expect(await replica.count == 1)
        #expect(try await replica.everything() == new.records)
        #expect(try await replica.changes(after: new.head.revision, limit: 9).isEmpty)
        for lost in [Revision.zero, old.head.revision, new.batches[0].position.revision] {
            await #expect(throws: ReplicaError.compacted(floor: new.head.revision)) {
                _ = try await replica.changes(after: lost, limit: 9)
            }
        }
    }

    @Test func `a snapshot with a body that does not match is refused as a whole`() async throws {
        var history = History()
        history.commitJobs(3)
        let replica = try open()
        _ = try await replica.apply(history.batches)
        var records = history.records
        records[2].body.append(0x20)
        await #expect(throws: ReplicaError.self) {
            try await replica.install(records, at: history.head)
        }
        #expect(try await replica.everything() == history.records)
    }

    @Test func `history is kept to the limit and no hole opens below it`() async throws {
        var history = History()
        history.commitJobs(100)
        history.commit([(History.key("job-000000"), nil)])
        var settings = ReplicaSettings(path: folder.database, keptBatches: 50)
        settings.tombstonesKept = .zero
        let replica = try Replica(settings)
        _ = try await replica.apply(history.batches)
        #expect(await replica.floor == history.batches[50].position.revision)
        history.commitJobs(60)
        for batch in history.batches[101...] { _ = try await replica.apply([batch]) }
        let floor = await replica.floor
        let kept = try await replica.changes(after: floor, limit: 1_000)
        #expect((50...55).contains(kept.count))
        #expect(kept == Array(history.batches.suffix(kept.count)))
        let before = Revision(epoch: 1, sequence: floor.sequence - 1)
        await #expect(throws: ReplicaError.compacted(floor: floor)) {
            _ = try await replica.changes(after: before, limit: 1)
        }
        // The tombstone of a deletion below the floor is of no use to anybody.
        #expect(try await replica.everything().contains { $0.isDeleted } == false)
        #expect(await replica.count == 159)
    }

    @Test func `ten thousand records come in pages, each within its bytes, none twice`()
        async throws
    {
        var history = History()
        for start in stride(from: 0, to: 10_000, by: 500) {
            history.commit(
                (start..<start + 500).map { (History.key("n-\($0.padded(to: 5))"), "x") }
            )
        }
        let replica = try open(pageBytes: 100_000)
        _ = try await replica.apply(history.batches)
        let first = try await replica.snapshot(after: nil, limit: 5_000)
        #expect(first.position == history.head)
        #expect((300...400).contains(first.records.count))
        #expect(try await replica.everything(pageLimit: 777) == history.records)
        // One batch of 500 records is larger than a page, and still comes whole.
        #expect(try await replica.changes(after: .zero, limit: 9) == [history.batches[0]])
    }

    @Test func `pages of one kind go by name, within a tenant or over all`() async throws {
        var history = History()
        history.commit([
            (History.key("b", tenant: "alpha"), "1"), (History.key("a", tenant: "alpha"), "2"),
            (History.key("a", tenant: "beta"), "3"), (History.key("c", tenant: "alpha"), "4"),
            (History.key("t", tenant: "alpha", kind: .token), "5"),
        ])
        history.commit([(History.key("c", tenant: "alpha"), nil)])
        let replica = try open()
        _ = try await replica.apply(history.batches)
        func names(
            _ tenant: String?,
            after key: ObjectKey?,
            _ limit: Int = 9
        ) async throws -> String {
            try await replica.records(kind: .job, tenant: tenant, after: key, limit: limit)
                .map { "\($0.key.tenant)/\($0.key.name)" }.joined(separator: " ")
        }
        #expect(try await names(nil, after: nil) == "alpha/a alpha/b beta/a")
        #expect(try await names(nil, after: History.key("a", tenant: "alpha"), 1) == "alpha/b")
        #expect(try await names("alpha", after: nil) == "alpha/a alpha/b")
        #expect(try await names("alpha", after: History.key("a", tenant: "alpha")) == "alpha/b")
        #expect(try await names("alpha", after: History.key("a", tenant: "beta")) == "")
        #expect(try await names("beta", after: History.key("z", tenant: "alpha")) == "beta/a")
    }

    @Test(.tags(.randomized))
    func `batches in any order, with losses and repetitions, end in the same list`() async throws {
        for seed in UInt64(1)...20 {
            var random = SeededGenerator(seed: seed)
            var history = History()
            history.commitAtRandom(60, using: &random)
            var folder = try TestFolder()
            var replica = try Replica(ReplicaSettings(path: folder.database))
            var rounds = 0
            while await replica.position() != history.head {
                rounds += 1
                try #require(rounds < 2_000, "seed \(seed) does not come to an end")
                let start = Int.random(in: 0..<history.batches.count, using: &random)
                let end = min(history.batches.count, start + Int.random(in: 1...9, using: &random))
                var some = Array(history.batches[start..<end])
                if Bool.random(using: &random) { some.shuffle(using: &random) }
                let outcome = try await replica.apply(some)
                if case .gap(let have, let next) = outcome, Bool.random(using: &random) {
                    let missing = history.batches.filter {
                        $0.position.revision > have.revision
                            && $0.position.revision <= next.revision
                    }
                    _ = try await replica.apply(missing)
                }
                if Int.random(in: 0..<10, using: &random) == 0 {
                    let image = try TestFolder()
                    try folder.image(to: image)
                    replica = try Replica(ReplicaSettings(path: image.database))
                    try #require(await replica.filesSetAside.isEmpty, "seed \(seed)")
                    folder = image
                }
            }
            #expect(try await replica.everything() == history.records, "seed \(seed)")
            #expect(try await replica.changes(after: .zero, limit: 999) == history.batches)
        }
    }
}
