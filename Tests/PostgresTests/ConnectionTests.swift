import Postgres
import TestSupport
import Testing

private func soon(_ limit: Duration = .seconds(10)) -> Connection.Deadline {
    ContinuousClock.now.advanced(by: limit)
}

private func connect(_ url: String? = nil) throws -> Connection {
    let address = try ServerAddress(url ?? PostgresServer.url())
    return try Connection(to: address, within: .seconds(5), until: soon())
}

/// The connection's own number at the server.
private func process(of connection: Connection) throws -> Int64 {
    let rows = try connection.run([Step("SELECT pg_backend_pid()")], until: soon())
    return try #require(rows[0].first?.integer(0))
}

/// The wrapper against a real server.
@Suite(.enabled(if: PostgresServer.isPossible)) struct `A connection to PostgreSQL` {
    @Test(.tags(.integration)) func `brings values there and back`() throws {
        let connection = try connect()
        let sql = """
            SELECT $1, $2, $3, $4, $5::int8[] = ARRAY[1, NULL, -7]::int8[],
            $6::text[] = ARRAY['a', NULL, '']::text[],
            $7::bytea[] = ARRAY['\\x00ff', NULL]::bytea[],
            $8::bool[] = ARRAY[true, false], cardinality($9::text[]), $10 IS NULL
            """
        let values: [Parameter] = [
            .integer(Int64.min), .text("Ünïcode \u{1F552}"), .bytes([0, 255]), .flag(true),
            .integers([1, nil, -7]), .texts(["a", nil, ""]), .blobs([[0, 255], nil]),
            .flags([true, false]), .texts([]), .text(nil),
        ]
        let row = try #require(connection.run([Step(sql, values)], until: soon())[0].first)
        #expect(row.integer(0) == .min)
        #expect(row.text(1) == "Ünïcode \u{1F552}")
        #expect(row.bytes(2) == [0, 255])
        #expect(row.flag(3) == true)
        #expect((4...7).map { row.flag($0) } == [true, true, true, true])
        #expect(row.integer(8) == 0)
        #expect(row.flag(9) == true)
        // What is not of the type asked for, or not there at all, is nothing.
        #expect(row.text(0) == nil && row.integer(1) == nil && row.integer(77) == nil)
    }

    @Test(.tags(.integration)) func `writes rows of a type of the server's`() throws {
        let connection = try connect()
        let make = [
            Step.once("CREATE TEMPORARY TABLE pairs(name text, number int8, data bytea)"),
            Step.once("SELECT oid::int8, typarray::int8 FROM pg_type WHERE typname='pairs'"),
        ]
        let oids = try #require(connection.run(make, until: soon())[1].first)
        let type = RowType(
            row: UInt32(try #require(oids.integer(0))),
            array: UInt32(try #require(oids.integer(1)))
        )
        let rows: [[Parameter]] = [
            [.text("a"), .integer(1), .bytes([7])], [.text(nil), .integer(nil), .bytes([])],
        ]
        let write = Step(
            "INSERT INTO pairs SELECT * FROM unnest($1::pairs[])",
            [.rows(rows, of: type)]
        )
        #expect(try connection.run([write], until: soon())[0].changed == 2)
        let read = Step("SELECT name, number, data FROM pairs ORDER BY name NULLS LAST")
        let found = try connection.run([read], until: soon())[0].map {
            [$0.text(0) ?? "-", "\($0.integer(1) ?? -1)", "\($0.bytes(2) ?? [9])"]
        }
        #expect(found == [["a", "1", "[7]"], ["-", "-1", "[]"]])
    }

    @Test(.tags(.integration)) func `has no place for U+0000 in texts`() throws {
        let rows = try connect().run([Step("SELECT $1", [.text("a\0b\0")])], until: soon())
        #expect(rows[0].first?.text(0) == "a\u{FFFD}b\u{FFFD}")
    }

    @Test(.tags(.integration)) func `answers many statements in one round trip`() throws {
        let connection = try connect()
        let rows = try connection.run(
            (0..<500).map { Step("SELECT $1 + 1", [.integer($0)]) },
            until: soon()
        )
        #expect(rows.map { $0.first?.integer(0) } == (1...500).map { $0 })
        // Prepared once, whatever its values.
        let kept = "SELECT count(*) FROM pg_prepared_statements WHERE statement='SELECT $1 + 1'"
        #expect(try connection.run([.once(kept)], until: soon())[0].first?.integer(0) == 1)
    }

    @Test(.tags(.integration)) func `stops at the first refusal, and then works on`() throws {
        let connection = try connect()
        _ = try connection.run([.once("CREATE TEMPORARY TABLE t(a int8)")], until: soon())
        let steps = [
            Step("INSERT INTO t VALUES(1)"), Step("SELECT 1 / $1", [.integer(0)]),
            Step("INSERT INTO t VALUES(2)"),
        ]
        for round in 0..<2 {
            let error = #expect(throws: PostgresError.self) {
                try connection.run(steps, until: soon())
            }
            #expect(error?.kind == .refused && error?.code == .divisionByZero, "round \(round)")
        }
        // Outside of a transaction all steps of a round trip are one.
        let count = try connection.run([Step("SELECT count(*) FROM t")], until: soon())
        #expect(count[0].first?.integer(0) == 0)
        // A statement that was not reached is prepared when it is reached.
        #expect(try connection.run([steps[2]], until: soon())[0].changed == 1)
        #expect(!connection.isInTransaction)
        _ = try connection.run([Step("BEGIN")], until: soon())
        #expect(connection.isInTransaction)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `gives up at its deadline and is closed`() throws {
        let connection = try connect()
        let start = ContinuousClock.now
        let error = #expect(throws: PostgresError.self) {
            try connection.run([Step("SELECT pg_sleep(30)")], until: soon(.milliseconds(200)))
        }
        #expect(error?.kind == .late)
        #expect(start.duration(to: .now) < .seconds(10))
        #expect(!connection.isOpen && connection.descriptor == -1)
        let after = #expect(throws: PostgresError.self) {
            try connection.run([Step("SELECT 1")], until: soon())
        }
        #expect(after?.kind == .lost)
    }

    @Test(.tags(.integration)) func `that the server ends says why`() throws {
        let (connection, other) = (try connect(), try connect())
        let number = try process(of: connection)
        let end = Step("SELECT pg_terminate_backend($1::int4, 10000)", [.integer(number)])
        #expect(try other.run([end], until: soon())[0].first?.flag(0) == true)
        let error = #expect(throws: PostgresError.self) {
            try connection.run([Step("SELECT 1")], until: soon())
        }
        #expect(error?.kind == .lost)
        #expect(error?.code == .adminShutdown)
        #expect(!connection.isOpen)
    }

    @Test(.tags(.integration)) func `whose statement is cancelled goes on`() throws {
        let connection = try connect()
        let error = #expect(throws: PostgresError.self) {
            try connection.run(
                [
                    Step.once("SELECT set_config('statement_timeout', '50ms', false)"),
                    Step.once("SELECT pg_sleep(30)"),
                ],
                until: soon()
            )
        }
        #expect(error?.kind == .refused && error?.code == .queryCanceled)
        #expect(try process(of: connection) > 0)
    }

    @Test(.tags(.integration)) func `hears what the server says beside its answers`() throws {
        let connection = try connect()
        let sql = "DO $$ BEGIN RAISE WARNING 'mind the gap' USING ERRCODE='01000'; END $$"
        _ = try connection.run([.once(sql)], until: soon())
        let notice = try #require(connection.takeNotices().first)
        #expect(notice.severity == "WARNING" && notice.code == .warning)
        #expect(notice.message == "mind the gap")
        #expect(connection.takeNotices().isEmpty)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `hears notifications without asking for them`() async throws {
        let (connection, other) = (try connect(), try connect())
        _ = try connection.run([.once("LISTEN news")], until: soon())
        #expect(try connection.takeNotifications().isEmpty)
        _ = try other.run([Step("SELECT pg_notify('news', '')")], until: soon())
        var heard: [String] = []
        try await requireEventually {
            heard += try connection.takeNotifications()
            return !heard.isEmpty
        }
        #expect(heard == ["news"])
    }

    @Test(.tags(.integration)) func `runs scripts between its round trips`() throws {
        let connection = try connect()
        try connection.execute(
            "CREATE TEMPORARY TABLE a(n int8); INSERT INTO a VALUES(1), (2);",
            until: soon()
        )
        let error = #expect(throws: PostgresError.self) {
            try connection.execute("INSERT INTO a VALUES(3); SELEKT", until: soon())
        }
        #expect(error?.kind == .refused)
        let rows = try connection.run([Step("SELECT count(*) FROM a")], until: soon())
        #expect(rows[0].first?.integer(0) == 2)
    }
}

