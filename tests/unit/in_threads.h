/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKA_TEST_IN_THREADS_H
#define SKA_TEST_IN_THREADS_H

#include <pthread.h>

#include "cmocka_all.h"

#define IN_THREADS_MOST 16

/*
 * Runs it in so many threads at once, and returns how many of them gave something else than `good`.
 * An assertion leaves the function that it stands in: no thread may be left behind that uses what
 * goes with it, or runs into the end of the program. So all have ended before anything is asserted.
 */
static inline size_t in_threads(size_t count, void *(*run)(void *), void *arg, const void *good)
{
    pthread_t threads[IN_THREADS_MOST];
    size_t started = 0;
    size_t wrong = 0;

    while (started < count && started < IN_THREADS_MOST &&
           pthread_create(&threads[started], NULL, run, arg) == 0)
        started++;
    for (size_t i = 0; i < started; i++) {
        void *result = NULL;

        wrong += pthread_join(threads[i], &result) != 0 || result != good;
    }
    assert_int_equal(started, count);
    return wrong;
}

#endif
