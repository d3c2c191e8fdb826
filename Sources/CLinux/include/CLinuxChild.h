#pragma once
// What Swift cannot reach of children: `siginfo_t` is a union behind macros, one call has no wrapper
// in glibc 2.36, and what glibc declares under `_GNU_SOURCE` only is not imported.
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/// Looks whether the process behind `pidfd` has ended, and leaves it unreaped, `waitid(2)`.
///
/// Returns 1 if it has, 0 if not, -1 with `errno` set. `code` is then its exit code, or the number
/// of the signal that ended it if `is_signal`.
static inline int clinux_peek_exit(int pidfd, int *code, int *is_signal) {
  siginfo_t info = {0};
  if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return -1;
  if (info.si_pid == 0) return 0;
  *code = info.si_status;
  *is_signal = info.si_code != CLD_EXITED;
  return 1;
}

/// `pidfd_send_signal(2)`, Linux 5.1.
static inline int clinux_pidfd_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, (void *)0, 0);
}

/// `pipe2(2)` with `O_CLOEXEC`.
int clinux_pipe(int ends[2]);

/// `memfd_create(2)` with `MFD_CLOEXEC`.
int clinux_memory_file(const char *name);

/// For a program in a session of its own, with the signals that the attributes name.
int clinux_spawn_flags(void);

/// `posix_spawn_file_actions_addclosefrom_np(3)`, glibc 2.34.
int clinux_spawn_close_from(posix_spawn_file_actions_t *actions, int descriptor);
