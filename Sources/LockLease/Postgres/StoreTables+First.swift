// The first tables of the PostgreSQL store.

internal import Vocabulary

extension Migration {
    /// What an object's state is, in `object` and in `change` alike.
    private static let objectFields = """
        tenant text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL,
        name text COLLATE "C" NOT NULL, uid text COLLATE "C" NOT NULL,
        version bigint NOT NULL, epoch bigint NOT NULL, sequence bigint NOT NULL,
        deleted boolean NOT NULL, body bytea NOT NULL, digest bytea NOT NULL,
        created_at bigint NOT NULL, updated_at bigint NOT NULL, author text NOT NULL
        """

    /// A run, open or closed; `by_hand` keeps a manual one apart from a scheduled one of the same
    /// millisecond.
    private static let runFields = """
        id text COLLATE "C" NOT NULL, uid text COLLATE "C" NOT NULL, instant bigint NOT NULL,
        shard bigint NOT NULL, shards bigint NOT NULL, attempt bigint NOT NULL,
        tenant text NOT NULL, name text NOT NULL, cause text NOT NULL, detail text NOT NULL,
        by_hand boolean NOT NULL, retries bigint NOT NULL, losses bigint NOT NULL,
        fence bigint NOT NULL, epoch bigint NOT NULL, sequence bigint NOT NULL,
        node text NOT NULL, session bigint NOT NULL, state text NOT NULL,
        claimed_at bigint NOT NULL, finished_at bigint, exit_kind text, exit bigint,
        reason text NOT NULL DEFAULT '', kill_author text, kill_grace_ms bigint, kill_at bigint,
        retry bigint
        """

    /// The values that one statement writes many rows of; types of their own, so that a release
    /// goes on writing what it knows while a newer one has added to the tables.
    private static let types = """
        CREATE TYPE new_run AS (\(StoredRun.openColumns.definition));
        CREATE TYPE run_end AS (\(StoredRun.endColumns.definition));
        CREATE TYPE run_kill AS (\(StoredRun.killColumns.definition));
        CREATE TYPE new_trigger AS (\(PendingTrigger.postgresColumns.definition));
        CREATE TYPE new_skip AS (\(StoreDelta.Skip.columns.definition));
        CREATE TYPE job_move AS (\(JobCursor.moveColumns.definition));
        CREATE TYPE job_state AS (\(JobCursor.postgresColumns.definition));
        CREATE TYPE object_state AS (\(ObjectRecord.postgresColumns.definition));
        """

    /// Rows that are written over and over: room in their pages, and swept up early.
    private static let hot = """
        fillfactor=50, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=200
        """

    /// Tables whose rows come and go.
    private static let passing = """
        autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.2
        """

