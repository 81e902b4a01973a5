/* SPDX-License-Identifier: Apache-2.0 */
#include "measure.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "instructions.h"

/* How long a batch takes, in microseconds: short, so that most batches are interrupted by nobody.
 */
#define BATCH 1000.0
/* But several operations, where they are not long: the first one finds the other loop's caches. */
#define FEWEST 5
#define LONG_OPERATION 5000.0

/* How often a batch of threads, or one that waits, is tried in which a processor was taken away for
 * somebody else. */
#define TRIES 3

static double read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

double now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double now_used(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* How often the processor was taken away from this thread; waiting of its own accord is no matter.
 */
static long interruptions(void)
{
    struct rusage usage;

    must(getrusage(RUSAGE_THREAD, &usage) == 0);
    return usage.ru_nivcsw;
}

/* ---- Turns ----------------------------------------------------------------------------------- */

/* One thread of a team with more than one, and what it does between the barriers. */
struct team {
    const struct loop *loops;
    size_t count;
    unsigned threads;
    bool waits;             /* one of the loops */
    void *with[LOOP_LIMIT]; /* of a team of one */
    pthread_t *members;
    pthread_barrier_t begin;
    pthread_barrier_t end;
    size_t loop;  /* whose turn it is; the number of loops: nobody's any more */
    size_t batch; /* operations */
    atomic_bool interrupted;
};

static void start_loops(const struct team *team, void **with)
{
    for (size_t i = 0; i < team->count; i++)
        with[i] = team->loops[i].start(team->loops[i].what);
}

static void stop_loops(const struct team *team, void **with)
{
    for (size_t i = 0; i < team->count; i++)
        team->loops[i].stop(with[i]);
}

static void run_batch(struct team *team, void **with)
{
    const struct loop *loop = &team->loops[team->loop];
    long before = interruptions();

    for (size_t i = 0; i < team->batch; i++)
        loop->once(with[team->loop]);
    if (interruptions() != before)
        team->interrupted = true;
}

static void *member(void *argument)
{
    struct team *team = argument;
    void *with[LOOP_LIMIT];

    start_loops(team, with);
    for (;;) {
        pthread_barrier_wait(&team->begin);
        if (team->loop == team->count)
            break;
        run_batch(team, with);
        pthread_barrier_wait(&team->end);
    }
    stop_loops(team, with);
    return NULL;
}

static void gather(struct team *team)
{
    if (team->threads == 1) {
        start_loops(team, team->with);
        return;
    }
    team->members = calloc(team->threads, sizeof(*team->members));
    must(team->members != NULL);
    must(pthread_barrier_init(&team->begin, NULL, team->threads + 1) == 0 &&
         pthread_barrier_init(&team->end, NULL, team->threads + 1) == 0);
    for (unsigned i = 0; i < team->threads; i++)
        must(pthread_create(&team->members[i], NULL, member, team) == 0);
}

static void dismiss(struct team *team)
{
    if (team->threads == 1) {
        stop_loops(team, team->with);
        return;
    }
    team->loop = team->count;
    pthread_barrier_wait(&team->begin);
    for (unsigned i = 0; i < team->threads; i++)
        must(pthread_join(team->members[i], NULL) == 0);
    pthread_barrier_destroy(&team->begin);
    pthread_barrier_destroy(&team->end);
    free(team->members);
}

static void run_turn(struct team *team)
{
    team->interrupted = false;
    if (team->threads == 1) {
        run_batch(team, team->with);
        return;
    }
    pthread_barrier_wait(&team->begin);
    pthread_barrier_wait(&team->end);
}

/*
 * The clock says nothing of us where the processor was taken away. One thread that waits for nobody
 * has the processor's time then; others try again.
 */
static double time_turn(struct team *team)
{
    bool alone = team->threads == 1 && !team->waits;
    double clock = 0;

    for (int tries = 0; tries == 0 || (team->interrupted && tries < TRIES); tries++) {
        double processor = read_clock(CLOCK_THREAD_CPUTIME_ID);

        clock = now();
        run_turn(team);
        clock = now() - clock;
        if (alone && team->interrupted)
            return read_clock(CLOCK_THREAD_CPUTIME_ID) - processor;
    }
    return clock;
}

/* The time of one operation in microseconds. */
static double turn(struct team *team, size_t loop, size_t batch)
{
    team->loop = loop;
    team->batch = batch;
    return time_turn(team) / (double)batch;
}

/* By the fastest operation; all loops are warm after it. */
static size_t choose_batch(struct team *team)
{
    double fastest = 0;
    size_t batch = 0;

    for (size_t loop = 0; loop < team->count; loop++)
        for (int i = 0; i < 3; i++) {
            double time = turn(team, loop, 1);

            if (fastest == 0 || time < fastest)
                fastest = time;
        }
    if (fastest > LONG_OPERATION)
        return 1;
    batch = (size_t)ceil(BATCH / fastest);
    return batch < FEWEST ? FEWEST : batch;
}

void measure(const struct loop *loops, size_t count, unsigned threads, size_t rounds,
             struct times *times)
{
    struct team team = {.loops = loops, .count = count, .threads = threads};
    size_t batch = 0;

    must(count > 0 && count <= LOOP_LIMIT);
    if (instructions_counted())
        rounds = 1;
    times->loops = count;
    times->rounds = rounds;
    times->list = calloc(rounds * count, sizeof(*times->list));
    must(times->list != NULL);
    for (size_t i = 0; i < count; i++)
        team.waits = team.waits || loops[i].waits;
    for (size_t i = 0; instructions_counted() && i < count; i++)
        times->list[i] = instructions_of_loop(&loops[i]) / 1000;
    if (instructions_counted())
        return;
    gather(&team);
    batch = choose_batch(&team);
    for (size_t round = 0; round < rounds; round++)
        for (size_t loop = 0; loop < count; loop++)
            times->list[round * count + loop] = turn(&team, loop, batch);
    dismiss(&team);
}

void times_free(struct times *times)
{
    free(times->list);
    memset(times, 0, sizeof(*times));
}

/* ---- Numbers --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;

    return *left < *right ? -1 : *left > *right;
}

double median(double *a, size_t count)
{
    must(count > 0);
    qsort(a, count, sizeof(*a), compare);
    return (a[(count - 1) / 2] + a[count / 2]) / 2;
}

double median_time(const struct times *times, size_t loop)
{
    double *copy = calloc(times->rounds, sizeof(*copy));
    double middle = 0;

    must(copy != NULL);
    for (size_t i = 0; i < times->rounds; i++)
        copy[i] = time_of(times, i, loop);
    middle = median(copy, times->rounds);
    free(copy);
    return middle;
}

void result_values(struct result *result, double *values, size_t count)
{
    result->median = median(values, count);
    result->lowest = values[0];
    result->highest = values[count - 1];
    result->pairs = count;
}

void result_ratio(struct result *result, const struct times *times, size_t a, size_t b)
{
    double *ratios = calloc(times->rounds, sizeof(*ratios));

    must(ratios != NULL);
    for (size_t i = 0; i < times->rounds; i++)
        ratios[i] = time_of(times, i, b) / time_of(times, i, a);
    result_values(result, ratios, times->rounds);
    result->a_microseconds = median_time(times, a);
    result->b_microseconds = median_time(times, b);
    free(ratios);
}
