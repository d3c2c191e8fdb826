// A wait for flock(2) that ends.
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

// glibc takes the first few for itself; nobody else here takes any.
#define ALARM (SIGRTMAX - 1)

// A field of a union, which Debian 12's headers name no shorter.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void do_nothing(int signal) { (void)signal; }

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void) {
  // Without SA_RESTART: to end a system call is all that it is for.
  struct sigaction action = {.sa_handler = do_nothing};
  sigemptyset(&action.sa_mask);
  sigaction(ALARM, &action, NULL);
}

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_BOOTTIME, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

int clinux_lock_within(int descriptor, int operation, int milliseconds) {
  pthread_once(&once, prepare);
  sigset_t alarm, before;
  sigemptyset(&alarm);
  sigaddset(&alarm, ALARM);
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = ALARM};
  event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
  timer_t timer;
  if (timer_create(CLOCK_BOOTTIME, &event, &timer) != 0) return -1;
  // Again and again, for one that comes before the wait has begun ends nothing.
  struct itimerspec times = {
      .it_value = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L + 1},
      .it_interval = {.tv_nsec = 10000000},
  };
  timer_settime(timer, 0, &times, NULL);
  pthread_sigmask(SIG_UNBLOCK, &alarm, &before);
  long long end = now() + milliseconds;
  int code;
  while ((code = flock(descriptor, operation)) != 0 && errno == EINTR && now() < end) {
  }
  int error = code != 0 && errno == EINTR ? ETIMEDOUT : errno;
  timer_delete(timer);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (code != 0) errno = error;
  return code;
}
