import Foundation
import ODBC
import TestSupport
import Testing

/// Against the SQLite driver and, where a server can be had, the PostgreSQL driver.
@Suite(.tags(.integration), .timeLimit(.minutes(2))) struct `A connection through ODBC` {
    static let databases = TestDatabase.Kind.possible

    @Test(arguments: databases) func `answers rows, NULL and texts of every script`(
        kind: TestDatabase.Kind
    ) throws {
        let database = try TestDatabase(kind)
        let statement = try database.connect().statement()
        try statement.run("SELECT 1 AS one, NULL AS none, 'grün ☂ 𝄞' AS words, '' AS empty")
        #expect(statement.header.map(\.name) == ["one", "none", "words", "empty"])
        #expect(try statement.advance())
        let cells = try statement.cells()
        #expect(cells[0] == .text("1", isCut: false))
        #expect(cells[1] == .null)
        #expect(cells[2] == .text("grün ☂ 𝄞", isCut: false))
        #expect(cells[3] == .text("", isCut: false))
        #expect(try !statement.advance())
        #expect(try !statement.nextAnswer())
    }

    @Test(arguments: databases) func `binds values, which are never read as SQL`(
        kind: TestDatabase.Kind
    ) throws {
        let database = try TestDatabase(kind)
        let connection = try database.connect()
        try connection.statement().run("CREATE TABLE t (id INTEGER, name VARCHAR(200))")
        let evil = "'); DROP TABLE t; -- ☂"
        for (id, name) in [("7", evil), ("8", nil), ("9", "")] as [(String, String?)] {
            let insert = try connection.statement()
            try insert.run("INSERT INTO t VALUES (?, ?)", [id, name])
            #expect(insert.changedRows == 1)
        }
        let read = try connection.statement()
        try read.run("SELECT name FROM t WHERE id >= ? ORDER BY id", ["7"])
        var names: [Cell] = []
        while try read.advance() { names += try read.cells() }
        #expect(names == [.text(evil, isCut: false), .null, .text("", isCut: false)])
    }

    @Test(arguments: databases) func `keeps only what was committed`(
        kind: TestDatabase.Kind
    ) throws {
        let database = try TestDatabase(kind)
        do {
            let connection = try database.connect()
            try connection.statement().run("CREATE TABLE t (id INTEGER)")
            try connection.commit()
            try connection.statement().run("INSERT INTO t VALUES (1)")
            try connection.rollBack()
            try connection.statement().run("INSERT INTO t VALUES (2)")
            try connection.commit()
            try connection.statement().run("INSERT INTO t VALUES (3)")
        }
        let statement = try database.connect().statement()
        try statement.run("SELECT id FROM t")
        #expect(try statement.advance())
        #expect(try statement.cells() == [.text("2", isCut: false)])
        #expect(try !statement.advance())
    }

    @Test(arguments: databases) func `takes no more of a value than its limit`(
        kind: TestDatabase.Kind
    ) throws {
        let database = try TestDatabase(kind)
        let statement = try database.connect().statement()
        let half = String(repeating: "ab", count: 100_000)
        try statement.run("SELECT ? AS long, 'next' AS short", [half])
        #expect(try statement.advance())
        let cells = try statement.cells()
        #expect(cells[0] == .text(String(half.prefix(Statement.valueLimit)), isCut: true))
        #expect(cells[1] == .text("next", isCut: false))
    }

    @Test(arguments: databases) func `gives bytes as bytes`(kind: TestDatabase.Kind) throws {
        let database = try TestDatabase(kind)
        let connection = try database.connect()
        let type = kind == .postgres ? "bytea" : "BLOB"
        let literal = kind == .postgres ? "'\\x00ff0a'" : "x'00ff0a'"
        try connection.statement().run("CREATE TABLE b (data \(type))")
        try connection.statement().run("INSERT INTO b VALUES (\(literal))")
        let statement = try connection.statement()
        try statement.run("SELECT data FROM b")
        #expect(try statement.advance())
        #expect(try statement.cells() == [.bytes([0x00, 0xFF, 0x0A], isCut: false)])
    }

    @Test(arguments: databases) func `says which statement was refused, and why`(
        kind: TestDatabase.Kind
    ) throws {
        let database = try TestDatabase(kind)
        let statement = try database.connect().statement()
        let error = #expect(throws: ODBCError.self) {
            try statement.run("SELECT * FROM nowhere_at_all")
        }
        #expect(error?.work == "running `SELECT * FROM nowhere_at_all`")
        #expect(error?.description.contains("nowhere_at_all") == true)
        #expect(error?.description.contains("[") == false)
        if kind == .postgres { #expect(error?.state == "42P01") }
    }

    @Test func `says why there is none, without the password`() throws {
        let error = #expect(throws: ODBCError.self) {
            let text = ConnectionText(
                "Driver=PostgreSQL Unicode;Server=127.0.0.1;Port=1;Uid=a;Database=b",
                password: "s3cret}x"
            )
            _ = try Connection(to: text, within: .seconds(5))
        }
        let words = try #require(error?.description)
        #expect(words.contains("refused") && !words.contains("s3cret"))
        let missing = #expect(throws: ODBCError.self) {
            _ = try Connection(to: ConnectionText("no-such-source"), within: .seconds(5))
        }
        #expect(missing?.state == "IM002")
    }

    @Test(.enabled(if: PostgresServer.isPossible))
    func `is ended from another thread, and by its time limit`() async throws {
        let database = try TestDatabase(.postgres)
        let statement = try database.connect().statement()
        let canceller = statement.canceller
        let isOver = Gate()
        let helper = Task.detached {
            // Until it is heard: the statement may not have reached the server yet.
            while !isOver.isOpen {
                canceller.cancel()
                await Task.yield()
            }
        }
        let error = #expect(throws: ODBCError.self) { try statement.run("SELECT pg_sleep(60)") }
        isOver.open()
        await helper.value
        #expect(error?.isCancelled == true, "\(error?.description ?? "no error")")
        let other = try database.connect().statement()
        let late = #expect(throws: ODBCError.self) {
            try other.run("SELECT pg_sleep(60)", within: .seconds(1))
        }
        #expect(late?.isCancelled == true)
    }
}
