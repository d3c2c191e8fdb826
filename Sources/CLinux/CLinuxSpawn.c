// Starts children: clone(2) as vfork(2) does it, with more between it and execve(2).
#define _GNU_SOURCE
#include "CLinuxSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The child borrows the caller's memory, its thread's own included, until it has become another
// program: it may call nothing but the kernel, and no sanitizer may write down what it does.
#if defined(__clang__)
#define BORROWING __attribute__((disable_sanitizer_instrumentation, noinline))
#else
#define BORROWING __attribute__((noinline))
#endif

// By this name: sanitizers put functions of their own before `clone`, which take it for a fork.
extern int __clone(int (*entry)(void *), void *stack, int flags, void *argument, ...);

enum { SIGNALS = 64, STACK = 16384 };

struct child {
  const struct clinux_spawn_plan *plan;
  struct clinux_spawn_result *result;
  pid_t caller;
  // Whether it was started in its cgroup, rather than has to move there.
  int is_in_cgroup;
};

// As the kernel has it, zeroed: the default action. Larger than the structure of any architecture.
static const unsigned long default_action[8];

BORROWING static void fail(struct child *child, int step, long error) {
  child->result->error = (int)error;
  child->result->step = step;
  for (;;) syscall(SYS_exit_group, 127);
}

#define TRY(step, ...) \
  do { if (syscall(__VA_ARGS__) < 0) fail(child, step, errno); } while (0)

BORROWING static void set_limits(struct child *child) {
  const struct clinux_spawn_plan *plan = child->plan;
  for (size_t i = 0; i < plan->limit_count; i++) {
    const struct clinux_limit *limit = &plan->limits[i];
    struct rlimit now = {0, 0};
    struct rlimit next = {limit->value, limit->value + limit->grace};
    syscall(SYS_prlimit64, 0, limit->resource, NULL, &now);
    // Who is below already stays there: a limit is never a permission.
    if (now.rlim_max < next.rlim_max) next.rlim_max = now.rlim_max;
    if (next.rlim_max < next.rlim_cur) next.rlim_cur = next.rlim_max;
    child->result->limit = i;
    TRY(CLINUX_STEP_LIMIT, SYS_prlimit64, 0, limit->resource, &next, NULL);
  }
  if (plan->mark == 0) return;
  // Within a marked process a higher mark is refused; the outer one then stands for both.
  struct rlimit mark = {plan->mark, plan->mark};
  syscall(SYS_prlimit64, 0, RLIMIT_RTTIME, &mark, NULL);
}

// By bare system calls: the C library's would change the user of the caller's threads.
BORROWING static void become_user(struct child *child) {
  const struct clinux_spawn_plan *plan = child->plan;
  if (!plan->has_identity) return;
  TRY(CLINUX_STEP_IDENTITY, SYS_setgroups, plan->group_count, plan->groups);
  TRY(CLINUX_STEP_IDENTITY, SYS_setresgid, plan->group, plan->group, plan->group);
  TRY(CLINUX_STEP_IDENTITY, SYS_setresuid, plan->user, plan->user, plan->user);
}

BORROWING static void take_descriptors(struct child *child) {
  int from[3];
  // Out of the way first, lest one overwrite another.
  for (int i = 0; i < 3; i++) {
    from[i] = child->plan->descriptors[i];
    if (from[i] > 2) continue;
    from[i] = (int)syscall(SYS_fcntl, from[i], F_DUPFD, 3);
    if (from[i] < 0) fail(child, CLINUX_STEP_DESCRIPTORS, errno);
  }
  for (int i = 0; i < 3; i++) TRY(CLINUX_STEP_DESCRIPTORS, SYS_dup3, from[i], i, 0);
  // Also those that some library opened without O_CLOEXEC.
  TRY(CLINUX_STEP_DESCRIPTORS, SYS_close_range, 3u, ~0u, 0u);
}

BORROWING static void join_cgroup(struct child *child) {
  int folder = child->plan->cgroup;
  if (folder < 0 || child->is_in_cgroup) return;
  int members = (int)syscall(SYS_openat, folder, "cgroup.procs", O_WRONLY | O_CLOEXEC, 0);
  if (members < 0) fail(child, CLINUX_STEP_CGROUP, errno);
  TRY(CLINUX_STEP_CGROUP, SYS_write, members, "0", 1);
}

