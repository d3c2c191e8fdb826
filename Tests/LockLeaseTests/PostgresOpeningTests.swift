import LockLease
import Postgres
import TestSupport
import Testing
import Vocabulary

/// What a schema must be before anybody writes to it, and what is said of one that is not.
@Suite(.enabled(if: PostgresServer.isPossible)) struct `A schema for a PostgreSQL store` {
    private let soon = PostgresBench.soon
    let url: String
    var schema: String { url.split(separator: "=").last.map(String.init) ?? "" }

    init() throws {
        url = try PostgresServer.freshURL()
    }

    @Test(.tags(.integration)) func `is made by whoever comes first, also all at once`()
        async throws
    {
        let stores = try (0..<6).map { _ in try PostgresLeaseStore(url: url) }
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for store in stores { group.addTask { try await store.identify().id } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(ids.first?.count == 26)
        let again = try PostgresLeaseStore(url: url)
        #expect(try await again.identify().id == ids.first)
    }

    @Test(.tags(.integration)) func `that holds somebody else's tables is left as it is`()
        async throws
    {
        let admin = try PostgresBench.connection(to: url)
        try admin.execute(
            "CREATE SCHEMA \(schema); CREATE TABLE \(schema).orders(id int)",
            until: soon
        )
        let store = try PostgresLeaseStore(url: url)
        let error = await expectFailure(\.isIncompatible) { try await store.identify() }
        #expect(error?.description.contains("not Rota's (orders)") == true)
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname='\(schema)'"
        #expect(try admin.run([.once(tables)], until: soon)[0].first?.integer(0) == 1)
    }

    @Test(.tags(.integration)) func `of a newer release is left as it is`() async throws {
        let store = try PostgresLeaseStore(url: url)
        _ = try await store.identify()
        let admin = try PostgresBench.connection(to: url)
        _ = try admin.run([.once("INSERT INTO migration VALUES(99, now())")], until: soon)
        let later = try PostgresLeaseStore(url: url)
        let error = await expectFailure(\.isIncompatible) { try await later.identify() }
        #expect(error?.description.contains("Run the newer release") == true)
    }

    @Test(.tags(.integration)) func `may be all that its user is allowed`() async throws {
        let admin = try PostgresBench.connection(to: url)
        try admin.execute(
            """
            CREATE ROLE \(schema) LOGIN PASSWORD 'plain';
            CREATE SCHEMA \(schema) AUTHORIZATION \(schema)
            """,
            until: soon
        )
        let place = try #require(url.split(separator: "@").last)
        let bench = try PostgresBench(on: "postgres://\(schema):plain@\(place)")
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(60))
        let session = try await bench.other.openSession(Bench.node("a"), term: .seconds(10))
        let item = try await bench.next(job)
        let outcomes = try await bench.other.claim(session, id: RequestID("1"), items: [item])
        #expect(outcomes[0].grants.count == 1)
        #expect(try await bench.other.prune(StoreRetention()) == 0)
        #expect(try await bench.other.examine().isEmpty)
    }

    @Test(.tags(.integration)) func `that may not be made says what to grant`() async throws {
        let admin = try PostgresBench.connection(to: url)
        try admin.execute("CREATE ROLE \(schema) LOGIN PASSWORD 'plain'", until: soon)
        let place = try #require(url.split(separator: "@").last)
        let store = try PostgresLeaseStore(url: "postgres://\(schema):plain@\(place)")
        let error = await expectFailure(\.isIncompatible) { try await store.identify() }
        #expect(error?.description.contains("GRANT CREATE ON DATABASE postgres") == true)
    }

    @Test(.tags(.integration)) func `is not reached with a wrong password or database`()
        async throws
    {
        let place = try #require(url.split(separator: "@").last)
        let wrong = try PostgresLeaseStore(url: "postgres://rota:s3cret@\(place)")
        let error = await expectFailure(\.isIncompatible) { try await wrong.identify() }
        #expect(error?.description.contains("does not let the user rota in") == true)
        #expect(error?.description.contains("s3cret") == false)
        let missing = try PostgresLeaseStore(url: url.replacing("/postgres?", with: "/nowhere?"))
        let second = await expectFailure(\.isIncompatible) { try await missing.identify() }
        #expect(second?.description.contains("CREATE DATABASE") == true)
    }

    @Test(arguments: [
        ("postgres://u:s3cret@h/db?schema=Röta", "the schema \"Röta\" is no name of one"),
        ("postgres://u:s3cret@h/db?schema=pg_x", "not a digit or pg_ first"),
        ("postgres://u:s3cret@h:port/db?x=1", "in the postgres:// URL"),
        ("postgres://u:s3cret@[::1/db", "in the postgres:// URL"),
    ])
    func `is named by a setting that makes sense`(text: String, reason: String) throws {
        let error = try #require(throws: StoreError.self) { try PostgresLeaseStore(url: text) }
        #expect(error.isIncompatible)
        #expect(error.description.contains(reason), "\(error)")
        #expect(!error.description.contains("s3cret"))
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `tells those who wait that something has moved`() async throws {
        let bench = try PostgresBench { $0.pulseInterval = .seconds(30) }
        let job = try await bench.put()
        let seen = try await bench.store.pulse()
        let start = ContinuousClock.now
        #expect(try await bench.store.pulse(after: seen, within: .milliseconds(50)) == seen)
        async let news = bench.store.pulse(after: seen, within: .seconds(30))
        _ = try await bench.other.trigger(job.key, id: RequestID("1"), author: "ann")
        #expect(try await news.triggers == seen.triggers + 1)
        #expect(start.duration(to: .now) < .seconds(10))
        // Whoever has seen less than there is does not wait.
        let later = try await bench.store.pulse(after: seen, within: .seconds(30))
        #expect(later.triggers == seen.triggers + 1)
        let waiting = Task { try await bench.store.pulse(after: later, within: .seconds(30)) }
        waiting.cancel()
        #expect(try await waiting.value == later)
        #expect(start.duration(to: .now) < .seconds(15))
    }

    @Test(.tags(.integration)) func `drops a day of runs and skips as a whole`() async throws {
        let bench = try PostgresBench()
        let job = try await bench.put(gate: Bench.gate(.allow(limit: nil), keep: 1_000))
        let session = try await bench.other.openSession(Bench.node("a"), term: .seconds(10))
        #expect(try await bench.other.prune(StoreRetention()) == 0)
        // Two days on, there is a partition for what happens today.
        bench.clock.advance(by: .seconds(2 * 86_400))
        var random = SeededGenerator(seed: 1)
        let at = bench.clock.now
        let run = RunID.make(at: at, using: &random)
        let item = ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .instants(
                from: Bench.start,
                to: at,
                runs: [PlannedRun(instant: at, run: run, cause: .schedule)],
                skips: [SkipRange(from: Bench.start, through: at, count: 7, reason: .misfire)]
            )
        )
        let won = try await bench.other.claim(session, id: RequestID("1"), items: [item])
        let grant = try won[0].grant()
        let completion = Completion(
            run: run,
            fence: grant.fence,
            state: .succeeded,
            exit: .code(0),
            reason: "",
            retryDelay: .zero
        )
        let connection = try bench.connection()
        let place = Step("SELECT tableoid::regclass::text FROM closed_run")
        // While it is open it is nowhere that is ever dropped.
        bench.clock.advance(by: .seconds(86_400))
        _ = try await bench.other.finish(session, completions: [completion])
        let day = at.unixMilliseconds / 86_400_000
        #expect(try connection.run([place], until: soon)[0].first?.text(0) == "closed_run_\(day)")
        #expect(try await bench.other.run(run)?.state == .succeeded)
        bench.clock.advance(by: .seconds(31 * 86_400))
        // The run and its skip, each with its table.
        #expect(try await bench.other.prune(StoreRetention()) == 2)
        #expect(try await bench.other.run(run) == nil)
        let left = Step(
            "SELECT to_regclass('closed_run_\(day)') IS NULL AND to_regclass('skip_\(day)') IS NULL"
        )
        #expect(try connection.run([left], until: soon)[0].first?.flag(0) == true)
    }
}
