// The bare loop on PostgreSQL: the rows of a claim into the tables of a store, by prepared UPDATE and INSERT, in one
// pipeline and one commit for each batch. PLACE is the URL of a store that has been made.
#include <libpq-fe.h>

#include "bare.h"

static PGconn *db;

static void run(const char *sql) {
    PGresult *result = PQexec(db, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(sql, PQerrorMessage(db));
    PQclear(result);
}

static void send(const char *name, int count, const char *const *values) {
    if (!PQsendQueryPrepared(db, name, count, values, NULL, NULL, 0)) fail(name, PQerrorMessage(db));
}

static void receive(void) {
    if (!PQpipelineSync(db)) fail("sync", PQerrorMessage(db));
    for (;;) {
        PGresult *result = PQgetResult(db);
        if (!result) continue;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return;
        }
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail("pipeline", PQerrorMessage(db));
        PQclear(result);
    }
}

int main(int count, char **words) {
    struct race race = race_of(count, words);
    // Parameters of the store's setting that libpq does not know are left out.
    char *place = strdup(race.place), *query = strchr(place, '?');
    if (query) *query = 0;
    db = PQconnectdb(place);
    if (PQstatus(db) != CONNECTION_OK) fail("connect", PQerrorMessage(db));
    run("SET search_path=rota");
    for (int job = 0; job < race.jobs; job++) {
        char sql[400];
        snprintf(sql, sizeof sql,
                 "INSERT INTO cursor(uid, tenant, name, epoch, sequence, enabled, overlap, retries, keep_runs, keep_ms, digest,"
                 " at, fence) VALUES('0123456789abcdef%s%d', 'default', '%s-%d', 1, 1, true, 'allow', 0, 100, 1, '', 0, 0)",
                 race.name, job, race.name, job);
        run(sql);
    }
    PQclear(PQprepare(db, "begin", "BEGIN", 0, NULL));
    PQclear(PQprepare(db, "commit", "COMMIT", 0, NULL));
    PQclear(PQprepare(db, "update", "UPDATE cursor SET at=$2, fence=$2, open=$2 WHERE uid=$1", 2, NULL));
    PQclear(PQprepare(db, "insert",
                      "INSERT INTO open_run(id, uid, instant, shard, shards, attempt, tenant, name, cause, detail, by_hand,"
                      " retries, losses, fence, epoch, sequence, node, session, state, claimed_at)"
                      " VALUES($1, $2, $3, 1, 1, 1, 'default', $4, 'schedule', '', false, 0, 0, $3, 1, 1, $5, 1, 'open', $3)",
                      5, NULL));
    if (!PQenterPipelineMode(db)) fail("pipeline", PQerrorMessage(db));
    wait_for_begin(&race);
    long claims = 0;
    for (long round = 1; now() < race.end; round++) {
        send("begin", 0, NULL);
        for (int place = 0; place < race.batch; place++) {
            int job = job_of(&race, round, place);
            char uid[64], id[64], number[32], name[64];
            snprintf(uid, sizeof uid, "0123456789abcdef%s%d", race.name, job);
            snprintf(id, sizeof id, "%012ld%s%09d", round, race.name, job);
            snprintf(number, sizeof number, "%ld", round);
            snprintf(name, sizeof name, "%s-%d", race.name, job);
            const char *values[] = {id, uid, number, name, race.name};
            send("update", 2, &values[1]);
            send("insert", 5, values);
        }
        send("commit", 0, NULL);
        receive();
        claims += race.batch;
    }
    print_rate(&race, claims);
    return 0;
}
