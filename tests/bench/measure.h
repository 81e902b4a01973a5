/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops that have their turns, A B A B ..., in short batches, so that whatever else the machine
 * does meets all of them alike; and what is made of their times.
 */
#ifndef SKA_BENCH_MEASURE_H
#define SKA_BENCH_MEASURE_H

#include "bench.h"

struct loop {
    void *(*start)(const void *what); /* in each thread; returns what once() works with */
    void (*once)(void *with);
    void (*stop)(void *with);
    const void *what;
    bool waits;                  /* for another process: the time of this one says too little */
    double (*count)(void *with); /* instructions of one operation; NULL: those of once() */
};

#define LOOP_LIMIT 12

/* Times of one operation in microseconds: of each loop, in each round. */
struct times {
    size_t loops;
    size_t rounds;
    double *list;
};

/* The last loop says how many operations make a batch. */
void measure(const struct loop *loops, size_t count, unsigned threads, size_t rounds,
             struct times *times);
void times_free(struct times *times);

static inline double time_of(const struct times *times, size_t round, size_t loop)
{
    return times->list[round * times->loops + loop];
}

/* The median, when a is changed to be sorted. */
double median(double *a, size_t count);
double median_time(const struct times *times, size_t loop);

/* Fills in median, lowest, highest and number from values, which get sorted. */
void result_values(struct result *result, double *values, size_t count);

/* The throughput of loop a divided by that of loop b, and the times of both. */
void result_ratio(struct result *result, const struct times *times, size_t a, size_t b);

/* Microseconds, from some moment on; of the processor's time that this thread has had. */
double now(void);
double now_used(void);

#endif
