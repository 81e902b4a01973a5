/* SPDX-License-Identifier: Apache-2.0 */
/* A child process starts with an open lock and with gates that nobody stands in. */
#include "provider/hsm/fork.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint forks;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool watching;

static void hsm_before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void hsm_after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

/* Only counts: whoever meets state of an earlier count starts anew, at first use. */
static void hsm_after_fork_in_child(void)
{
    atomic_fetch_add(&forks, 1);
    pthread_mutex_unlock(&lock);
}

static void watch_forks(void)
{
    watching =
        pthread_atfork(hsm_before_fork, hsm_after_fork_in_parent, hsm_after_fork_in_child) == 0 &&
        hsm_fork_settle(NULL);
}

bool hsm_fork_watch(const struct ska_errors *errors)
{
    return (pthread_once(&once, watch_forks) == 0 && watching) ||
           ska_fail(errors, SKA_R_OUT_OF_MEMORY, "pthread_atfork");
}

unsigned int hsm_fork_count(void)
{
    return atomic_load(&forks);
}

bool hsm_fork_since(unsigned int count)
{
    return count != hsm_fork_count();
}

void hsm_lock(void)
{
    pthread_mutex_lock(&lock);
}

void hsm_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

/* ---- Calls under way ------------------------------------------------------------------------- */

/*
 * How long fork() waits for calls into modules, in steps of a tenth of a millisecond. Not by the
 * clock, which goes on when the whole machine stands still: then a call has had no time either.
 */
#define FORK_WAIT_STEPS 10000

static atomic_uint calls;   /* under way, in all threads */
static atomic_uint forking; /* threads that want to fork, or are about to */
static _Thread_local bool calling;
static _Thread_local unsigned int settled; /* how many of our handlers have run for this fork */

static atomic_bool serial; /* one call at a time */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool has_turn;

void hsm_call_one_at_a_time(void)
{
    atomic_store(&serial, true);
}

static void wait_for_calls(void)
{
    const struct timespec step = {0, 100000};

    nanosleep(&step, NULL);
}

static _Thread_local bool stopping; /* this thread has stopped the others' calls */

bool hsm_calls_stop(void)
{
    atomic_fetch_add(&forking, 1);
    for (int i = 0; i < FORK_WAIT_STEPS && atomic_load(&calls) > 0; i++)
        wait_for_calls();
    stopping = atomic_load(&calls) == 0 && atomic_load(&forking) == 1;
    if (!stopping)
        atomic_fetch_sub(&forking, 1);
    return stopping;
}

void hsm_calls_resume(void)
{
    stopping = false;
    atomic_fetch_sub(&forking, 1);
}

void hsm_call_begin(void)
{
    atomic_fetch_add(&calls, 1);
    while (atomic_load(&forking) > 0 && !stopping) {
        atomic_fetch_sub(&calls, 1);
        wait_for_calls();
        atomic_fetch_add(&calls, 1);
    }
    if (atomic_load_explicit(&serial, memory_order_relaxed)) {
        pthread_mutex_lock(&turn);
        has_turn = true;
    }
    calling = true;
}

void hsm_call_end(void)
{
    calling = false;
    if (has_turn) {
        has_turn = false;
        pthread_mutex_unlock(&turn);
    }
    atomic_fetch_sub(&calls, 1);
}

/* A call that takes longer may go on: its thread's locks stay locked in the child then. */
static void settle_calls(void)
{
    if (settled++ > 0)
        return;
    atomic_fetch_add(&forking, 1);
    for (int i = 0; i < FORK_WAIT_STEPS && atomic_load(&calls) > (calling ? 1 : 0); i++)
        wait_for_calls();
}

static void resume_in_parent(void)
{
    if (--settled == 0)
        atomic_fetch_sub(&forking, 1);
}

static void resume_in_child(void)
{
    if (--settled > 0)
        return;
    atomic_store(&forking, 0);
    atomic_store(&calls, calling ? 1 : 0);
    /* Whoever had it, if it was not this thread, does not exist here. */
    if (!has_turn)
        pthread_mutex_init(&turn, NULL);
}

bool hsm_fork_settle(const struct ska_errors *errors)
{
    return pthread_atfork(settle_calls, resume_in_parent, resume_in_child) == 0 ||
           ska_fail(errors, SKA_R_OUT_OF_MEMORY, "pthread_atfork");
}

/* ---- The gates ------------------------------------------------------------------------------- */

/*
 * The thread that holds a mutex during a fork does not exist in the child, and the mutex stays
 * locked there for ever. So a child makes its own; the parent's is kept, since it cannot be
 * destroyed while locked.
 */
struct hsm_gate_lock {
    pthread_mutex_t mutex;
    unsigned int fork;
    struct hsm_gate_lock *of_parent;
};

pthread_mutex_t *hsm_gate_enter(struct hsm_gate *gate, const struct ska_errors *errors)
{
    struct hsm_gate_lock *current = NULL;

    hsm_lock();
    current = gate->lock;
    if (current == NULL || hsm_fork_since(current->fork)) {
        current = malloc(sizeof(*current));
        if (current != NULL) {
            pthread_mutex_init(&current->mutex, NULL);
            current->fork = hsm_fork_count();
            current->of_parent = gate->lock;
            gate->lock = current;
        }
    }
    hsm_unlock();
    if (current == NULL) {
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a lock");
        return NULL;
    }
    pthread_mutex_lock(&current->mutex);
    return &current->mutex;
}

void hsm_gate_leave(pthread_mutex_t *entered)
{
    pthread_mutex_unlock(entered);
}
