// What is said and asked at the start of every connection.

internal import Postgres
internal import Vocabulary

/// What a server answers about itself, after our settings have been made there.
struct ServerGreeting {
    /// The oldest server whose behaviour is known to be what the store needs.
    static let oldestVersion = 130_000

    let mark: ServerMark
    private let isStandby: Bool
    private let hasSync: Bool
    private let version: Int

    /// Makes the settings that the store relies on, for this connection alone, and asks.
    ///
    /// `SET` and not the connection string's `options`, which poolers do not pass on. A transaction
    /// whose process was stopped must not hold its locks for ever; a commit must last; what
    /// is sent without BEGIN must write and see what is committed; and plans are to stay with the
    /// indexes however empty a table is when they are made.
    init(
        on connection: Connection,
        schema: String,
        _ settings: PostgresStoreSettings,
        until deadline: Connection.Deadline
    ) throws(PostgresError) {
        let make = """
            SELECT set_config('search_path', $1, false),
            set_config('lock_timeout', $2, false),
            set_config('idle_in_transaction_session_timeout', $3, false),
            set_config('statement_timeout', '0', false), set_config('jit', 'off', false),
            set_config('default_transaction_isolation', 'read committed', false),
            set_config('default_transaction_read_only', 'off', false),
            set_config('enable_seqscan', 'off', false),
            set_config('plan_cache_mode', 'force_generic_plan', false),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)
            """
        let ask = """
            SELECT (SELECT system_identifier FROM pg_control_system()),
            CASE WHEN pg_is_in_recovery() THEN ''
                ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END,
            (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8,
            pg_is_in_recovery(), current_setting('fsync') = 'on'
            """
        let limits = [settings.lockLimit, settings.idleLimit].map {
            Parameter.text("\($0.milliseconds)ms")
        }
        let answers = try connection.run(
            [Step.once(make, [.text(schema)] + limits), Step.once(ask)],
            until: deadline
        )
        guard let row = answers[1].first, let systemID = row.integer(0),
            let timeline = row.text(1), let startedAt = row.integer(2),
            let isStandby = row.flag(3), let hasSync = row.flag(4)
        else {
            throw PostgresError(
                kind: .lost,
                message: "the server does not say who it is",
                work: "greeting \(connection.place)"
            )
        }
        mark = ServerMark(
            systemID: String(systemID),
            timeline: timeline,
            startedAt: startedAt
        )
        self.isStandby = isStandby
        self.hasSync = hasSync
        version = connection.serverVersion
    }

    /// Refuses a server that a store cannot be on.
    func check(at place: String) throws(StoreError) {
        guard version >= Self.oldestVersion else {
            throw .incompatible(
                "\(place) is PostgreSQL \(version / 10_000); a store needs 13 or newer"
            )
        }
        guard !isStandby else {
            throw .unavailable("\(place) is a standby: name the primary in the URL as well")
        }
        guard hasSync else {
            throw .incompatible(
                """
                \(place) runs with fsync = off: after a power loss it would have forgotten runs, \
                and they would start again. Set fsync = on in postgresql.conf
                """
            )
        }
    }
}
