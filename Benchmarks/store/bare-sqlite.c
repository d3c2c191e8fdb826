// The bare loop on SQLite: prepared UPDATE and INSERT, write-ahead log, a synced commit for each batch.
#include <sqlite3.h>

#include "bare.h"

static sqlite3 *db;

static void must(int code, const char *what) {
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) fail(what, sqlite3_errmsg(db));
}

static void step(sqlite3_stmt *statement, const char *what) {
    must(sqlite3_step(statement), what);
    sqlite3_reset(statement);
}

int main(int count, char **words) {
    struct race race = race_of(count, words);
    sqlite3_stmt *begin, *commit, *update, *insert;
    must(sqlite3_open(race.place, &db), "open");
    sqlite3_busy_timeout(db, 60000);
    must(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                          "CREATE TABLE IF NOT EXISTS cursor(uid TEXT PRIMARY KEY, at INTEGER, fence INTEGER) WITHOUT ROWID;"
                          "CREATE TABLE IF NOT EXISTS run(id TEXT PRIMARY KEY, uid TEXT, instant INTEGER, fence INTEGER,"
                          " state TEXT) WITHOUT ROWID", NULL, NULL, NULL), "create");
    must(sqlite3_prepare_v2(db, "BEGIN IMMEDIATE", -1, &begin, NULL), "begin");
    must(sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL), "commit");
    must(sqlite3_prepare_v2(db, "UPDATE cursor SET at=at+1, fence=fence+1 WHERE uid=?", -1, &update, NULL), "update");
    must(sqlite3_prepare_v2(db, "INSERT INTO run VALUES(?, ?, ?, ?, 'open')", -1, &insert, NULL), "insert");
    for (int job = 0; job < race.batch; job++) {
        char sql[200];
        snprintf(sql, sizeof sql, "INSERT INTO cursor VALUES('0123456789abcdef%s%d', 0, 0)", race.name, job);
        must(sqlite3_exec(db, sql, NULL, NULL, NULL), "insert cursor");
    }
    wait_for_begin(&race);
    long claims = 0;
    for (long round = 1; now() < race.end; round++) {
        step(begin, "begin");
        for (int job = 0; job < race.batch; job++) {
            char uid[64], run[64];
            snprintf(uid, sizeof uid, "0123456789abcdef%s%d", race.name, job);
            snprintf(run, sizeof run, "%012ld%s%09d", round, race.name, job);
            sqlite3_bind_text(update, 1, uid, -1, SQLITE_TRANSIENT);
            step(update, "update");
            sqlite3_bind_text(insert, 1, run, -1, SQLITE_TRANSIENT);
            sqlite3_bind_text(insert, 2, uid, -1, SQLITE_TRANSIENT);
            sqlite3_bind_int64(insert, 3, round);
            sqlite3_bind_int64(insert, 4, round);
            step(insert, "insert");
        }
        step(commit, "commit");
        claims += race.batch;
    }
    print_rate(&race, claims);
    return 0;
}
