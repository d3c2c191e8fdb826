import LockLease
import Testing
import Vocabulary

@Suite struct `Overlap` {
    static func skipped(_ seconds: Int64, _ reason: SkipReason) -> SkipRange {
        let through = Bench.at(seconds)
        return SkipRange(
            from: Instant(unixMilliseconds: through.unixMilliseconds - 1),
            through: through,
            count: 1,
            reason: reason
        )
    }

    @Test(arguments: BackEnd.allCases)
    func `forbidden skips a run while another is open`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.forbid))
        let first = try await bench.run(session, job)
        bench.advance(to: 120)
        #expect(try await bench.claim(session, bench.item(job, from: 60, runs: [120])) == .won([]))
        #expect(try await bench.skips(job) == [Self.skipped(120, .overlap)])
        try await bench.finish(session, first)
        _ = try await bench.run(session, job, from: 120, at: 180)
    }

    @Test(arguments: BackEnd.allCases)
    func `forbidden lets the missed runs of one claim follow each other`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.forbid))
        bench.advance(to: 600)
        let item = bench.item(job, runs: [60, 120, 180], cause: .catchUp)
        var grant = try await bench.claim(session, item).grant()
        #expect(try await bench.due().isEmpty)
        for expected: Int64 in [120, 180] {
            try await bench.finish(session, grant)
            let due = try await bench.due()
            #expect(due.map(\.key.instant) == [Bench.at(expected)])
            #expect(due.map(\.cause) == [.catchUp])
            grant = try await bench.claim(session, bench.item(job, due[0])).grant()
        }
        #expect(try await bench.skips(job).isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `forbidden skips missed runs that an older run is in the way of`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.forbid))
        _ = try await bench.run(session, job)
        bench.advance(to: 600)
        let item = bench.item(job, from: 60, runs: [120, 180], cause: .catchUp)
        #expect(try await bench.claim(session, item) == .won([]))
        #expect(
            try await bench.skips(job) == [
                Self.skipped(120, .overlap), Self.skipped(180, .overlap),
            ]
        )
    }

    @Test(arguments: BackEnd.allCases)
    func `queued lets one run wait and skips further ones`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.queue))
        let first = try await bench.run(session, job)
        let pulse = try await bench.store.pulse().triggers
        bench.advance(to: 180)
        #expect(try await bench.claim(session, bench.item(job, from: 60, runs: [120])) == .won([]))
        #expect(try await bench.store.pulse().triggers > pulse)
        #expect(try await bench.claim(session, bench.item(job, from: 120, runs: [180])) == .won([]))
        #expect(try await bench.skips(job) == [Self.skipped(180, .overlap)])
        #expect(try await bench.due().isEmpty)
        let waiting = try await bench.store.pulse().triggers
        try await bench.finish(session, first)
        #expect(try await bench.store.pulse().triggers > waiting)
        let due = try await bench.due()
        #expect(due.map(\.key.instant) == [Bench.at(120)])
        #expect(due.map(\.cause) == [.queued])
        // Whoever waits goes first: a newer instant does not overtake it.
        bench.advance(to: 240)
        #expect(try await bench.claim(session, bench.item(job, from: 180, runs: [240])) == .won([]))
        #expect(try await bench.claim(session, bench.item(job, due[0])).grants.count == 1)
    }

    @Test(arguments: BackEnd.allCases)
    func `queued loses no missed run`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.queue))
        var grant = try await bench.run(session, job)
        bench.advance(to: 600)
        let item = bench.item(job, from: 60, runs: [120, 180, 240], cause: .catchUp)
        #expect(try await bench.claim(session, item) == .won([]))
        var seen: [Instant] = []
        while true {
            try await bench.finish(session, grant)
            guard let next = try await bench.due().first else { break }
            seen.append(next.key.instant)
            grant = try await bench.claim(session, bench.item(job, next)).grant()
        }
        #expect(seen == [Bench.at(120), Bench.at(180), Bench.at(240)])
        #expect(try await bench.skips(job).isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `replacing kills the old run and keeps only the newest waiting`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.replace, retries: 3))
        let first = try await bench.run(session, job)
        let pulse = try await bench.store.pulse()
        bench.advance(to: 180)
        #expect(try await bench.claim(session, bench.item(job, from: 60, runs: [120])) == .won([]))
        #expect(try await bench.store.pulse().kills > pulse.kills)
        let order = try #require(await bench.store.renew(session).kills.first)
        #expect(order.run == first.run)
        #expect(order.author == "overlap: replace")
        #expect(try await bench.claim(session, bench.item(job, from: 120, runs: [180])) == .won([]))
        #expect(try await bench.skips(job) == [Self.skipped(120, .superseded)])
        #expect(try await bench.due().isEmpty)
        // What was killed is not retried, whatever its process made of the signal.
        let ended = try await bench.finish(session, first, as: .failed)
        #expect(ended == .recorded(retry: nil))
        let due = try await bench.due()
        #expect(due.map(\.cause) == [.replacement])
        #expect(due.map(\.key.instant) == [Bench.at(180)])
        #expect(try await bench.claim(session, bench.item(job, due[0])).grants.count == 1)
    }

    @Test(arguments: BackEnd.allCases)
    func `replacing runs only the newest of several missed`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.replace))
        bench.advance(to: 600)
        let item = bench.item(job, runs: [60, 120, 180], cause: .catchUp)
        #expect(try await bench.claim(session, item).grant().key.instant == Bench.at(180))
        #expect(try await bench.skips(job).map(\.reason) == [.superseded, .superseded])
    }

    @Test(arguments: BackEnd.allCases)
    func `allowed up to a limit skips beyond it`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: 2)))
        bench.advance(to: 180)
        let item = bench.item(job, runs: [60, 120, 180])
        #expect(try await bench.claim(session, item).grants.count == 2)
        #expect(try await bench.skips(job) == [Self.skipped(180, .overlap)])
    }

    @Test(arguments: BackEnd.allCases)
    func `allowed without a limit starts everything`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil)))
        bench.advance(to: 180)
        let item = bench.item(job, runs: [60, 120, 180])
        #expect(try await bench.claim(session, item).grants.count == 3)
    }
}