    static let first = Migration(
        1,
        """
        CREATE TABLE migration(number bigint PRIMARY KEY, at timestamptz NOT NULL);

        -- One row. Counters of what no session stands for; floors survive what pruning removes.
        CREATE TABLE meta(
            one bigint PRIMARY KEY CHECK(one=1), store_id text NOT NULL,
            epoch bigint NOT NULL DEFAULT 1, head_epoch bigint NOT NULL DEFAULT 0,
            sequence bigint NOT NULL DEFAULT 0, digest bytea NOT NULL,
            writes bigint NOT NULL DEFAULT 0, triggers bigint NOT NULL DEFAULT 0,
            kills bigint NOT NULL DEFAULT 0, floor bigint NOT NULL DEFAULT 0,
            fence_floor bigint NOT NULL DEFAULT 0, touched bigint NOT NULL DEFAULT 0
        ) WITH (\(hot));
        INSERT INTO meta(one, store_id, digest)
        VALUES(1, '$store_id', decode(repeat('00', 16), 'hex'));

        -- Ids; a number that was taken for nothing is not missed.
        CREATE SEQUENCE trigger_id;
        CREATE SEQUENCE session_id;

        -- The list: its state, and every commit that led there.
        CREATE TABLE object(\(objectFields), PRIMARY KEY(tenant, kind, name));
        CREATE TABLE change(
            ordinal bigint NOT NULL, \(objectFields), PRIMARY KEY(sequence, ordinal)
        );
        CREATE TABLE batch(
            sequence bigint PRIMARY KEY, epoch bigint NOT NULL, digest bytea NOT NULL,
            previous_epoch bigint NOT NULL, previous_sequence bigint NOT NULL,
            previous_digest bytea NOT NULL
        );

        -- One small row per job: what a claim reads and writes. It stands for all that is the
        -- job's, runs and triggers too: whoever changes any of that moves its turn.
        CREATE TABLE cursor(
            uid text COLLATE "C" PRIMARY KEY, tenant text COLLATE "C" NOT NULL,
            name text COLLATE "C" NOT NULL,
            epoch bigint NOT NULL, sequence bigint NOT NULL, enabled boolean NOT NULL,
            overlap text NOT NULL, overlap_limit bigint, retries bigint NOT NULL,
            losses bigint, keep_runs bigint NOT NULL, keep_ms bigint NOT NULL,
            digest bytea NOT NULL, at bigint NOT NULL, fence bigint NOT NULL,
            open bigint NOT NULL DEFAULT 0 CHECK(open >= 0), deleted_at bigint,
            turn bigint NOT NULL DEFAULT 0
        ) WITH (\(hot));
        CREATE INDEX cursor_deleted ON cursor(deleted_at) WHERE deleted_at IS NOT NULL;

        -- The counters are those of what the session's node did: a row that only it writes.
        CREATE TABLE session(
            id bigint PRIMARY KEY, node text COLLATE "C" NOT NULL, boot_id text NOT NULL,
            pid bigint NOT NULL, address text NOT NULL, beat bigint NOT NULL DEFAULT 0,
            term_ms bigint NOT NULL, live boolean NOT NULL DEFAULT true, ended_at bigint,
            writes bigint NOT NULL DEFAULT 0, triggers bigint NOT NULL DEFAULT 0,
            kills bigint NOT NULL DEFAULT 0
        ) WITH (\(hot));
        CREATE UNIQUE INDEX session_one_live ON session(node) WHERE live;

        -- Runs move from one table to the other at their end: the first stays small, whatever the
        -- second holds, and the second is only ever added to.
        CREATE TABLE open_run(\(runFields), PRIMARY KEY(id)) WITH (\(passing));
        CREATE UNIQUE INDEX open_run_key
        ON open_run(uid, instant, shard, shards, attempt, by_hand);
        CREATE INDEX open_run_session ON open_run(session);
        CREATE TABLE closed_run(\(runFields), PRIMARY KEY(id)) PARTITION BY RANGE (id);
        CREATE INDEX closed_run_job ON closed_run(uid, id);
        CREATE TABLE closed_run_other PARTITION OF closed_run DEFAULT;

        CREATE TABLE pending(
            id bigint PRIMARY KEY, uid text COLLATE "C" NOT NULL, instant bigint NOT NULL,
            shard bigint NOT NULL, shards bigint NOT NULL, attempt bigint NOT NULL,
            tenant text NOT NULL, name text NOT NULL, cause text NOT NULL, detail text NOT NULL,
            by_hand boolean NOT NULL, retries bigint NOT NULL, losses bigint NOT NULL,
            not_before bigint NOT NULL
        ) WITH (\(passing));
        CREATE INDEX pending_job ON pending(uid);
        CREATE INDEX pending_due ON pending(not_before);

        -- Ranges: a skipped year of minutes is one row.
        CREATE TABLE skip(
            uid text COLLATE "C" NOT NULL, through bigint NOT NULL, since bigint NOT NULL,
            count bigint NOT NULL, reason text NOT NULL, at bigint NOT NULL,
            PRIMARY KEY(uid, through)
        ) PARTITION BY RANGE (through);
        CREATE TABLE skip_other PARTITION OF skip DEFAULT;

        -- Outcomes, for whoever asks again.
        CREATE TABLE request(
            id text COLLATE "C" PRIMARY KEY, at bigint NOT NULL, outcome bytea NOT NULL,
            touched bigint NOT NULL DEFAULT 0
        ) WITH (\(passing));
        CREATE INDEX request_age ON request(at);

        \(types)
        """
    )
}
