import LockLease
import Testing
import Vocabulary

@Suite struct `The list` {
    @Test(arguments: BackEnd.allCases)
    func `takes one revision per commit and chains them`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        #expect(try await bench.store.identify().head == .start)
        let first = try await bench.put("a")
        bench.clock.advance(by: .seconds(5))
        let second = try await bench.put("a", body: "{\"x\":1}", expecting: .version(Version(1)))
        #expect(first.revision == Revision(epoch: 1, sequence: 1))
        #expect(second.revision == Revision(epoch: 1, sequence: 2))
        #expect(second.version == Version(2))
        #expect(second.uid == first.uid)
        #expect(second.createdAt == Bench.start)
        #expect(second.updatedAt == Bench.at(5))
        #expect(second.digest != first.digest)
        let batches = try await bench.store.changes(after: .zero, limit: 10)
        #expect(batches.map(\.records) == [[first], [second]])
        #expect(batches[0].previous == .start)
        #expect(batches[1].previous == batches[0].position)
        #expect(batches.map(\.isChained) == [true, true])
        #expect(try await bench.store.pulse().head == batches[1].position)
        let later = try await bench.store.changes(after: first.revision, limit: 10)
        #expect(later == [batches[1]])
    }

    @Test(arguments: BackEnd.allCases)
    func `refuses an edit of another version, and all that came with it`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let there = try await bench.put("there")
        let head = try await bench.store.pulse().head
        let edits = [
            ObjectEdit(
                key: Bench.key("new"),
                expecting: .absent,
                uid: UID("u-new"),
                change: .put(body: [], gate: Bench.gate())
            ),
            ObjectEdit(
                key: there.key,
                expecting: .version(Version(7)),
                uid: UID("u"),
                change: .delete
            ),
        ]
        let conflict = EditConflict(
            key: there.key,
            expected: .version(Version(7)),
            current: there
        )
        await #expect(throws: StoreError.conflict(conflict)) {
            try await bench.store.commit(edits, id: bench.request(), author: "ann")
        }
        #expect(try await bench.store.object(Bench.key("new")) == nil)
        #expect(try await bench.store.pulse().head == head)
        #expect(try await bench.store.cursors(of: [UID("u-new")]).isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `refuses to make what is there and to delete what is not`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let there = try await bench.put("there")
        await #expect(
            throws: StoreError.conflict(
                EditConflict(key: there.key, expected: .absent, current: there)
            )
        ) { try await bench.put("there", expecting: .absent) }
        await #expect(
            throws: StoreError.conflict(
                EditConflict(key: Bench.key("not"), expected: .any, current: nil)
            )
        ) { try await bench.delete("not") }
    }

    @Test(arguments: BackEnd.allCases)
    func `answers a repeated commit with the first one's batch`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let edit = ObjectEdit(
            key: Bench.key("a"),
            expecting: .absent,
            uid: UID("u-a"),
            change: .put(body: [1], gate: Bench.gate())
        )
        let id = bench.request()
        let first = try await bench.store.commit([edit], id: id, author: "ann")
        _ = try await bench.put("b")
        #expect(try await bench.store.commit([edit], id: id, author: "ann") == first)
    }

    @Test(arguments: BackEnd.allCases)
    func `keeps a tombstone, and counts on when the name returns`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let first = try await bench.put("a", gate: Bench.gate(.allow(limit: nil)))
        let before = try await bench.run(session, first)
        let tombstone = try await bench.delete("a")
        #expect(tombstone.isDeleted && tombstone.body.isEmpty && tombstone.uid == first.uid)
        #expect(try await bench.store.object(Bench.key("a")) == tombstone)
        #expect(try await bench.store.cursors(of: [first.uid]).isEmpty)
        bench.advance(to: 90)
        let second = try await bench.put("a", expecting: .absent)
        #expect(second.uid != first.uid)
        #expect(second.version == Version(3))
        #expect(second.createdAt == Bench.at(90))
        let after = try await bench.run(session, second, from: 90, at: 120)
        #expect(after.fence > before.fence)
        // The old job's run ends as if nothing had happened.
        #expect(try await bench.finish(session, before) == .recorded(retry: nil))
        #expect(try await bench.claim(session, bench.item(first, from: 60, runs: [120])) == .gone)
    }

    @Test(arguments: BackEnd.allCases)
    func `is handed out in key order, page by page`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        for name in ["c", "a", "d", "b"] { _ = try await bench.put(name) }
        try await bench.delete("b")
        let first = try await bench.store.snapshot(after: nil, limit: 3)
        #expect(first.records.map(\.key.name) == ["a", "b", "c"])
        #expect(first.records.map(\.isDeleted) == [false, true, false])
        let rest = try await bench.store.snapshot(after: first.records[2].key, limit: 3)
        #expect(rest.records.map(\.key.name) == ["d"])
        #expect(rest.position == first.position)
        #expect(first.position.revision.sequence == 5)
    }

    @Test(arguments: BackEnd.allCases)
    func `says so when its history no longer goes back far enough`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        for name in ["a", "b", "c"] { _ = try await bench.put(name) }
        var retention = StoreRetention()
        retention.batches = 2
        _ = try await bench.store.prune(retention)
        let floor = Revision(epoch: 1, sequence: 1)
        await #expect(throws: StoreError.compacted(floor: floor)) {
            try await bench.store.changes(after: .zero, limit: 10)
        }
        let kept = try await bench.store.changes(after: floor, limit: 10)
        #expect(kept.map(\.position.revision.sequence) == [2, 3])
        await #expect(throws: StoreError.compacted(floor: floor)) {
            try await bench.store.changes(after: Revision(epoch: 9, sequence: 2), limit: 10)
        }
    }

    @Test(arguments: BackEnd.allCases)
    func `has its identity and counts every write`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let before = try await bench.store.identify()
        #expect(before.clock == Bench.start)
        #expect(!before.id.isEmpty)
        _ = try await bench.put()
        _ = try await bench.session()
        let after = try await bench.other.identify()
        #expect(after.id == before.id)
        #expect(after.writes == before.writes + 2)
    }
}
