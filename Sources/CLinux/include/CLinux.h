#pragma once
// What Swift cannot reach through `import Glibc` on Debian 12: epoll, eventfd, timerfd and
// signalfd are absent from the Glibc module map, and variadic calls are never imported.
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "CLinuxChild.h"
#include "CLinuxLocal.h"
#include "CLinuxSpawn.h"

/// `pidfd_open(2)`, Linux 5.3. Returns a descriptor, or -1 with `errno` set.
static inline int clinux_pidfd_open(pid_t pid, unsigned int flags) {
  return (int)syscall(SYS_pidfd_open, pid, flags);
}

/// `epoll_event.data` is a union, which strict memory safety counts as unsafe.
static inline int clinux_epoll_set(int epoll, int operation, int descriptor, unsigned int events) {
  struct epoll_event event = {.events = events, .data = {.fd = descriptor}};
  return epoll_ctl(epoll, operation, descriptor, &event);
}

static inline int clinux_epoll_descriptor(const struct epoll_event *event) {
  return event->data.fd;
}

/// `fcntl(2)` is variadic.
static inline int clinux_set_nonblocking(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

/// `open(2)` is variadic.
static inline int clinux_open(const char *path, int flags, mode_t mode) {
  return open(path, flags | O_CLOEXEC, mode);
}

/// `accept4(2)` needs `_GNU_SOURCE`. The descriptor must not be inherited even for an instant.
static inline int clinux_accept(int descriptor) {
  return (int)syscall(SYS_accept4, descriptor, NULL, NULL, O_NONBLOCK | O_CLOEXEC);
}

/// A datagram that was received: where from, as a `sockaddr_storage`, and how long it was.
struct clinux_datagram {
  _Alignas(8) unsigned char from[128];
  unsigned int length;
};

/// `recvmmsg(2)` without waiting, at most 64 at a time. Datagram `i` is put at `buffer + i * stride`
/// and cut off after `stride` bytes. Returns how many came, or -1 with `errno` set.
int clinux_receive_many(int descriptor, void *buffer, size_t stride, struct clinux_datagram *found,
                        unsigned int count);

/// `sendmmsg(2)`: the same bytes to each of at most 64 `sockaddr_storage`. Returns how many were taken
/// before the first that was not, or -1 with `errno` set if that was the first.
int clinux_send_many(int descriptor, const void *bytes, size_t length,
                     void *addresses, unsigned int count);

/// `prctl(2)` is variadic. Orphans below this process become its children.
static inline int clinux_become_subreaper(void) {
  return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/// `prctl(2)` is variadic. Names the calling thread; the kernel keeps 15 bytes.
static inline void clinux_name_thread(const char *name) {
  prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0);
}

/// The `WIF…` forms are function-like macros.
static inline int clinux_has_exited(int status) { return WIFEXITED(status); }
static inline int clinux_exit_code(int status) { return WEXITSTATUS(status); }
static inline int clinux_signal(int status) { return WTERMSIG(status); }

/// From now on `signal` adds 1 to the eventfd `counter`, on whatever thread it arrives; nothing else
/// happens. A handler must be C: it may run between any two instructions. See signal-safety(7).
int clinux_count_signal(int signal, int counter);

/// `flock(2)` for the calling thread, given up after `milliseconds` with `errno` ETIMEDOUT.
///
/// The kernel knows no deadline here, so a timer of the thread's own interrupts the wait with a
/// signal that nothing else in the process may use. See timer_create(2), SIGEV_THREAD_ID.
int clinux_lock_within(int descriptor, int operation, int milliseconds);
