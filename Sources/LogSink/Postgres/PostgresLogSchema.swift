// The tables of the central log store, and how a schema comes to hold them.

internal import Postgres

/// Makes a schema one of this release's, or says why it cannot be.
struct PostgresLogSchema {
    static let version: Int64 = 2
    /// Our own code for a schema that holds something else, or tables of a newer release.
    static let foreign = SQLState("ROTA1")

    private let connection: Connection
    private let schema: String
    private let deadline: Connection.Deadline

    init(on connection: Connection, named schema: String, until deadline: Connection.Deadline) {
        self.connection = connection
        self.schema = schema
        self.deadline = deadline
    }

    /// Brings the schema to this release, and has the connection use it.
    func prepare() throws(PostgresError) {
        if try number() != Self.version {
            // Whoever waits here for another's making of the tables makes none then.
            try ask("SELECT pg_advisory_lock(1383036002, hashtext($1))", [.text(schema)])
            defer {
                _ = try? ask(
                    "SELECT pg_advisory_unlock(1383036002, hashtext($1))",
                    [.text(schema)]
                )
            }
            let found = try number()
            guard found <= Self.version else {
                throw refusal(
                    """
                    the schema \(schema) has log tables of number \(found), and this release \
                    knows \(Self.version). Run the newer release
                    """
                )
            }
            if found == 0 { try make() } else if found < Self.version { try renew() }
        }
        try ask("SELECT set_config('search_path', $1, false)", [.text(schema)])
        // A crash of the server may take the last second, as that of a host would.
        try ask("SELECT set_config('synchronous_commit', 'off', false)", [])
    }

    private func make() throws(PostgresError) {
        let names = try ask(
            """
            SELECT string_agg(relname, ', ') FROM (
                SELECT relname::text FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f')
                ORDER BY relname LIMIT 4) AS tables
            """,
            [.text(schema)]
        ).first?.text(0)
        if let names {
            throw refusal(
                """
                the schema \(schema) holds tables that are no logs of Rota's (\(names)). \
                Name another with ?schema= in the URL
                """
            )
        }
        do throws(PostgresError) {
            // Even with IF NOT EXISTS this needs a right that the owner of a schema may not have.
            let isThere = try ask(
                "SELECT count(*) > 0 FROM pg_namespace WHERE nspname = $1",
                [.text(schema)]
            ).first?.flag(0)
            let making = isThere == true ? "" : "CREATE SCHEMA \(schema);"
            let path = "SET LOCAL search_path = \(schema);"
            try connection.execute(
                "BEGIN; \(making) \(path) \(Self.tables) COMMIT;",
                until: deadline
            )
        } catch {
            if connection.isOpen { try? connection.execute("ROLLBACK", until: deadline) }
            throw error
        }
    }

    /// Brings tables of an earlier release to this one.
    private func renew() throws(PostgresError) {
        do throws(PostgresError) {
            try connection.execute(
                "BEGIN; SET LOCAL search_path = \(schema); \(Self.second) COMMIT;",
                until: deadline
            )
        } catch {
            if connection.isOpen { try? connection.execute("ROLLBACK", until: deadline) }
            throw error
        }
    }

    /// The number of the tables that are there; 0: none.
    private func number() throws(PostgresError) -> Int64 {
        let isThere = try ask(
            "SELECT to_regclass($1) IS NOT NULL",
            [.text("\(schema).log_version")]
        ).first?.flag(0)
        guard isThere == true else { return 0 }
        return try ask("SELECT max(number) FROM \(schema).log_version", []).first?.integer(0) ?? 0
    }

    @discardableResult
    private func ask(_ sql: String, _ parameters: [Parameter]) throws(PostgresError) -> Rows {
        try connection.run([.once(sql, parameters)], until: deadline)[0]
    }

    private func refusal(_ message: String) -> PostgresError {
        PostgresError(
            kind: .refused,
            code: Self.foreign,
            message: message,
            work: "preparing the schema \(schema)"
        )
    }

    /// What runs say of themselves.
    private static let second = """
        ALTER TABLE log ADD COLUMN facts text;
        INSERT INTO log_version VALUES(2);
        """

    private static let tables = """
        CREATE TABLE log_version(number bigint PRIMARY KEY);
        INSERT INTO log_version VALUES(2);
        CREATE TABLE log(
            id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            run text COLLATE "C" NOT NULL UNIQUE,
            job text COLLATE "C" NOT NULL,
            byte_limit bigint NOT NULL,
            keep_runs bigint NOT NULL,
            keep_age bigint NOT NULL,
            opened_at bigint NOT NULL,
            closed_at bigint,
            end_offset bigint NOT NULL DEFAULT 0,
            head_end bigint NOT NULL DEFAULT 0,
            tail_start bigint NOT NULL DEFAULT 0,
            is_head_full boolean NOT NULL DEFAULT false,
            kept bigint NOT NULL DEFAULT 0,
            facts text
        ) WITH (fillfactor = 70);
        CREATE INDEX log_of_job ON log(job, run);
        CREATE TABLE chunk(
            log bigint NOT NULL,
            start bigint NOT NULL,
            lines bytea NOT NULL,
            PRIMARY KEY(log, start)
        );
        """
}
