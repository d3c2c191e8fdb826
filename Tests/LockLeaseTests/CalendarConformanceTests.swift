import LockLease
import Testing
import Vocabulary

@Suite struct `A claim by calendars` {
    @Test(arguments: BackEnd.allCases)
    func `is stale once an edit of one of them has returned`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        let freeze = try await bench.calendar("freeze", body: "{}")
        let old = try await bench.calendar(body: #"{"weekdays":["mon"]}"#)
        bench.advance(to: 120)
        let known = bench.item(job, runs: [60], by: [old, freeze])
        #expect(try await bench.claim(session, known).grants.count == 1)
        let new = try await bench.calendar(body: #"{"weekdays":["tue"]}"#)
        let writes = try await bench.store.identify().writes
        let late = bench.item(job, from: 60, runs: [120], by: [freeze, old])
        #expect(try await bench.claim(session, late) == .stale(current: new.revision))
        // As much for a plan that starts nothing: it would pass over what is due now.
        let empty = bench.item(job, from: 60, runs: [], to: 120, by: [old, freeze])
        #expect(try await bench.claim(session, empty) == .stale(current: new.revision))
        #expect(try await bench.store.identify().writes == writes)
        let fresh = bench.item(job, from: 60, runs: [120], cause: .catchUp, by: [new, freeze])
        #expect(try await bench.claim(session, fresh) != .stale(current: new.revision))
    }

    @Test(arguments: BackEnd.allCases)
    func `is stale while one of them is deleted, and of another tenant's no business`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put()
        let foreign = try await bench.calendar(body: "{}", tenant: "acme")
        bench.advance(to: 60)
        let item = bench.item(job, runs: [60], by: [foreign])
        #expect(try await bench.claim(session, item) == .stale(current: .zero))
        let own = try await bench.calendar(body: "{}")
        let gone = try await bench.calendar(body: nil)
        let late = bench.item(job, runs: [60], by: [own])
        #expect(try await bench.claim(session, late) == .stale(current: gone.revision))
        // The same body again is the same calendar as far as instants go.
        try await bench.calendar(body: "{}")
        #expect(try await bench.claim(session, late).grants.count == 1)
    }

    @Test(arguments: BackEnd.allCases)
    func `holds up neither other items of the same request nor triggers`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let (one, two) = (try await bench.put("one"), try await bench.put("two"))
        let old = try await bench.calendar(body: "{}")
        let new = try await bench.calendar(body: "[]")
        bench.advance(to: 60)
        let outcomes = try await bench.store.claim(
            session,
            id: bench.request(),
            items: [
                bench.item(one, runs: [60], by: [old]), bench.item(two, runs: [60], by: [new]),
            ]
        )
        #expect(outcomes[0] == .stale(current: new.revision))
        #expect(outcomes[1].grants.count == 1)
        let trigger = try await bench.store.trigger(one.key, id: bench.request(), author: "ann")
        #expect(try await bench.claim(session, bench.item(one, trigger)).grants.count == 1)
    }
}
