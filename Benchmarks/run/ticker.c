// Prints the time in nanoseconds since 1970, so many times and so many milliseconds apart.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int count, char **words) {
  long lines = count > 1 ? atol(words[1]) : 1, pause = count > 2 ? atol(words[2]) : 50;
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (lines-- > 0) {
    struct timespec now, rest = {pause / 1000, pause % 1000 * 1000000};
    clock_gettime(CLOCK_REALTIME, &now);
    printf("%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
    nanosleep(&rest, NULL);
  }
  return 0;
}
