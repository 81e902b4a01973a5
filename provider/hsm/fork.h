/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and forks. One lock guards what this folder keeps of modules and tokens; it is held for a
 * few assignments only, never during a call into a module. Work that takes long and must not be
 * done twice at once (loading a module, logging in) goes through a gate.
 */
#ifndef SKA_HSM_FORK_H
#define SKA_HSM_FORK_H

#include <pthread.h>

#include "provider/base/error.h"

/* Once before anything else of this file. */
bool hsm_fork_watch(const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Once before anything else, and again after each module was loaded. fork() waits a moment for
 * threads that are inside of modules, and they for it: a child is given modules, and the libcrypto
 * that they use, with their locks open. Handlers for fork() run in reverse order: those of a
 * module, which may stop threads half way, must run after ours.
 */
bool hsm_fork_settle(const struct ska_errors *errors) SKA_MUST_CHECK;

/* Around every call into a module, not nested. */
void hsm_call_begin(void);
void hsm_call_end(void);

/*
 * No calls but this thread's from now on until hsm_calls_resume(). False: one that is under way
 * does not end soon, and nothing was stopped.
 */
bool hsm_calls_stop(void) SKA_MUST_CHECK;
void hsm_calls_resume(void);

/* From now on calls are made one at a time: there is a module without locks. */
void hsm_call_one_at_a_time(void);

/* How many forks lie between the first process and this one: state of it notes the count. */
unsigned int hsm_fork_count(void);

/* Whether there was a fork since the count was noted: the state belongs to a parent process. */
bool hsm_fork_since(unsigned int count);

void hsm_lock(void);
void hsm_unlock(void);

/* Starts as {NULL}. */
struct hsm_gate {
    struct hsm_gate_lock *lock;
};

/* Waits until it is this thread's turn. NULL: out of memory, raised. */
pthread_mutex_t *hsm_gate_enter(struct hsm_gate *gate, const struct ska_errors *errors);
void hsm_gate_leave(pthread_mutex_t *entered);

#endif
