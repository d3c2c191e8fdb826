// The bare loop: posix_spawn of one command so many times, as fast as it goes, and nothing else.
// bare-spawn COUNT COMMAND: prints the wall clock in nanoseconds before the first; returns when all have ended.
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

int main(int count, char **words) {
    if (count < 3) return 2;
    long runs = atol(words[1]);
    char *arguments[] = {"sh", "-c", words[2], NULL};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    printf("%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
    fflush(stdout);
    for (long run = 0; run < runs; run++) {
        pid_t child;
        int code = posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ);
        if (code) {
            fprintf(stderr, "bare-spawn: run %ld: error %d\n", run, code);
            return 1;
        }
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
    }
    while (wait(NULL) > 0 || errno == EINTR) {}
    return 0;
}
