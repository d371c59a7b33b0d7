/*
 * A disk whose sync fails: while the file $SHIM_TRIGGER exists, fsync and fdatasync of files below $SHIM_ROOT answer EIO.
 *
 * As on Linux the failure is reported once per call and what was written may be lost; nothing tells the process which part.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int fd) {
  const char *root = getenv("SHIM_ROOT"), *trigger = getenv("SHIM_TRIGGER");
  char link[64], path[4096];
  if (!root || !trigger || access(trigger, F_OK)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  return !strncmp(path, root, strlen(root));
}

#define SYNC(name)                                                     \
  int name(int fd) {                                                   \
    static int (*real)(int);                                           \
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, #name);           \
    if (fails(fd)) return errno = EIO, -1;                             \
    return real(fd);                                                   \
  }
SYNC(fsync)
SYNC(fdatasync)
