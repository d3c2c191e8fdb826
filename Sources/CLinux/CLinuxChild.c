// Calls that glibc declares under `_GNU_SOURCE` only.
#define _GNU_SOURCE
#include "CLinuxChild.h"

#include <fcntl.h>
#include <sys/mman.h>

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int clinux_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }
