/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded by scenarios: a disk that fails. FAILING_CALL (write, pwrite, fsync, renameat or
 * readdir) on what has FAILING_PATH in its path fails from the FAILING_FROM-th time on.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int fails(const char *call, int fd)
{
    static atomic_int count;
    const char *wanted = getenv("FAILING_CALL");
    const char *part = getenv("FAILING_PATH");
    const char *from = getenv("FAILING_FROM");
    char link[64];
    char path[PATH_MAX] = "";

    if (wanted == NULL || part == NULL || from == NULL || strcmp(wanted, call) != 0)
        return 0;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof(path) - 1) < 0 || strstr(path, part) == NULL ||
        atomic_fetch_add(&count, 1) + 1 < atoi(from))
        return 0;
    errno = EIO;
    return 1;
}

ssize_t write(int fd, const void *data, size_t length)
{
    return fails("write", fd) ? -1 : syscall(SYS_write, fd, data, length);
}

/* What programs in C++ write with. */
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return fails("write", fd) ? -1 : syscall(SYS_writev, fd, parts, count);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
    return fails("pwrite", fd) ? -1 : syscall(SYS_pwrite64, fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
    return pwrite(fd, data, length, offset);
}

int fsync(int fd)
{
    return fails("fsync", fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    return fails("renameat", from_directory)
               ? -1
               : (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, 0);
}

struct dirent *readdir(DIR *listing)
{
    struct dirent *(*next)(DIR *) = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir");

    return fails("readdir", dirfd(listing)) ? NULL : next(listing);
}

struct dirent64 *readdir64(DIR *listing)
{
    return (struct dirent64 *)readdir(listing);
}