BORROWING static int run_child(void *argument) {
  struct child *child = argument;
  const struct clinux_spawn_plan *plan = child->plan;
  // No handler of the caller's may run here. Signals are blocked until the last moment.
  for (int number = 1; number <= SIGNALS; number++) {
    if (number == SIGKILL || number == SIGSTOP) continue;
    syscall(SYS_rt_sigaction, number, default_action, NULL, SIGNALS / 8);
  }
  TRY(CLINUX_STEP_SESSION, SYS_setsid);
  join_cgroup(child);
  if (plan->mask >= 0) syscall(SYS_umask, plan->mask);
  if (plan->has_niceness) TRY(CLINUX_STEP_NICENESS, SYS_setpriority, PRIO_PROCESS, 0, plan->niceness);
  set_limits(child);
  become_user(child);
  if (plan->ends_with_caller) {
    // A change of user forgets it; hence not earlier. One that is gone by now sends nothing.
    TRY(CLINUX_STEP_CALLER, SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (syscall(SYS_getppid) != child->caller) fail(child, CLINUX_STEP_CALLER, ESRCH);
  }
  if (plan->no_new_privileges) TRY(CLINUX_STEP_PRIVILEGES, SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // As the user: a folder that this one may not enter is no folder for the task.
  if (plan->directory) TRY(CLINUX_STEP_DIRECTORY, SYS_chdir, plan->directory);
  take_descriptors(child);
  unsigned long none = 0;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, SIGNALS / 8);
  syscall(SYS_execve, plan->program, plan->arguments, plan->environment);
  fail(child, CLINUX_STEP_PROGRAM, errno);
  return 127;
}

// clone3(2), for which glibc 2.36 has no function: `entry` runs on the stack that `arguments` names.
BORROWING static long clone3_onto(struct clone_args *arguments, int (*entry)(void *), void *argument) {
#if defined(__x86_64__)
  long result = SYS_clone3;
  register int (*start)(void *) __asm__("r8") = entry;
  register void *with __asm__("r9") = argument;
  __asm__ volatile("syscall\n\t"
                   "test %%rax, %%rax\n\t"
                   "jnz 1f\n\t"
                   "xor %%ebp, %%ebp\n\t"
                   "mov %%r9, %%rdi\n\t"
                   "call *%%r8\n\t"
                   "hlt\n"
                   "1:"
                   : "+a"(result)
                   : "D"(arguments), "S"(sizeof *arguments), "r"(start), "r"(with)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long number __asm__("x8") = SYS_clone3;
  register long first __asm__("x0") = (long)arguments;
  register long size __asm__("x1") = sizeof *arguments;
  register int (*start)(void *) __asm__("x4") = entry;
  register void *with __asm__("x5") = argument;
  __asm__ volatile("svc #0\n\t"
                   "cbnz x0, 1f\n\t"
                   "mov x29, xzr\n\t"
                   "mov x0, x5\n\t"
                   "blr x4\n\t"
                   "brk #0\n"
                   "1:"
                   : "+r"(first)
                   : "r"(number), "r"(size), "r"(start), "r"(with)
                   : "memory");
  return first;
#else
  return -ENOSYS;
#endif
}

// Starts the child in its cgroup: whoever moves there later waits until no other processor reads the
// old place, which takes longer than all the rest. -1 where that cannot be had.
static int start_in_cgroup(struct child *child, char *stack) {
  struct clone_args arguments = {
      .flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_INTO_CGROUP,
      .pidfd = (uintptr_t)&child->result->pidfd,
      .exit_signal = SIGCHLD,
      .stack = (uintptr_t)stack,
      .stack_size = STACK,
      .cgroup = (uint64_t)child->plan->cgroup,
  };
  child->is_in_cgroup = 1;
  long process = clone3_onto(&arguments, run_child, child);
  if (process > 0) return (int)process;
  child->is_in_cgroup = 0;
  return -1;
}

int clinux_spawn(const struct clinux_spawn_plan *plan, struct clinux_spawn_result *result) {
  _Alignas(64) char stack[STACK];
  *result = (struct clinux_spawn_result){.pidfd = -1};
  struct child child = {.plan = plan, .result = result, .caller = (pid_t)syscall(SYS_getpid)};
  // All 64 of them: the C library's calls leave out two that it keeps for itself.
  unsigned long all = ~0UL, before;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, SIGNALS / 8);
  int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  int process = plan->cgroup < 0 ? -1 : start_in_cgroup(&child, stack);
  // Before Linux 5.7, and where a sandbox does not know clone3(2), the child goes there itself.
  if (process < 0) process = __clone(run_child, stack + STACK, flags, &child, &result->pidfd);
  int error = errno;
  // The memory was shared with one who changed its user, and has been closed to look at since.
  if (plan->has_identity && dumpable == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, SIGNALS / 8);
  if (process < 0) {
    result->step = CLINUX_STEP_PROCESS;
    result->error = error;
    return -1;
  }
  result->process = process;
  if (result->step == CLINUX_STEP_NONE) return 0;
  while (waitpid(process, NULL, 0) < 0 && errno == EINTR) {
  }
  close(result->pidfd);
  result->pidfd = -1;
  return -1;
}

int clinux_mark(pid_t process, uint64_t *mark) {
  struct rlimit limit;
  if (syscall(SYS_prlimit64, process, RLIMIT_RTTIME, NULL, &limit) != 0) return -1;
  *mark = limit.rlim_max;
  return 0;
}
