// Runs a command and reads what it prints to its end, doing nothing with it.
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words) {
  static char block[65536];
  int ends[2];
  if (count < 2 || pipe(ends) != 0) return 2;
  if (fork() == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    close(ends[1]);
    execl("/bin/sh", "sh", "-c", words[1], (char *)0);
    _exit(127);
  }
  close(ends[1]);
  long long total = 0;
  ssize_t got;
  while ((got = read(ends[0], block, sizeof block)) > 0) total += got;
  wait(0);
  printf("%lld\n", total);
  return 0;
}
