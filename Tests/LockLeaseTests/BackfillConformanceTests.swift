import LockLease
import Testing
import Vocabulary

@Suite struct `A backfill` {
    private func order(
        _ job: ObjectRecord,
        _ seconds: [Int64],
        isAgain: Bool = false,
        isPlan: Bool = false
    ) -> BackfillOrder {
        BackfillOrder(
            job: job.key,
            instants: seconds.map(Bench.at),
            isAgain: isAgain,
            isPlan: isPlan
        )
    }

    private func skip(_ from: Int64, _ through: Int64, _ reason: SkipReason) -> SkipRange {
        SkipRange(from: Bench.at(from), through: Bench.at(through), count: 2, reason: reason)
    }

    @Test(arguments: BackEnd.allCases)
    func `starts what was skipped or came before the job, in order`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil)))
        bench.advance(to: 400)
        let missed = bench.item(job, runs: [], to: 240, skips: [skip(60, 240, .misfire)])
        #expect(try await bench.claim(session, missed) == .won([]))
        let pulse = try await bench.store.pulse().triggers
        let verdicts = try await bench.store.backfill(
            order(job, [-120, -60, 60, 120, 180, 240, 300]),
            id: bench.request(),
            author: "ann"
        )
        // What lies at the open end of the range was not in it, and nobody tells what it was.
        #expect(
            verdicts == [.starts, .starts, .isUnknown, .starts, .starts, .starts, .isToCome]
        )
        #expect(try await bench.store.pulse().triggers == pulse + 1)
        let due = try await bench.due()
        #expect(due.map(\.key.instant) == [-120, -60, 120, 180, 240].map(Bench.at))
        #expect(due.allSatisfy { $0.cause == .backfill(by: "ann") && $0.key.attempt == 1 })
        let grant = try await bench.claim(session, bench.item(job, due[2])).grant()
        #expect(grant.key.instant == Bench.at(120))
        let run = try #require(await bench.store.run(grant.run))
        #expect(run.cause == .backfill(by: "ann"))
        // The cursor is not a backfill's business.
        #expect(try await bench.store.cursors(of: [job.uid]) == [job.uid: Bench.at(240)])
    }

    @Test(arguments: BackEnd.allCases)
    func `leaves out what ran, runs or waits, unless it is to run again`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil), retries: 1))
        bench.advance(to: 300)
        let item = bench.item(job, runs: [60, 120, 180])
        let grants = try await bench.claim(session, item).grants
        try await bench.finish(session, grants[0])
        try await bench.finish(session, grants[1], as: .failed, retryDelay: .seconds(30))
        let wanted: [Int64] = [60, 120, 180]
        let plain = order(job, wanted)
        #expect(
            try await bench.store.backfill(plain, id: bench.request(), author: "ann")
                == [.hasRun, .isUnderWay, .isUnderWay]
        )
        #expect(try await bench.store.waitingTriggers(of: job.uid).count == 1)
        let again = order(job, wanted, isAgain: true)
        #expect(
            try await bench.store.backfill(again, id: bench.request(), author: "bob")
                == [.startsAgain, .isUnderWay, .isUnderWay]
        )
        let trigger = try #require(
            await bench.store.waitingTriggers(of: job.uid).first {
                $0.cause == .backfill(by: "bob")
            }
        )
        #expect(trigger.key.instant == Bench.at(60))
        #expect(trigger.key.attempt == 2)
        // It waits now, so once more is not once more.
        #expect(
            try await bench.store.backfill(again, id: bench.request(), author: "bob")
                == [.isUnderWay, .isUnderWay, .isUnderWay]
        )
    }

    @Test(arguments: BackEnd.allCases)
    func `that is sent again has its first answer and no second effect`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil)))
        let grant = try await bench.run(session, job)
        try await bench.finish(session, grant)
        let (id, again) = (bench.request(), order(job, [0, 60], isAgain: true))
        let first = try await bench.store.backfill(again, id: id, author: "ann")
        #expect(first == [.starts, .startsAgain])
        for trigger in try await bench.due() {
            let grant = try await bench.claim(session, bench.item(job, trigger)).grant()
            try await bench.finish(session, grant)
        }
        #expect(try await bench.other.backfill(again, id: id, author: "ann") == first)
        #expect(try await bench.due().isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `is only planned if that was asked for`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let job = try await bench.put()
        let identity = try await bench.store.identify()
        let plan = order(job, [-60, 0, 60], isPlan: true)
        #expect(
            try await bench.store.backfill(plan, id: bench.request(), author: "ann")
                == [.starts, .starts, .isToCome]
        )
        #expect(try await bench.store.waitingTriggers(of: job.uid).isEmpty)
        #expect(try await bench.store.identify().writes == identity.writes)
        await #expect(throws: StoreError.noSuchJob(Bench.key("none"))) {
            let other = BackfillOrder(job: Bench.key("none"), instants: [])
            return try await bench.store.backfill(other, id: bench.request(), author: "ann")
        }
    }

    @Test(arguments: BackEnd.allCases)
    func `does not take a pruned run for one that never was`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(keep: 1))
        for start in stride(from: Int64(0), to: 180, by: 60) {
            let grant = try await bench.run(session, job, from: start, at: start + 60)
            try await bench.finish(session, grant)
        }
        _ = try await bench.store.prune(StoreRetention())
        let seconds: [Int64] = [60, 120, 180]
        #expect(
            try await bench.store.backfill(order(job, seconds), id: bench.request(), author: "ann")
                == [.isUnknown, .isUnknown, .hasRun]
        )
        let again = order(job, seconds, isAgain: true)
        #expect(
            try await bench.store.backfill(again, id: bench.request(), author: "ann")
                == [.startsAgain, .startsAgain, .startsAgain]
        )
    }

    @Test(arguments: BackEnd.allCases)
    func `does not trust a skip that stands for a restored history`(
        _ backEnd: BackEnd
    ) async throws {
        let bench = try Bench(backEnd)
        let job = try await bench.put()
        bench.advance(to: 120)
        _ = try await bench.store.acceptHistory()
        #expect(
            try await bench.store.backfill(order(job, [60]), id: bench.request(), author: "ann")
                == [.isUnknown]
        )
    }

    @Test(arguments: BackEnd.allCases)
    func `waits for room, and for as long as its job is paused`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let session = try await bench.session()
        let job = try await bench.put(gate: Bench.gate(.forbid, isEnabled: false))
        let wanted = order(job, [-180, -120, -60])
        _ = try await bench.store.backfill(wanted, id: bench.request(), author: "ann")
        #expect(try await bench.due().isEmpty)
        let waiting = try await bench.store.waitingTriggers(of: job.uid)
        #expect(waiting.count == 3)
        #expect(try await bench.claim(session, bench.item(job, waiting[0])) == .disabled)
        let resumed = try await bench.put()
        // One at a time, the oldest first.
        for seconds in [Int64(-180), -120, -60] {
            let due = try await bench.due()
            #expect(due.map(\.key.instant) == [Bench.at(seconds)])
            let grant = try await bench.claim(session, bench.item(resumed, due[0])).grant()
            #expect(try await bench.due().isEmpty)
            try await bench.finish(session, grant)
        }
    }

    @Test(arguments: BackEnd.allCases)
    func `of as many instants as an order may have is one commit`(_ backEnd: BackEnd) async throws {
        let bench = try Bench(backEnd)
        let job = try await bench.put()
        let seconds = (1...Int64(BackfillOrder.limit)).map { -60 * $0 }.sorted()
        let before = try await bench.store.identify().writes
        let verdicts = try await bench.store.backfill(
            order(job, seconds),
            id: bench.request(),
            author: "ann"
        )
        #expect(verdicts == Array(repeating: .starts, count: BackfillOrder.limit))
        #expect(try await bench.store.identify().writes == before + 1)
        let waiting = try await bench.store.waitingTriggers(of: job.uid)
        #expect(waiting.map(\.key.instant) == seconds.map(Bench.at))
        #expect(waiting.map(\.id) == waiting.map(\.id).sorted())
    }
}
