// SQL tasks through the keeper, against real databases behind Debian's drivers.

import LockLease
import PeerNode
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.integration), .timeLimit(.minutes(2))) struct SQLTaskTests {
    typealias Kind = TestDatabase.Kind
    static let kinds = Kind.possible

    private func task(_ database: TestDatabase, _ statement: String) -> SQLTask {
        var connection = database.connection
        // The password stands where a secret's value would, filled in already.
        if let password = database.password { connection += ";Pwd=\(password)" }
        return SQLTask(connection: connection, statement: statement)
    }

    @Test(arguments: kinds) func `rows are the output, with their columns' names above`(
        kind: Kind
    ) async throws {
        let database = try TestDatabase(kind)
        let world = try RunFixture()
        let statement =
            #"SELECT 1 AS id, 'a\#tb\c' AS text, NULL AS none "#
            + "UNION ALL SELECT 2, '☂', NULL"
        let order = RunOrder.sql(task(database, statement))
        let report = try await world.run(order)
        #expect(report.state == .succeeded && report.exit == nil && report.reason.isEmpty)
        #expect(
            try await world.log(of: order) == [
                "out id\ttext\tnone", #"out 1\#ta\tb\\c\#t\N"#, #"out 2\#t☂\#t\N"#, "note 2 rows",
            ]
        )
    }

    @Test func `a connection reaches what the host allows, whatever was filled in`() async throws {
        var named = HostRule()
        named.databases = ["warehouse"]
        var confined = HostRule()
        confined.directories = ["/srv"]
        let plain = HostRule()
        for (rule, connection, words) in [
            (plain, "Driver=/tmp/evil.so", "driver is no name of a driver"),
            (plain, "DSN={{job}};LoadExt=/tmp/evil.so", "loadext reaches files of the node"),
            (named, "DSN=other", "does not allow this database: write one of warehouse"),
            (named, "DSN=warehouse;Database=/etc/x", "does not allow this database"),
            (confined, "Driver=SQLite3;Database=/etc/x", "write a data source of /etc/odbc.ini"),
        ] {
            let world = try RunFixture(host: TaskHost(rules: .fixed(rule)))
            let order = RunOrder.sql(SQLTask(connection: connection, statement: "SELECT 1"))
            let report = try await world.run(order)
            #expect(report.state == .failed && report.reason.contains(words), "\(report.reason)")
        }
        for (rule, connection) in [(named, "DSN=warehouse;Uid=x"), (confined, "warehouse")] {
            let world = try RunFixture(host: TaskHost(rules: .fixed(rule)))
            let order = RunOrder.sql(SQLTask(connection: connection, statement: "SELECT 1"))
            // Nobody has made such a source here: it got as far as the driver manager.
            #expect(try await world.run(order).reason.contains("IM002"))
        }
    }

    @Test(arguments: kinds) func `rows beyond the limit are counted, not printed`(
        kind: Kind
    ) async throws {
        let database = try TestDatabase(kind)
        let world = try RunFixture()
        var many = task(
            database,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
                + "SELECT i FROM n"
        )
        many.rowLimit = 2
        let order = RunOrder.sql(many)
        #expect(try await world.run(order).state == .succeeded)
        let log = try await world.log(of: order)
        #expect(log == ["out i", "out 1", "out 2", "note 5000 rows, of which 4998 are not shown"])
    }

    @Test(arguments: kinds) func `what is filled in is a value, never SQL`(
        kind: Kind
    ) async throws {
        let database = try TestDatabase(kind)
        let world = try RunFixture()
        #expect(
            try await world.run(.sql(task(database, "CREATE TABLE t (a VARCHAR(99))"))).state
                == .succeeded
        )
        var insert = task(database, "INSERT INTO t VALUES (?), (?), (?)")
        insert.parameters = ["{{job}} {{attempt}} {{instant}}", "'); DROP TABLE t; --", nil]
        let order = RunOrder.sql(insert)
        #expect(try await world.run(order).state == .succeeded)
        #expect(try await world.log(of: order) == ["note 3 rows changed"])
        let read = RunOrder.sql(task(database, "SELECT a FROM t ORDER BY a IS NULL, a DESC"))
        _ = try await world.run(read)
        #expect(
            try await world.log(of: read) == [
                "out a", "out nightly 2 2027-01-15T08:00:00Z", "out '); DROP TABLE t; --",
                #"out \N"#, "note 3 rows",
            ]
        )
    }

    @Test(arguments: kinds) func `a failure says why, and nothing of it takes effect`(
        kind: Kind
    ) async throws {
        let database = try TestDatabase(kind)
        let world = try RunFixture()
        _ = try await world.run(.sql(task(database, "CREATE TABLE t (a INTEGER PRIMARY KEY)")))
        let order = RunOrder.sql(task(database, "INSERT INTO t VALUES (1), (2), (1)"))
        let report = try await world.run(order)
        #expect(report.state == .failed)
        #expect(report.reason.contains("running `INSERT INTO t"))
        #expect(report.reason.contains("SQLSTATE"))
        if kind == .postgres { #expect(report.reason.contains("23505")) }
        let log = try await world.log(of: order)
        #expect(log.contains("note rolled back: nothing of it took effect"))
        let count = RunOrder.sql(task(database, "SELECT count(*) AS n FROM t"))
        _ = try await world.run(count)
        #expect(try await world.log(of: count) == ["out n", "out 0", "note 1 row"])
    }

    @Test(.enabled(if: PostgresServer.isPossible))
    func `statements of one task take effect together, and a procedure can be called`()
        async throws
    {
        let database = try TestDatabase(.postgres)
        let world = try RunFixture()
        let setUp = """
            CREATE TABLE t (a INTEGER);
            CREATE PROCEDURE fill(n INTEGER) LANGUAGE SQL
                AS 'INSERT INTO t SELECT generate_series(1, n)';
            CREATE FUNCTION sum_of() RETURNS BIGINT LANGUAGE SQL AS 'SELECT sum(a) FROM t'
            """
        #expect(try await world.run(.sql(task(database, setUp))).state == .succeeded)
        var call = task(database, "CALL fill(?)")
        call.parameters = ["4"]
        #expect(try await world.run(.sql(call)).state == .succeeded)
        let both = RunOrder.sql(task(database, "SELECT sum_of() AS s; SELECT 'x' AS y"))
        #expect(try await world.run(both).state == .succeeded)
        #expect(
            try await world.log(of: both)
                == ["out s", "out 10", "note 1 row", "out y", "out x", "note 1 row"]
        )
        let broken = RunOrder.sql(task(database, "DELETE FROM t; SELECT 1 / 0"))
        let report = try await world.run(broken)
        #expect(report.state == .failed && report.reason.contains("22012"))
        let count = RunOrder.sql(task(database, "SELECT count(*) AS n FROM t"))
        _ = try await world.run(count)
        #expect(try await world.log(of: count).contains("out 4"))
        var plain = task(database, "VACUUM t")
        plain.isTransaction = false
        #expect(try await world.run(.sql(plain)).state == .succeeded)
    }

    @Test(.enabled(if: PostgresServer.isPossible))
    func `a timeout and a kill cancel the statement in the database`() async throws {
        let database = try TestDatabase(.postgres)
        let world = try RunFixture()
        let sleep = task(database, "SELECT pg_sleep(300)")
        let late = RunOrder.sql(sleep) {
            $0.timeout = .milliseconds(300)
            $0.killGrace = .seconds(30)
        }
        let report = try await world.run(late)
        #expect(report.state == .timedOut && !report.reason.contains("KILL"))
        let log = try await world.log(of: late)
        #expect(log.contains("note rolled back: nothing of it took effect"))
        let order = RunOrder.sql(sleep) { $0.killGrace = .seconds(30) }
        await world.keeper.start(order)
        let seen = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30' || '0)%'"
        try await requireEventually {
            try await answer(seen, database, world) == "out 1"
        }
        await world.keeper.kill(order.kill())
        #expect(try await world.report(of: order).state == .killed)
        try await requireEventually {
            let active = seen + " AND state = 'active'"
            return try await answer(active, database, world) == "out 0"
        }
    }

    private func answer(
        _ statement: String,
        _ database: TestDatabase,
        _ world: RunFixture
    ) async throws -> String? {
        let order = RunOrder.sql(task(database, statement))
        _ = try await world.run(order)
        return try await world.log(of: order).dropFirst().first
    }

    @Test func `a database that cannot be reached fails the run with its words`() async throws {
        let world = try RunFixture()
        let nobody = SQLTask(
            connection: "Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=1;Uid=a;Database=b",
            statement: "SELECT 1"
        )
        let report = try await world.run(.sql(nobody))
        #expect(report.state == .failed && report.reason.contains("connecting"))
        let nothing = SQLTask(connection: "no-such-source", statement: "SELECT 1")
        #expect(try await world.run(.sql(nothing)).reason.contains("IM002"))
        var secretive = SQLTask(connection: "no-such-source", statement: "SELECT 1")
        secretive.password = "{{secret.NONE}}"
        let reason = try await world.run(.sql(secretive)).reason
        #expect(reason.contains("{{secret.NONE}} has no value"))
    }

    @Test(.enabled(if: PostgresServer.isPossible))
    func `a driver that lets nobody go is given up at KILL`() async throws {
        let world = try RunFixture()
        // A server that takes the connection and never says a word.
        let silent = try SilentServer()
        let order = RunOrder.sql(
            SQLTask(
                connection: "Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=\(silent.port);"
                    + "Uid=a;Database=b;SSLmode=disable",
                statement: "SELECT 1"
            )
        ) { $0.timeout = .milliseconds(200) }
        let report = try await world.run(order)
        #expect(report.state == .timedOut)
        #expect(report.reason.contains("was sent KILL"))
        silent.stop()
    }
}

