// What people should know of the server that a store is on.

internal import Postgres

extension PostgresLeaseStore {
    /// What wears a server down or will stop it, as far as the store's user may see it.
    package func examine() async throws(StoreError) -> [String] {
        let rows = try link.read([
            Step(Self.longTransactions), Step(Self.forgotten), Step(Self.standbys), Step(Self.age),
        ])
        var remarks: [String] = []
        for row in rows[0].map({ $0 }) {
            let name = row.text(0) ?? ""
            remarks.append(
                """
                \(name.isEmpty ? "a program" : name) (server process \(row.integer(1) ?? 0)) has \
                had a transaction open for \((row.integer(2) ?? 0) / 60) minutes: what the store \
                writes over piles up meanwhile and slows it down. End it
                """
            )
        }
        for row in rows[1].map({ $0 }) {
            remarks.append(
                "\(row.text(0) ?? "something") holds back the server's tidying up. Remove it"
            )
        }
        if rows[2].first?.flag(0) == true {
            remarks.append(
                """
                no standby of synchronous_standby_names is connected: every write waits for one. \
                Bring one back, or take it off that list
                """
            )
        }
        if let share = rows[3].first?.integer(0), share >= 50 {
            remarks.append(
                """
                the server has used \(share) % of its transaction numbers without freezing any: \
                at 100 % it takes no writes. See that autovacuum is on and gets through
                """
            )
        }
        return remarks
    }

    private static let longTransactions = """
        SELECT application_name, pid::int8, extract(epoch FROM now() - xact_start)::int8
        FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend' AND xact_start < now() - interval '10 minutes'
        ORDER BY xact_start LIMIT 5
        """
    private static let forgotten = """
        SELECT 'the prepared transaction ' || gid FROM pg_prepared_xacts
        WHERE prepared < now() - interval '10 minutes'
        UNION ALL SELECT 'the unused replication slot ' || slot_name FROM pg_replication_slots
        WHERE NOT active LIMIT 5
        """
    private static let standbys = """
        SELECT current_setting('synchronous_standby_names') <> ''
        AND NOT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))
        """
    private static let age = """
        SELECT max(age(datfrozenxid))::int8 * 100 / 2000000000 FROM pg_database
        """
}
