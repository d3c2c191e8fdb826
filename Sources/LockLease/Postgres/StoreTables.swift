// The tables of the PostgreSQL store, and how a schema comes to hold them.

internal import Platform
internal import Postgres
internal import Vocabulary

/// Makes a schema a store of this release, or says why it cannot be one.
struct StoreTables {
    let link: ServerLink
    let connection: Connection
    let deadline: Connection.Deadline
    private var schema: String { link.url.schema }

    init(link: ServerLink, on connection: Connection, until deadline: Connection.Deadline) {
        self.link = link
        self.connection = connection
        self.deadline = deadline
    }

    /// Brings the schema to this release; answers its number, for locks.
    func prepare() throws(StoreError) -> Int64 {
        if let space = try find(), try version() == Migration.newest { return space }
        // Whoever waits here for another's migrations does none of its own then.
        try ask(Step("SELECT pg_advisory_lock(1383036001, hashtext($1))", [.text(schema)]))
        defer {
            let free = Step("SELECT pg_advisory_unlock(1383036001, hashtext($1))", [.text(schema)])
            _ = try? connection.run([free], until: deadline)
        }
        try migrate()
        guard let space = try find() else {
            throw .unavailable("the schema \(schema) was dropped just now")
        }
        return space
    }

    private func migrate() throws(StoreError) {
        // Even with IF NOT EXISTS this needs a right that the owner of a schema may not have.
        if try find() == nil { try ask(.once("CREATE SCHEMA \(schema)")) }
        let done = try version()
        guard done <= Migration.newest else {
            throw .incompatible(
                """
                the store in schema \(schema) of \(link.url.address) has tables of number \
                \(done); this release knows \(Migration.newest). Run the newer release
                """
            )
        }
        if done == 0 { try checkIsOurs() }
        for migration in Migration.all where migration.number > done {
            var random = SystemRandomNumberGenerator()
            let now = link.settings.clock?() ?? SystemClock.wall
            let storeID = RunID.make(at: now, using: &random).text
            try run(
                """
                BEGIN;
                \(migration.script(storeID: storeID))
                INSERT INTO migration(number, at) VALUES(\(migration.number), now());
                COMMIT;
                """
            )
        }
    }

    /// The schema's number, or `nil` if there is no such schema.
    private func find() throws(StoreError) -> Int64? {
        let sql = "SELECT oid::int8 FROM pg_namespace WHERE nspname=$1"
        let space = try ask(Step.once(sql, [.text(schema)])).first?.integer(0)
        // Locks take 32 bits.
        return space.map { Int64(Int32(truncatingIfNeeded: $0)) }
    }

    /// The newest migration that was done; 0: none.
    private func version() throws(StoreError) -> Int {
        let sql = "SELECT to_regclass($1) IS NOT NULL"
        let isThere = try ask(Step.once(sql, [.text("\(schema).migration")])).first?.flag(0)
        guard isThere == true else { return 0 }
        let newest = try ask(Step.once("SELECT max(number)::int8 FROM \(schema).migration"))
        return newest.first?.integer(0).map { Int($0) } ?? 0
    }

    private func checkIsOurs() throws(StoreError) {
        let sql = """
            SELECT string_agg(relname, ', '), count(*) FROM (
                SELECT relname::text FROM pg_class WHERE relnamespace=$1::regnamespace
                AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY relname LIMIT 4) AS tables
            """
        let row = try ask(Step.once(sql, [.text(schema)])).first
        guard let names = row?.text(0) else { return }
        throw .incompatible(
            """
            the schema \(schema) of \(link.url.address) holds tables that are not Rota's \
            (\(names)). Name another with ?schema= in the URL
            """
        )
    }

    @discardableResult
    private func ask(_ step: Step) throws(StoreError) -> Rows {
        try link.inStoreWords { () throws(PostgresError) in
            try connection.run([step], until: deadline)[0]
        }
    }

    private func run(_ script: String) throws(StoreError) {
        do throws(StoreError) {
            try link.inStoreWords { () throws(PostgresError) in
                try connection.execute(script, until: deadline)
            }
        } catch {
            _ = try? connection.execute("ROLLBACK", until: deadline)
            throw error
        }
    }
}

/// One step from a release's tables to the next one's; never changed once released.
struct Migration {
    let number: Int
    private let text: String

    init(_ number: Int, _ text: String) {
        self.number = number
        self.text = text
    }

    func script(storeID: String) -> String {
        text.replacing("$store_id", with: storeID)
    }

    static let all = [first]
    static let newest = all.map(\.number).max() ?? 0
}
