// An address holds 107 bytes of path; a folder's descriptor makes any path that short.
#define _GNU_SOURCE
#include "CLinuxLocal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int address_of(int folder, const char *name, struct sockaddr_un *address) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  int length = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", folder,
                        name);
  if (length > 0 && (size_t)length < sizeof address->sun_path) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

typedef int step(int descriptor, const struct sockaddr_un *address);

static int listen_at(int descriptor, const struct sockaddr_un *address) {
  unlink(address->sun_path);
  if (bind(descriptor, (const struct sockaddr *)address, sizeof *address) != 0) return -1;
  if (chmod(address->sun_path, 0600) != 0) return -1;
  return listen(descriptor, 16);
}

static int connect_to(int descriptor, const struct sockaddr_un *address) {
  return connect(descriptor, (const struct sockaddr *)address, sizeof *address);
}

static int open_and(step *take, const char *path, const char *name) {
  struct sockaddr_un address;
  int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return -1;
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int code = descriptor < 0 ? -1 : address_of(folder, name, &address);
  if (code == 0) code = take(descriptor, &address);
  int error = errno;
  close(folder);
  if (code == 0) return descriptor;
  if (descriptor >= 0) close(descriptor);
  errno = error;
  return -1;
}

int clinux_local_listener(const char *folder, const char *name) {
  return open_and(listen_at, folder, name);
}

int clinux_local_connection(const char *folder, const char *name) {
  return open_and(connect_to, folder, name);
}

long clinux_local_user(int descriptor) {
  struct ucred other;
  socklen_t length = sizeof other;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &other, &length) != 0) return -1;
  return (long)other.uid;
}
