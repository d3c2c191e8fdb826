import LockLease
import Postgres
import TestSupport
import Testing
import Vocabulary

/// What one process waits for that another one holds, and for how long.
///
/// What these catch, each tried by breaking it: the lock of the list left out, or calendars not
/// looked at again behind it; cursors written without looking at their turn; a claim that does not
/// look at its session while it commits; a trigger or a kill that leaves its job's turn as it was.
@Suite(.enabled(if: PostgresServer.isPossible)) struct `Processes on one PostgreSQL store` {
    private let soon = PostgresBench.soon

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `are told who stopped in the middle of a transaction, and then go on`() async throws {
        let bench = try PostgresBench { $0.lockLimit = .milliseconds(300) }
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        // As a stopped process would leave it: begun, locked, and no further word.
        let stopped = try bench.connection()
        _ = try stopped.run(
            [
                Step("SELECT set_config('idle_in_transaction_session_timeout', '1500ms', false)"),
                Step("BEGIN"), Step("UPDATE cursor SET turn=turn"),
            ],
            until: soon
        )
        let items = [try await bench.next(job)]
        let start = ContinuousClock.now
        let error = await expectFailure(\.isUnavailable) {
            try await bench.store.claim(session, id: RequestID("1"), items: items)
        }
        #expect(start.duration(to: .now) < .seconds(2))
        #expect(error?.description.contains("store held by rota@elsewhere/7") == true)
        #expect(error?.description.contains("idle in transaction") == true)
        // The heart beats meanwhile, and the store is neither lost nor in doubt.
        #expect(try await bench.store.renew(session).beat == Beat(1))
        var outcomes: [ClaimOutcome] = []
        await eventually("the server puts an end to it") {
            outcomes =
                (try? await bench.store.claim(session, id: RequestID("2"), items: items)) ?? []
            return !outcomes.isEmpty
        }
        #expect(outcomes.first?.grants.count == 1)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `try again after a deadlock, which nobody hears of`() async throws {
        let bench = try PostgresBench { $0.lockLimit = .seconds(3) }
        let jobs = [try await bench.put("a"), try await bench.put("b")]
        let other = try bench.connection()
        _ = try other.run(
            [
                Step("SELECT set_config('deadlock_timeout', '10s', false)"), Step("BEGIN"),
                Step("UPDATE cursor SET turn=turn WHERE uid=$1", [.text(jobs[1].uid.text)]),
            ],
            until: soon
        )
        async let edited = bench.store.commit(
            jobs.map { job in
                ObjectEdit(
                    key: job.key,
                    expecting: .any,
                    uid: job.uid,
                    change: .put(body: [1], gate: Bench.gate())
                )
            },
            id: RequestID("1"),
            author: "ann"
        )
        let isWaiting = Step(
            """
            SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM
            pg_stat_activity WHERE query LIKE '%FROM cursor%' AND datname=current_database())
            """
        )
        try await requireEventually {
            try other.run([isWaiting], until: soon)[0].first?.integer(0) == 1
        }
        // The edit holds a and waits for b; now b waits for a, and the server picks the edit.
        _ = try other.run(
            [
                Step("UPDATE cursor SET turn=turn WHERE uid=$1", [.text(jobs[0].uid.text)]),
                Step("COMMIT"),
            ],
            until: soon
        )
        #expect(try await edited.records.count == 2)
        #expect(try await bench.other.object(jobs[0].key)?.version == Version(2))
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `claim by no calendar that an edit has changed already`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put()
        let key = ObjectKey(tenant: "default", kind: .calendar, name: "c")
        func edit(_ body: UInt8) -> ObjectEdit {
            ObjectEdit(
                key: key,
                expecting: .any,
                uid: UID("c"),
                change: .put(body: [body], gate: nil)
            )
        }
        let first = try await bench.other.commit([edit(1)], id: RequestID("1"), author: "ann")
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        // An edit that has its lock, has not committed yet, and is not seen by anybody.
        let editor = try bench.connection()
        _ = try editor.run(
            [
                Step("BEGIN"),
                Step(
                    """
                    SELECT pg_advisory_xact_lock(oid::int4, 0) FROM pg_namespace
                    WHERE nspname=current_schema()
                    """
                ),
                Step(
                    """
                    UPDATE object SET digest=decode(repeat('11', 16), 'hex'), sequence=99
                    WHERE kind='calendar'
                    """
                ),
            ],
            until: soon
        )
        let plain = try await bench.next(job)
        let item = ClaimItem(
            job: plain.job,
            revision: plain.revision,
            subject: plain.subject,
            calendars: [CalendarMark(name: "c", digest: first.records[0].digest)]
        )
        async let outcome = bench.store.claim(session, id: RequestID("2"), items: [item])
        let isWaiting = Step(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype='advisory'"
        )
        try await requireEventually {
            try editor.run([isWaiting], until: soon)[0].first?.integer(0) == 1
        }
        _ = try editor.run([Step("COMMIT")], until: soon)
        #expect(try await outcome == [.stale(current: Revision(epoch: 1, sequence: 99))])
        #expect(try await bench.other.runs(RunFilter()).isEmpty)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `that commit under a session which ends meanwhile claim nothing`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        for round in 0..<2 {
            // The second time the store remembers job and session and does not look first.
            let item = try await bench.next(job)
            _ = try await bench.store.claim(session, id: RequestID("\(round)"), items: [item])
        }
        let item = try await bench.next(job)
        let beat = try await bench.other.sessions()[0].beat
        #expect(try await bench.other.expire(session, observed: beat))
        await #expect(throws: StoreError.sessionLost) {
            try await bench.store.claim(session, id: RequestID("late"), items: [item])
        }
        #expect(try await bench.other.runs(RunFilter()).count == 2)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `notice whatever another one did to a job they remember`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put(gate: Bench.gate(.forbid, retries: 1))
        bench.clock.advance(by: .seconds(3_600))
        let mine = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        let theirs = try await bench.other.openSession(Bench.node("b"), term: .seconds(10))
        let first = try await bench.next(job)
        let won = try await bench.store.claim(mine, id: RequestID("1"), items: [first])
        // Somebody else ends its run and starts the next one: there is no room now.
        let grant = try won[0].grant()
        let completion = Completion(
            run: grant.run,
            fence: grant.fence,
            state: .succeeded,
            exit: nil,
            reason: "",
            retryDelay: .zero
        )
        #expect(try await bench.other.finish(mine, completions: [completion]).count == 1)
        let second = try await bench.next(job)
        _ = try await bench.other.claim(theirs, id: RequestID("2"), items: [second])
        #expect(
            try await bench.store.claim(mine, id: RequestID("3"), items: [second])
                == [.taken(cursor: try await bench.other.cursors(of: [job.uid])[job.uid] ?? .epoch)]
        )
        let third = try await bench.next(job)
        let skipped = try await bench.store.claim(mine, id: RequestID("4"), items: [third])
        #expect(skipped == [.won([])])
        let skips = try await bench.other.skips(
            of: job.uid,
            from: .epoch,
            through: Bench.at(10_000),
            limit: 10
        )
        #expect(skips.map(\.reason) == [.overlap])
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `end no run by what they knew of it before somebody killed it`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil), retries: 1))
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        let item = try await bench.next(job)
        let won = try await bench.store.claim(session, id: RequestID("1"), items: [item])
        let run = try won[0].grant()
        // A kill that has its lock and has not committed: the run still looks unharmed.
        let killer = try bench.connection()
        _ = try killer.run(
            [
                Step("BEGIN"), Step("UPDATE cursor SET turn=turn+1"),
                Step("UPDATE open_run SET kill_author='eve', kill_at=1"),
            ],
            until: soon
        )
        let completion = Completion(
            run: run.run,
            fence: run.fence,
            state: .failed,
            exit: .code(1),
            reason: "",
            retryDelay: .zero
        )
        async let finished = bench.store.finish(session, completions: [completion])
        let isWaiting = Step("SELECT count(*) FROM pg_locks WHERE NOT granted")
        try await requireEventually {
            try killer.run([isWaiting], until: soon)[0].first?.integer(0) == 1
        }
        _ = try killer.run([Step("COMMIT")], until: soon)
        // A run with a kill order has no next attempt, however it ended.
        #expect(try await finished == [.recorded(retry: nil)])
        #expect(try await bench.other.waitingTriggers(of: job.uid).isEmpty)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `move the turn of a job with whatever of it they change`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        let connection = try bench.connection()
        var turns: [Int64] = []
        func note() throws {
            let rows = try connection.run([Step("SELECT turn FROM cursor")], until: soon)
            turns.append(try #require(rows[0].first?.integer(0)))
        }
        try note()
        let item = try await bench.next(job)
        let won = try await bench.store.claim(session, id: RequestID("1"), items: [item])
        let run = try won[0].grant().run
        try note()
        _ = try await bench.store.trigger(job.key, id: RequestID("2"), author: "ann")
        try note()
        let order = KillOrder(run: run, author: "ann", grace: nil, requestedAt: bench.clock.now)
        _ = try await bench.store.kill(order)
        try note()
        try await bench.store.closeSession(session)
        try note()
        _ = try await bench.put()
        try note()
        _ = try await bench.store.acceptHistory()
        try note()
        #expect(turns == (0...6).map { $0 })
    }

    @Test(.tags(.integration), .timeLimit(.minutes(2)))
    func `win every instant exactly once, under growing fences, beside edits and kills`()
        async throws
    {
        let url = try PostgresServer.freshURL()
        let clock = ManualClock(at: Bench.start)
        var settings = PostgresStoreSettings()
        settings.clock = { clock.now }
        let stores = try (0..<4).map { _ in try PostgresLeaseStore(url: url, settings: settings) }
        let edits = (0..<6).map { number in
            ObjectEdit(
                key: Bench.key("job-\(number)"),
                expecting: .any,
                uid: UID("uid-\(number)"),
                change: .put(body: [], gate: Bench.gate(.allow(limit: nil)))
            )
        }
        let jobs = try await stores[0].commit(edits, id: RequestID("jobs"), author: "ann").records
        clock.advance(by: .seconds(3_600))
        let instants = 40
        let disturbing = Task {
            var number = 0
            while !Task.isCancelled {
                number += 1
                // A calendar that nobody goes by: the revisions of the jobs stay as they are.
                let edit = ObjectEdit(
                    key: ObjectKey(tenant: "default", kind: .calendar, name: "c"),
                    expecting: .any,
                    uid: UID("c"),
                    change: .put(body: [UInt8(number % 200)], gate: nil)
                )
                _ = try await stores[1].commit([edit], id: RequestID("e\(number)"), author: "ann")
                let run = try await stores[2].runs(RunFilter()).first
                guard let run else { continue }
                let order = KillOrder(run: run.id, author: "x", grace: nil, requestedAt: clock.now)
                _ = try await stores[2].kill(order)
            }
        }
        let grants = try await withThrowingTaskGroup(of: [Grant].self) { group in
            for (index, store) in stores.enumerated() {
                group.addTask {
                    try await race(on: store, as: "node-\(index)", for: jobs, instants)
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        disturbing.cancel()
        _ = await disturbing.result
        #expect(grants.count == jobs.count * instants)
        #expect(Set(grants.map(\.key)).count == grants.count)
        for job in jobs {
            let ours = grants.filter { $0.key.job == job.uid }
                .sorted { $0.key.instant < $1.key.instant }
            #expect(ours.map(\.fence.rawValue) == (1...Int64(instants)).map { $0 })
        }
        let winners = Set(grants.map { $0.run.text.suffix(6) })
        #expect(winners.count > 1, "only \(winners) ever won, so nothing raced")
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `may have stores of their own in one database`() async throws {
        let (one, two) = (try PostgresBench(), try PostgresBench())
        let job = try await one.put()
        #expect(try await two.store.object(job.key) == nil)
        #expect(try await one.store.identify().id != two.store.identify().id)
        // Nor do they wait for each other's locks.
        let locking = try one.connection()
        let lock = """
            SELECT pg_advisory_xact_lock(oid::int4, 0) FROM pg_namespace
            WHERE nspname=current_schema()
            """
        _ = try locking.run([Step("BEGIN"), Step(lock)], until: soon)
        #expect(try await two.put("other").version == Version(1))
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `close a session that leaves very much behind`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put(
            gate: Bench.gate(.allow(limit: nil), nodeLoss: .retry(limit: 1))
        )
        bench.clock.advance(by: .seconds(7_200))
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        let plan = (1...1_200).map { second in
            let id = String(repeating: "0", count: 4 - "\(second)".count) + "\(second)"
            return PlannedRun(
                instant: Bench.at(Int64(second)),
                run: RunID("r-\(id)"),
                cause: .catchUp
            )
        }
        let item = ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .instants(from: Bench.start, to: Bench.at(1_200), runs: plan, skips: [])
        )
        let outcomes = try await bench.store.claim(session, id: RequestID("1"), items: [item])
        #expect(outcomes[0].grants.count == 1_200)
        try await bench.store.closeSession(session)
        let view = try await bench.other.sessions()[0]
        #expect(!view.isLive && view.openRuns == 0)
        var filter = RunFilter()
        filter.states = [.lost]
        filter.limit = 5_000
        let lost = try await bench.other.runs(filter)
        #expect(lost.count == 1_200)
        #expect(Set(lost.map(\.reason)) == ["node a ended its session"])
        #expect(try await bench.other.waitingTriggers(of: job.uid).count == 1_200)
    }
}
