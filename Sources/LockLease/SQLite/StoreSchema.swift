// The tables of the embedded store.

/// The tables of the embedded store and how a file of ours is recognised.
enum StoreSchema {
    /// `Rota` in ASCII, in the header's application id.
    static let applicationID: Int64 = 0x526F_7461
    /// In the header's user version; a file with a larger one is of a newer release.
    static let version: Int64 = 3

    /// What takes a file from the version before to each later one, in order.
    static let migrations: [(version: Int64, script: String)] = [(2, killIndex), (3, beatsCount)]

    /// Beats count writes now, which an older release would not see move.
    private static let beatsCount = ""

    /// Kills are asked for with every renewal, and most open runs have none.
    private static let killIndex = """
        CREATE INDEX run_kill ON run(session) WHERE kill_author IS NOT NULL AND state='open';
        """

    /// What an object's state is, in `object` and in `change` alike.
    static let objectColumns = """
        tenant, kind, name, uid, version, epoch, sequence, deleted, body, digest, \
        created_at, updated_at, author
        """

    private static let objectFields = """
        tenant TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL,
        version INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
        deleted INTEGER NOT NULL, body BLOB NOT NULL, digest BLOB NOT NULL,
        created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, author TEXT NOT NULL
        """

    /// Creates everything; run inside one transaction with the header's two marks.
    static let creation = """
        PRAGMA application_id=\(applicationID);
        PRAGMA user_version=\(version);

        -- One row. The counters move with every commit that no session's beat counts; floors
        -- survive what pruning removes.
        CREATE TABLE meta(
            one INTEGER PRIMARY KEY CHECK(one=1), store_id TEXT NOT NULL,
            epoch INTEGER NOT NULL DEFAULT 1, head_epoch INTEGER NOT NULL DEFAULT 0,
            sequence INTEGER NOT NULL DEFAULT 0, digest BLOB NOT NULL,
            writes INTEGER NOT NULL DEFAULT 0, triggers INTEGER NOT NULL DEFAULT 0,
            kills INTEGER NOT NULL DEFAULT 0,
            floor INTEGER NOT NULL DEFAULT 0, fence_floor INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        -- The list: its state, and every commit that led there.
        CREATE TABLE object(\(objectFields), PRIMARY KEY(tenant, kind, name)) STRICT;
        CREATE TABLE change(
            ordinal INTEGER NOT NULL, \(objectFields), PRIMARY KEY(sequence, ordinal)
        ) STRICT;
        CREATE TABLE batch(
            sequence INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, digest BLOB NOT NULL,
            previous_epoch INTEGER NOT NULL, previous_sequence INTEGER NOT NULL,
            previous_digest BLOB NOT NULL
        ) STRICT;

        -- One small row per job: all that a claim reads and writes.
        CREATE TABLE cursor(
            uid TEXT PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL,
            epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, enabled INTEGER NOT NULL,
            overlap TEXT NOT NULL, overlap_limit INTEGER, retries INTEGER NOT NULL,
            losses INTEGER, keep_runs INTEGER NOT NULL, keep_ms INTEGER NOT NULL,
            digest BLOB NOT NULL, at INTEGER NOT NULL, fence INTEGER NOT NULL,
            open INTEGER NOT NULL DEFAULT 0 CHECK(open >= 0), deleted_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE session(
            id INTEGER PRIMARY KEY AUTOINCREMENT, node TEXT NOT NULL, boot_id TEXT NOT NULL,
            pid INTEGER NOT NULL, address TEXT NOT NULL, beat INTEGER NOT NULL,
            term_ms INTEGER NOT NULL, live INTEGER NOT NULL, ended_at INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX session_one_live ON session(node) WHERE live=1;

        -- `by_hand` keeps a manual run apart from a scheduled one of the same millisecond.
        CREATE TABLE run(
            id TEXT PRIMARY KEY, uid TEXT NOT NULL, instant INTEGER NOT NULL,
            shard INTEGER NOT NULL, shards INTEGER NOT NULL, attempt INTEGER NOT NULL,
            tenant TEXT NOT NULL, name TEXT NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL,
            by_hand INTEGER NOT NULL, retries INTEGER NOT NULL, losses INTEGER NOT NULL,
            fence INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
            node TEXT NOT NULL, session INTEGER NOT NULL, state TEXT NOT NULL,
            claimed_at INTEGER NOT NULL, finished_at INTEGER, exit_kind TEXT, exit INTEGER,
            reason TEXT NOT NULL DEFAULT '', kill_author TEXT, kill_grace_ms INTEGER,
            kill_at INTEGER, retry INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX run_key ON run(uid, instant, shard, shards, attempt, by_hand);
        CREATE INDEX run_open ON run(session) WHERE state='open';
        \(killIndex)

        -- Triggers, until somebody claims them.
        CREATE TABLE pending(
            id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL, instant INTEGER NOT NULL,
            shard INTEGER NOT NULL, shards INTEGER NOT NULL, attempt INTEGER NOT NULL,
            tenant TEXT NOT NULL, name TEXT NOT NULL, cause TEXT NOT NULL, detail TEXT NOT NULL,
            by_hand INTEGER NOT NULL, retries INTEGER NOT NULL, losses INTEGER NOT NULL,
            not_before INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX pending_job ON pending(uid);
        CREATE INDEX pending_due ON pending(not_before);

        -- Ranges: a skipped year of minutes is one row.
        CREATE TABLE skip(
            uid TEXT NOT NULL, through INTEGER NOT NULL, since INTEGER NOT NULL,
            count INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY(uid, through)
        ) STRICT, WITHOUT ROWID;

        -- Outcomes, for whoever asks again; in order of age by row number.
        CREATE TABLE request(
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL,
            outcome BLOB NOT NULL
        ) STRICT;
        """
}