// MARK: Once

extension SQLTaskTests {
    private func once(_ database: TestDatabase) -> SQLTask {
        var task = task(database, "INSERT INTO effects VALUES (?)")
        task.parameters = ["{{run}}"]
        task.once = true
        return task
    }

    private func prepare(_ database: TestDatabase, _ world: RunFixture) async throws {
        let table = task(database, "CREATE TABLE effects (run VARCHAR(64))")
        #expect(try await world.run(.sql(table)).state == .succeeded)
    }

    @Test(arguments: kinds) func `with once, a second attempt does nothing and succeeds`(
        kind: Kind
    ) async throws {
        let database = try TestDatabase(kind)
        let world = try RunFixture()
        try await prepare(database, world)
        let first = RunOrder.sql(once(database))
        #expect(try await world.run(first).state == .succeeded)
        // Its node died before it could report: the same instant comes again.
        let second = RunOrder.sql(once(database))
        let report = try await world.run(second)
        #expect(report.state == .succeeded)
        let note = "note its effect is there already, by run \(first.grant.run); nothing was done"
        #expect(try await world.log(of: second) == [note])
        #expect(try await answer("SELECT count(*) FROM effects", database, world) == "out 1")
        // Another instant, and another part of this one, are other effects.
        let part = RunOrder.order(.sql(once(database)), shard: Shard(index: 2, of: 3))
        #expect(try await world.run(part).state == .succeeded)
        #expect(try await answer("SELECT count(*) FROM effects", database, world) == "out 2")
    }

