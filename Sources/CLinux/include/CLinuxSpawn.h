#pragma once
// A child started by our own hand, because posix_spawn(3) knows neither users nor limits nor cgroups.
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// One limit of setrlimit(2), the same for soft and hard but for what `grace` adds to the hard one.
struct clinux_limit {
  int resource;
  uint64_t value;
  uint64_t grace;
};

/// Everything a child starts with. Pointers must stay as they are until the call returns.
struct clinux_spawn_plan {
  /// An absolute path.
  const char *program;
  /// With the program's own name first; both lists end with a null pointer.
  char *const *arguments;
  char *const *environment;
  /// NULL: that of the caller.
  const char *directory;
  /// What become 0, 1 and 2.
  int descriptors[3];
  /// An open folder of cgroup v2 to be started in, or -1.
  int cgroup;
  /// -1: that of the caller.
  int mask;
  int has_niceness;
  int niceness;
  const struct clinux_limit *limits;
  size_t limit_count;
  /// A number that all offspring inherits and that only setrlimit(2) takes off; 0: none.
  uint64_t mark;
  int has_identity;
  uid_t user;
  gid_t group;
  const gid_t *groups;
  size_t group_count;
  /// KILL comes once the thread that called has ended, whatever ended it.
  int ends_with_caller;
  /// Set-user-id programs and file capabilities give nothing; for all offspring too.
  int no_new_privileges;
};

/// What a child could not do, in the order in which it does them.
enum clinux_spawn_step {
  CLINUX_STEP_NONE,
  CLINUX_STEP_PROCESS,
  CLINUX_STEP_SESSION,
  CLINUX_STEP_CGROUP,
  CLINUX_STEP_NICENESS,
  CLINUX_STEP_LIMIT,
  CLINUX_STEP_IDENTITY,
  CLINUX_STEP_CALLER,
  CLINUX_STEP_PRIVILEGES,
  CLINUX_STEP_DIRECTORY,
  CLINUX_STEP_DESCRIPTORS,
  CLINUX_STEP_PROGRAM,
};

/// What became of it. If `step` is not CLINUX_STEP_NONE nothing runs, and nothing is left to reap.
struct clinux_spawn_result {
  pid_t process;
  /// Closed on exec.
  int pidfd;
  int step;
  int error;
  /// Which limit was refused, as an index, if `step` is CLINUX_STEP_LIMIT.
  size_t limit;
};

/// Starts a child that leads a session of its own, with all signals at their defaults and unblocked
/// and nothing open but 0, 1 and 2. Returns 0, or -1 with `result` saying why.
///
/// The calling thread waits until the program has been loaded, as with vfork(2). So it hangs for as
/// long as the kernel takes to enter the folder or to open the program.
int clinux_spawn(const struct clinux_spawn_plan *plan, struct clinux_spawn_result *result);

/// The hard limit RLIMIT_RTTIME of a process, its parent's or zombie's too: where a mark is kept.
/// Returns 0, or -1 with `errno` set.
int clinux_mark(pid_t process, uint64_t *mark);
