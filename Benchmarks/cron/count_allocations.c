// Counts what a program allocates; preloaded, it prints the number to standard error at the end.

#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);

static unsigned long count;
#define COUNTED(call) (__atomic_add_fetch(&count, 1, __ATOMIC_RELAXED), __libc_##call)

void *malloc(size_t size) { return COUNTED(malloc)(size); }
void *calloc(size_t number, size_t size) { return COUNTED(calloc)(number, size); }
void *realloc(void *block, size_t size) { return COUNTED(realloc)(block, size); }
void *memalign(size_t grid, size_t size) { return COUNTED(memalign)(grid, size); }
void *aligned_alloc(size_t grid, size_t size) { return COUNTED(memalign)(grid, size); }

int posix_memalign(void **block, size_t grid, size_t size) {
    *block = COUNTED(memalign)(grid, size);
    return *block ? 0 : 12;
}

__attribute__((destructor)) static void report(void) { fprintf(stderr, "%lu\n", count); }
