// The bare loops beside which lists are raced: rows read in key order, sent over TCP as they are, inserted in one transaction,
// the indexes built, the file synced; no digest, no seal, no check. And the log of a list, read and sent.
//
// bare-list send FILE TIMES | take PORT FILE | sendlog FILE TIMES | drain PORT | watch PORT PATH TEXT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sqlite3 *db;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void must(int code, const char *what) {
    if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW) fail(what, sqlite3_errmsg(db));
}

static void execute(const char *sql) { must(sqlite3_exec(db, sql, NULL, NULL, NULL), sql); }

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static FILE *dial(const char *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(peer, (struct sockaddr *)&address, sizeof address) != 0) fail("connect", port);
    FILE *stream = fdopen(peer, "r+");
    setvbuf(stream, NULL, _IOFBF, 1 << 18);
    return stream;
}

// Columns as they are: their length and their bytes, in as many rows as there are.
static void send_rows(const char *file, const char *sql, FILE *out) {
    must(sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL), "open");
    sqlite3_stmt *rows;
    must(sqlite3_prepare_v2(db, sql, -1, &rows, NULL), sql);
    int columns = sqlite3_column_count(rows);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int column = 0; column < columns; column++) {
            if (sqlite3_column_type(rows, column) == SQLITE_INTEGER) {
                int64_t number = sqlite3_column_int64(rows, column);
                uint32_t length = UINT32_MAX;
                fwrite(&length, sizeof length, 1, out);
                fwrite(&number, sizeof number, 1, out);
            } else {
                uint32_t length = (uint32_t)sqlite3_column_bytes(rows, column);
                fwrite(&length, sizeof length, 1, out);
                fwrite(sqlite3_column_blob(rows, column), 1, length, out);
            }
        }
    }
    sqlite3_finalize(rows);
    fclose(out);
}

static void serve(const char *file, const char *sql, int times) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 16) != 0) fail("listen", "loopback");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (int time = 0; time < times; time++) {
        int peer = accept(listener, NULL, NULL);
        if (fork() == 0) {
            FILE *out = fdopen(peer, "w");
            setvbuf(out, NULL, _IOFBF, 1 << 18);
            send_rows(file, sql, out);
            exit(0);
        }
        close(peer);
    }
    while (wait(NULL) > 0) {}
}

static void take(const char *port, const char *file) {
    must(sqlite3_open(file, &db), "open");
    execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-16384;");
    execute("CREATE TABLE object(number INTEGER PRIMARY KEY, tenant TEXT, kind TEXT, name TEXT, uid TEXT, version INTEGER,"
            " epoch INTEGER, sequence INTEGER, deleted INTEGER, body BLOB, digest BLOB, created INTEGER, updated INTEGER,"
            " author TEXT); BEGIN");
    sqlite3_stmt *insert;
    must(sqlite3_prepare_v2(db, "INSERT INTO object VALUES(NULL,?,?,?,?,?,?,?,?,?,?,?,?,?)", -1, &insert, NULL), "insert");
    FILE *in = dial(port);
    static char bytes[13][1 << 16];
    uint32_t length;
    while (fread(&length, sizeof length, 1, in) == 1) {
        for (int column = 0; column < 13; column++) {
            if (column > 0 && fread(&length, sizeof length, 1, in) != 1) fail("read", "a row ended early");
            if (length == UINT32_MAX) {
                int64_t number;
                if (fread(&number, sizeof number, 1, in) != 1) fail("read", "a row ended early");
                sqlite3_bind_int64(insert, column + 1, number);
                continue;
            }
            if (length > sizeof bytes[0] || fread(bytes[column], 1, length, in) != length) fail("read", "a column");
            if (column == 8 || column == 9) sqlite3_bind_blob(insert, column + 1, bytes[column], (int)length, SQLITE_STATIC);
            else sqlite3_bind_text(insert, column + 1, bytes[column], (int)length, SQLITE_STATIC);
        }
        must(sqlite3_step(insert), "insert");
        sqlite3_reset(insert);
    }
    execute("CREATE UNIQUE INDEX object_key ON object(tenant, kind, name); CREATE INDEX object_uid ON object(uid);"
            "CREATE INDEX object_changed ON object(epoch, sequence);"
            "CREATE INDEX object_gone ON object(epoch, sequence) WHERE deleted = 1; COMMIT");
    sqlite3_finalize(insert);
    sqlite3_close(db);
    int copy = open(file, O_RDONLY);
    if (fsync(copy) != 0) fail("fsync", file);
    printf("%.0f\n", now() * 1000);
}

static void drain(FILE *in) {
    double begin = now();
    static char bytes[1 << 18];
    while (fread(bytes, 1, sizeof bytes, in) > 0) {}
    printf("%f\n", now() - begin);
}

// Reads an answer until `text` is in it, and says how long that took.
static void watch(FILE *stream, const char *path, const char *text) {
    double begin = now();
    fprintf(stream, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    fflush(stream);
    static char bytes[(1 << 16) + 256];
    size_t kept = 0, length = strlen(text);
    int peer = fileno(stream);
    while (1) {
        ssize_t count = read(peer, bytes + kept, 1 << 16);
        if (count <= 0) fail("watch", "the answer ended early");
        size_t all = kept + (size_t)count;
        if (memmem(bytes, all, text, length) != NULL) break;
        kept = all < length ? all : length;
        memmove(bytes, bytes + all - kept, kept);
    }
    printf("%f\n", now() - begin);
}

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "";
    if (count == 4 && strcmp(what, "send") == 0)
        serve(words[2],
              "SELECT tenant, kind, name, uid, version, epoch, sequence, deleted, body, digest, created, updated, author"
              " FROM object ORDER BY tenant, kind, name",
              atoi(words[3]));
    else if (count == 4 && strcmp(what, "sendlog") == 0)
        serve(words[2], "SELECT records FROM log ORDER BY number", atoi(words[3]));
    else if (count == 4 && strcmp(what, "take") == 0) take(words[2], words[3]);
    else if (count == 3 && strcmp(what, "drain") == 0) drain(dial(words[2]));
    else if (count == 5 && strcmp(what, "watch") == 0) watch(dial(words[2]), words[3], words[4]);
    else {
        fprintf(stderr, "bare-list send|take|sendlog|drain|watch ...\n");
        return 2;
    }
    return 0;
}
