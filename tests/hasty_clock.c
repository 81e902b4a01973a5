/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded: for the first two seconds of a process the monotonic clock runs 600 times as fast, so
 * that ten minutes have passed after one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *now);

int clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    static _Atomic long long start;
    long long begun = 0;
    long long gone = 0;
    int result = 0;

    if (real == NULL)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    result = real(id, now);
    if (result != 0 || id != CLOCK_MONOTONIC)
        return result;
    gone = now->tv_sec * 1000000000LL + now->tv_nsec;
    begun = start;
    if (begun == 0)
        start = begun = gone;
    gone -= begun;
    gone = gone < 2000000000LL ? gone * 600 : gone + 2000000000LL * 599;
    now->tv_sec = (begun + gone) / 1000000000LL;
    now->tv_nsec = (begun + gone) % 1000000000LL;
    return result;
}
