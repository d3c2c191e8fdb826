// The bare loop on PostgreSQL: prepared UPDATE and INSERT for each claim, in one pipeline and one commit for each batch.
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
    run("SELECT pg_advisory_lock(1)");
    run("SET client_min_messages=warning; CREATE SCHEMA IF NOT EXISTS bare; SET search_path=bare;"
        "CREATE TABLE IF NOT EXISTS cursor(uid text PRIMARY KEY, at bigint, fence bigint) WITH (fillfactor=50);"
        "CREATE TABLE IF NOT EXISTS run(id text PRIMARY KEY, uid text, instant bigint, fence bigint, state text)");
    run("SELECT pg_advisory_unlock(1)");
    for (int job = 0; job < race.jobs; job++) {
        char sql[200];
        snprintf(sql, sizeof sql, "INSERT INTO cursor VALUES('0123456789abcdef%s%d', 0, 0)", race.name, job);
        run(sql);
    }
    PQclear(PQprepare(db, "begin", "BEGIN", 0, NULL));
    PQclear(PQprepare(db, "commit", "COMMIT", 0, NULL));
    PQclear(PQprepare(db, "update", "UPDATE cursor SET at=at+1, fence=fence+1 WHERE uid=$1", 1, NULL));
    PQclear(PQprepare(db, "insert", "INSERT INTO run VALUES($1, $2, $3, $3, 'open')", 3, NULL));
    if (!PQenterPipelineMode(db)) fail("pipeline", PQerrorMessage(db));
    wait_for_begin(&race);
    long claims = 0;
    for (long round = 1; now() < race.end; round++) {
        send("begin", 0, NULL);
        for (int place = 0; place < race.batch; place++) {
            int job = job_of(&race, round, place);
            char uid[64], id[64], number[32];
            snprintf(uid, sizeof uid, "0123456789abcdef%s%d", race.name, job);
            snprintf(id, sizeof id, "%012ld%s%09d", round, race.name, job);
            snprintf(number, sizeof number, "%ld", round);
            const char *values[] = {id, uid, number};
            send("update", 1, &values[1]);
            send("insert", 3, values);
        }
        send("commit", 0, NULL);
        receive();
        claims += race.batch;
    }
    print_rate(&race, claims);
    return 0;
}
