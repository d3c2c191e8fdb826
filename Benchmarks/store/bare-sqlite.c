// The bare loop on SQLite: the rows of a claim into the tables of a store, by prepared UPDATE and INSERT; a synced commit
// for each batch. PLACE is the file of a store that has been made.
#include <sqlite3.h>

#include "bare.h"

static sqlite3 *db;

static void must(int code, const char *what) {
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) fail(what, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    must(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), sql);
    return statement;
}

static void step(sqlite3_stmt *statement) {
    must(sqlite3_step(statement), sqlite3_sql(statement));
    sqlite3_reset(statement);
}

int main(int count, char **words) {
    struct race race = race_of(count, words);
    must(sqlite3_open(race.place, &db), "open");
    sqlite3_busy_timeout(db, 60000);
    must(sqlite3_exec(db, "PRAGMA synchronous=FULL", NULL, NULL, NULL), "synchronous");
    for (int job = 0; job < race.jobs; job++) {
        char sql[400];
        snprintf(sql, sizeof sql,
                 "INSERT INTO cursor(uid, tenant, name, epoch, sequence, enabled, overlap, retries, keep_runs, keep_ms, digest,"
                 " at, fence) VALUES('0123456789abcdef%s%d', 'default', '%s-%d', 1, 1, 1, 'allow', 0, 100, 1, zeroblob(16), 0, 0)",
                 race.name, job, race.name, job);
        must(sqlite3_exec(db, sql, NULL, NULL, NULL), "insert cursor");
    }
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    sqlite3_stmt *update = prepare("UPDATE cursor SET at=?, fence=?, open=? WHERE uid=?");
    sqlite3_stmt *insert = prepare(
        "INSERT INTO run(id, uid, instant, shard, shards, attempt, tenant, name, cause, detail, by_hand, retries, losses, fence,"
        " epoch, sequence, node, session, state, claimed_at)"
        " VALUES(?, ?, ?, 1, 1, 1, 'default', ?, 'schedule', '', 0, 0, 0, ?, 1, 1, ?, 1, 'open', ?)");
    wait_for_begin(&race);
    long claims = 0;
    for (long round = 1; now() < race.end; round++) {
        step(begin);
        for (int place = 0; place < race.batch; place++) {
            int job = job_of(&race, round, place);
            char uid[64], run[64], name[64];
            snprintf(uid, sizeof uid, "0123456789abcdef%s%d", race.name, job);
            snprintf(run, sizeof run, "%012ld%s%09d", round, race.name, job);
            snprintf(name, sizeof name, "%s-%d", race.name, job);
            sqlite3_bind_int64(update, 1, round);
            sqlite3_bind_int64(update, 2, round);
            sqlite3_bind_int64(update, 3, round);
            sqlite3_bind_text(update, 4, uid, -1, SQLITE_STATIC);
            step(update);
            sqlite3_bind_text(insert, 1, run, -1, SQLITE_STATIC);
            sqlite3_bind_text(insert, 2, uid, -1, SQLITE_STATIC);
            sqlite3_bind_int64(insert, 3, round);
            sqlite3_bind_text(insert, 4, name, -1, SQLITE_STATIC);
            sqlite3_bind_int64(insert, 5, round);
            sqlite3_bind_text(insert, 6, race.name, -1, SQLITE_STATIC);
            sqlite3_bind_int64(insert, 7, 1800000000000 + round);
            step(insert);
        }
        step(commit);
        claims += race.batch;
    }
    print_rate(&race, claims);
    return 0;
}
