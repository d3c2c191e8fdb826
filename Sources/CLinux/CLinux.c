#include "CLinux.h"

#include <errno.h>
#include <stdint.h>

static volatile sig_atomic_t counters[65];

static void count(int signal) {
  int saved = errno;
  uint64_t one = 1;
  ssize_t written = write((int)counters[signal], &one, sizeof one);
  (void)written;
  errno = saved;
}

int clinux_count_signal(int signal, int counter) {
  struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
  if (signal < 1 || signal > 64) return -1;
  counters[signal] = counter;
  sigemptyset(&action.sa_mask);
  return sigaction(signal, &action, 0);
}
