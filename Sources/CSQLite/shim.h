#pragma once
#include <sqlite3.h>

/// `SQLITE_TRANSIENT` is a cast macro, which Swift does not import.
static inline sqlite3_destructor_type csqlite_transient(void) { return SQLITE_TRANSIENT; }

/// `sqlite3_db_config` is variadic, which Swift does not import.
static inline int csqlite_no_checkpoint_on_close(sqlite3 *connection) {
  return sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}

/// `sqlite3_config` is variadic, which Swift does not import.
static inline int csqlite_keep_no_statistics(void) {
  return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static inline int csqlite_note_log(void *count, sqlite3 *connection, const char *name, int pages) {
  (void)connection;
  (void)name;
  *(int *)count = pages;
  return SQLITE_OK;
}

/// Has `count` hold how many pages the write-ahead log has after each commit; a callback of three
/// pointers and a number that Swift could not spell without promises about isolation.
static inline void csqlite_count_log(sqlite3 *connection, int *count) {
  sqlite3_wal_hook(connection, csqlite_note_log, count);
}
