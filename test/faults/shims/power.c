/*
 * A disk that keeps only what was synced: preloaded into a process whose "machine" the test will switch off.
 *
 * SHIM_ROOT    folder whose files are watched (absolute, with all folders below it)
 * SHIM_SHADOW  folder that receives the durable state:
 *                i<inode>   content of that file as of its last successful fsync/fdatasync
 *                d<inode>   listing of that folder as of its last fsync: lines "inode name"
 *
 * Writes go to the real file as always. Each successful fsync or fdatasync of a watched file copies what was written since the last one to
 * the file's shadow; fsync of a folder records its listing. After kill -9 the test rebuilds the folder from the shadows alone, as if nothing
 * unsynced had reached the platter. Every write call that SQLite and libuv use is covered; mmap is not (only SQLite's -shm uses it, and that
 * file is not part of the durable state).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(type, name, ...)                                  \
  static type (*real)(__VA_ARGS__);                            \
  if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

struct range { off_t from, to; struct range *next; };
struct file { dev_t dev; ino_t ino; int watched; off_t size; struct range *dirty; struct file *next; };

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static const char *root, *shadow;

__attribute__((constructor)) static void start(void) {
  root = getenv("SHIM_ROOT");
  shadow = getenv("SHIM_SHADOW");
}

static int below_root(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  size_t r = strlen(root);
  return !strncmp(path, root, r) && path[r] == '/' && !(n > 4 && !strcmp(path + n - 4, "-shm"));
}

/* Called with `mu` held. Null for what is not watched. An inode number may be reused, but then its size falls to 0 first (O_TRUNC or new). */
static struct file *find(int fd, struct stat *s) {
  if (!root || !shadow || fstat(fd, s) || !S_ISREG(s->st_mode)) return 0;
  struct file *f = files;
  while (f && (f->ino != s->st_ino || f->dev != s->st_dev)) f = f->next;
  if (!f) {
    f = calloc(1, sizeof *f);
    if (!f) abort();
    f->dev = s->st_dev;
    f->ino = s->st_ino;
    f->watched = below_root(fd);
    f->next = files;
    files = f;
  }
  return f->watched ? f : 0;
}

static void touched(int fd, off_t from, ssize_t n) {
  if (n <= 0) return;
  int kept = errno;
  struct stat s;
  pthread_mutex_lock(&mu);
  struct file *f = find(fd, &s);
  if (f) {
    off_t to = from + n;
    /* Neighbouring writes are one range: a WAL grows frame by frame. */
    if (f->dirty && f->dirty->to == from) f->dirty->to = to;
    else {
      struct range *r = malloc(sizeof *r);
      if (!r) abort();
      *r = (struct range){from, to, f->dirty};
      f->dirty = r;
    }
  }
  pthread_mutex_unlock(&mu);
  errno = kept;
}

static ssize_t raw_pwrite(int fd, const void *b, size_t n, off_t at) {
  REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
  return real(fd, b, n, at);
}

/* Called with `mu` held, after the real sync has succeeded. */
static void make_durable(int fd, struct file *f, off_t size) {
  char name[4096];
  static char buffer[1 << 16];
  snprintf(name, sizeof name, "%s/i%llu", shadow, (unsigned long long)f->ino);
  int out = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (out < 0) abort();
  while (f->dirty) {
    struct range *r = f->dirty;
    for (off_t at = r->from; at < r->to;) {
      size_t want = r->to - at < (off_t)sizeof buffer ? (size_t)(r->to - at) : sizeof buffer;
      ssize_t n = pread(fd, buffer, want, at);
      if (n <= 0) {
        /* A descriptor opened for writing only: read through a second one. */
        char self[64];
        snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
        int in = n < 0 ? open(self, O_RDONLY | O_CLOEXEC) : -1;
        n = in < 0 ? 0 : pread(in, buffer, want, at);
        if (in >= 0) close(in);
        if (n <= 0) break;
      }
      if (raw_pwrite(out, buffer, (size_t)n, at) != n) abort();
      at += n;
    }
    f->dirty = r->next;
    free(r);
  }
  if (ftruncate(out, size)) abort();
  close(out);
}

static void list_folder(int fd, ino_t ino) {
  char name[4096], temporary[4100], self[64];
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  snprintf(name, sizeof name, "%s/d%llu", shadow, (unsigned long long)ino);
  snprintf(temporary, sizeof temporary, "%s~", name);
  DIR *d = opendir(self);
  FILE *out = d ? fopen(temporary, "we") : 0;
  if (!out) abort();
  for (struct dirent *e; (e = readdir(d));)
    if (e->d_type == DT_REG) fprintf(out, "%llu %s\n", (unsigned long long)e->d_ino, e->d_name);
  fclose(out);
  closedir(d);
  if (rename(temporary, name)) abort();
}

static void synced(int fd) {
  int kept = errno;
  struct stat s;
  pthread_mutex_lock(&mu);
  struct file *f = find(fd, &s);
  if (f) make_durable(fd, f, s.st_size);
  else if (root && shadow && !fstat(fd, &s) && S_ISDIR(s.st_mode)) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    size_t r = strlen(root);
    if (n > 0 && (path[n] = 0, !strncmp(path, root, r)) && (path[r] == '/' || path[r] == 0)) list_folder(fd, s.st_ino);
  }
  pthread_mutex_unlock(&mu);
  errno = kept;
}

ssize_t write(int fd, const void *b, size_t n) {
  REAL(ssize_t, write, int, const void *, size_t);
  if (!root || fd < 3) return real(fd, b, n);
  ssize_t done = real(fd, b, n);
  if (done > 0) {
    off_t end = lseek(fd, 0, SEEK_CUR); /* fails on a socket or pipe, and then there is nothing to note */
    if (end >= done) touched(fd, end - done, done);
  }
  return done;
}

static ssize_t vector(int fd, ssize_t done) {
  if (done > 0 && root && fd > 2) {
    off_t end = lseek(fd, 0, SEEK_CUR);
    if (end >= done) touched(fd, end - done, done);
  }
  return done;
}
ssize_t writev(int fd, const struct iovec *v, int n) {
  REAL(ssize_t, writev, int, const struct iovec *, int);
  return vector(fd, real(fd, v, n));
}

#define AT(name, offset)                                               \
  ssize_t name(int fd, const void *b, size_t n, offset at) {           \
    REAL(ssize_t, name, int, const void *, size_t, offset);            \
    ssize_t done = real(fd, b, n, at);                                 \
    touched(fd, at, done);                                             \
    return done;                                                       \
  }
AT(pwrite, off_t)
AT(pwrite64, off64_t)

#define VECTOR_AT(name, offset)                                        \
  ssize_t name(int fd, const struct iovec *v, int n, offset at) {      \
    REAL(ssize_t, name, int, const struct iovec *, int, offset);       \
    ssize_t done = real(fd, v, n, at);                                 \
    touched(fd, at, done);                                             \
    return done;                                                       \
  }
VECTOR_AT(pwritev, off_t)
VECTOR_AT(pwritev64, off64_t)

int fsync(int fd) {
  REAL(int, fsync, int);
  int r = real(fd);
  if (!r) synced(fd);
  return r;
}
int fdatasync(int fd) {
  REAL(int, fdatasync, int);
  int r = real(fd);
  if (!r) synced(fd);
  return r;
}
