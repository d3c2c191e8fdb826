// What the bare loops have in common: their words, their clock, and the line they print.
//
// A bare loop does what a claim needs of a store and nothing else: move a cursor, add a run, durably.
// bare-STORE PLACE NAME BATCH SECONDS BEGIN, where BEGIN is milliseconds since boot.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct race {
    const char *place, *name;
    int batch, jobs;
    double begin, end;
};

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct race race_of(int count, char **words) {
    if (count != 6) {
        fprintf(stderr, "%s PLACE NAME BATCH SECONDS BEGIN\n", words[0]);
        exit(2);
    }
    struct race race = {words[1], words[2], atoi(words[3]), 0, atof(words[5]) / 1000, 0};
    race.end = race.begin + atof(words[4]);
    race.jobs = race.batch > 100 ? race.batch : 100;
    return race;
}

// Rounds go through all jobs, a batch of them at a time.
static inline int job_of(const struct race *race, long round, int place) {
    return (int)((round * race->batch + place) % race->jobs);
}

static void wait_for_begin(const struct race *race) {
    double left = race->begin - now();
    if (left <= 0) {
        fprintf(stderr, "%s was not ready in time\n", race->name);
        exit(1);
    }
    struct timespec t = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
    nanosleep(&t, NULL);
}

static void print_rate(const struct race *race, long claims) {
    printf("%f\n", (double)claims / (now() - race->begin));
}

static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}