    @Test(arguments: kinds) func `with once, an attempt with an older fence is refused`(
        kind: Kind
    ) async throws {
        let database = try TestDatabase(kind)
        let world = try RunFixture()
        try await prepare(database, world)
        let newer = RunOrder.sql(once(database), fence: 43)
        #expect(try await world.run(newer).state == .succeeded)
        let report = try await world.run(.sql(once(database), fence: 41))
        #expect(report.state == .failed)
        #expect(report.reason.contains("refused: run \(newer.grant.run) holds the newer fence 43"))
        #expect(try await answer("SELECT count(*) FROM effects", database, world) == "out 1")
    }

    @Test(arguments: kinds) func `with once, a failure leaves no row and is tried again`(
        kind: Kind
    ) async throws {
        let database = try TestDatabase(kind)
        let world = try RunFixture()
        // The table of the effects is not there yet.
        #expect(try await world.run(.sql(once(database))).state == .failed)
        try await prepare(database, world)
        #expect(try await world.run(.sql(once(database))).state == .succeeded)
        #expect(try await answer("SELECT count(*) FROM effects", database, world) == "out 1")
    }

    @Test(.enabled(if: PostgresServer.isPossible))
    func `with once, of many attempts at a time one takes effect`() async throws {
        let database = try TestDatabase(.postgres)
        let world = try RunFixture()
        try await prepare(database, world)
        let orders = (0..<12).map { _ in RunOrder.sql(once(database)) }
        for order in orders { await world.keeper.start(order) }
        for order in orders {
            let report = try await world.report(of: order)
            #expect(report.state == .succeeded, "\(report.reason)")
        }
        #expect(try await answer("SELECT count(*) FROM effects", database, world) == "out 1")
    }

    @Test(.enabled(if: PostgresServer.isPossible))
    func `with once, who may not make the table is told what to have made`() async throws {
        let database = try TestDatabase(.postgres)
        let world = try RunFixture()
        try await prepare(database, world)
        var poor = once(database)
        poor.connection = poor.connection.replacing(
            "ConnSettings={",
            with: "ConnSettings={SET default_transaction_read_only = on; "
        )
        let report = try await world.run(.sql(poor))
        #expect(report.state == .failed)
        #expect(report.reason.contains("CREATE TABLE IF NOT EXISTS rota_guard"))
    }
}
