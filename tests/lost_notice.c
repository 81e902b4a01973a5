/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded by scenarios: a kernel without notifications of directories, and a wall clock that is
 * set back by an hour after two seconds.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int inotify_add_watch(int fd, const char *name, uint32_t mask)
{
    (void)fd;
    (void)name;
    (void)mask;
    errno = ENOSYS;
    return -1;
}

time_t time(time_t *result)
{
    static atomic_long first;
    struct timespec now;
    long expected = 0;
    time_t seconds = 0;

    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now); /* not time(), which is this */
    atomic_compare_exchange_strong(&first, &expected, (long)now.tv_sec);
    seconds = now.tv_sec - (now.tv_sec - atomic_load(&first) > 2 ? 3600 : 0);
    if (result != NULL)
        *result = seconds;
    return seconds;
}