/// Where a server is, and what comes of it if it is not there.
@Suite(.enabled(if: PostgresServer.isPossible)) struct `A server's address` {
    @Test func `is read without its secrets`() throws {
        let address = try ServerAddress(
            "postgres://rota:s3cret@a.example:5433,b.example/store?application_name=x",
            defaults: ["application_name": "y", "keepalives": "1"]
        )
        #expect("\(address)" == "a.example:5433,b.example:5432/store")
        #expect(address.user == "rota" && address.database == "store")
    }

    @Test(arguments: [
        "postgres://rota:s3cret@h:port/x?nonsense=1", "postgres://rota:s3cret@[::1/x",
        "host=a,b port=1,2,3 password=s3cret",
    ])
    func `that makes no sense is refused without showing it`(text: String) throws {
        let error = #expect(throws: PostgresError.self) { try ServerAddress(text) }
        #expect(error?.kind == .misconfigured)
        #expect(error?.description.contains("s3cret") == false)
    }

    @Test(.tags(.integration)) func `with a wrong password is told apart`() throws {
        let url = try PostgresServer.url()
        let parts = url.split(separator: "@")
        let error = #expect(throws: PostgresError.self) {
            try connect("postgres://rota:wrong@\(parts[1])")
        }
        #expect(error?.code == .invalidPassword)
        let none = #expect(throws: PostgresError.self) {
            try connect(url.replacing("/postgres", with: "/nowhere", maxReplacements: 2))
        }
        #expect(none?.code == .invalidDatabase)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `may list hosts that are not there`() throws {
        let url = try PostgresServer.url()
        let place = try #require(url.split(separator: "@").last?.split(separator: "/").first)
        let listed = url.replacing(place, with: "127.0.0.1:1,\(place)")
        #expect(try connect(listed).place == String(place))
        let start = ContinuousClock.now
        let error = #expect(throws: PostgresError.self) {
            try connect(url.replacing(place, with: "127.0.0.1:1,127.0.0.1:2"))
        }
        #expect(error?.kind == .lost)
        #expect(start.duration(to: .now) < .seconds(10))
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `goes on to the next host when one does not answer`() throws {
        let url = try PostgresServer.url()
        let place = try #require(url.split(separator: "@").last?.split(separator: "/").first)
        // It takes connections and says nothing, as a host behind a dead firewall does.
        let silent = try ServerProxy(to: String(place))
        silent.isMute = true
        let address = try ServerAddress(url.replacing(place, with: "\(silent.place),\(place)"))
        let connection = try Connection(
            to: address,
            within: .milliseconds(300),
            until: soon()
        )
        #expect(connection.place == String(place))
        let alone = try ServerAddress(url.replacing(place, with: silent.place))
        let error = #expect(throws: PostgresError.self) {
            try Connection(to: alone, within: .milliseconds(300), until: soon())
        }
        #expect(error?.kind == .late)
    }
}
