// Writes one line about its own start: the wall clock in nanoseconds, then what the scheduler said of the run.
// stamp FILE: one append, so that lines of many processes do not mix.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char *said(const char *name) {
    const char *text = getenv(name);
    return text && *text ? text : "-";
}

int main(int count, char **words) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (count < 2) return 2;
    char line[512];
    int length = snprintf(line, sizeof line, "%lld%09ld %s %s %s %s\n", (long long)now.tv_sec, now.tv_nsec, said("ROTA_JOB"),
                          said("ROTA_SCHEDULED_AT"), said("ROTA_ATTEMPT"), said("ROTA_NODE"));
    int file = open(words[1], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || write(file, line, (size_t)length) != length) return 1;
    return 0;
}
