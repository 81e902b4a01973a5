/* SPDX-License-Identifier: Apache-2.0 */
#include "hsm_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provider/hsm/fork.h"

/* What a thread is in the middle of while the process forks. */
struct work {
    void *(*run)(void *work);
    struct hsm_gate gate;
    pthread_barrier_t begun;
    atomic_bool to_end;
    atomic_bool ended;
};

static void pass_time(long milliseconds)
{
    const struct timespec time = {0, milliseconds * 1000000};

    nanosleep(&time, NULL);
}

/* Whether this is so in a child; one that hangs is ended by the alarm. */
static bool is_so_in_child(bool (*check)(struct work *work), struct work *work)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        alarm(20);
        /* By _exit() a sanitizer would look for the thread, which only the parent can join. */
        syscall(SYS_exit_group, check(work) ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* In a child that is born while the thread is at work; then the thread ends. */
static void assert_meanwhile(struct work *work, bool (*check)(struct work *work))
{
    pthread_t thread;
    bool is_so = false;

    assert_int_equal(pthread_barrier_init(&work->begun, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, work->run, work), 0);
    pthread_barrier_wait(&work->begun);
    is_so = is_so_in_child(check, work);
    atomic_store(&work->to_end, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_barrier_destroy(&work->begun);
    assert_true(is_so);
}

/* ---- Gates ----------------------------------------------------------------------------------- */

static bool passes(struct work *work)
{
    pthread_mutex_t *entered = hsm_gate_enter(&work->gate, &shown);

    if (entered != NULL)
        hsm_gate_leave(entered);
    return entered != NULL;
}

static void *stand_in_gate(void *arg)
{
    struct work *work = arg;
    pthread_mutex_t *entered = hsm_gate_enter(&work->gate, &shown);

    pthread_barrier_wait(&work->begun);
    while (!atomic_load(&work->to_end))
        pass_time(1);
    hsm_gate_leave(entered);
    return NULL;
}

/* And so can a child of the child, and the parent when the thread has left. */
static bool passes_twice(struct work *work)
{
    return passes(work) && is_so_in_child(passes, work);
}

static void a_child_finds_gates_empty(void **state)
{
    static struct work work = {.run = stand_in_gate}; /* a gate is never taken down */

    (void)state;
    assert_meanwhile(&work, passes_twice);
    assert_true(passes(&work));
}

/* ---- Calls into modules ---------------------------------------------------------------------- */

static void *call_for_a_while(void *arg)
{
    struct work *work = arg;

    hsm_call_begin();
    pthread_barrier_wait(&work->begun);
    pass_time(200);
    atomic_store(&work->ended, true);
    hsm_call_end();
    return NULL;
}

static bool sees_the_end(struct work *work)
{
    return atomic_load(&work->ended);
}

static void fork_waits_for_calls(void **state)
{
    struct work work = {.run = call_for_a_while};

    (void)state;
    assert_meanwhile(&work, sees_the_end);
}

static void *call_until_told(void *arg)
{
    struct work *work = arg;

    hsm_call_begin();
    pthread_barrier_wait(&work->begun);
    while (!atomic_load(&work->to_end))
        pass_time(1);
    hsm_call_end();
    return NULL;
}

static bool calls(struct work *work)
{
    (void)work;
    hsm_call_begin();
    hsm_call_end();
    return true;
}

/* The thread that calls is not here: nobody waits for it. */
static bool calls_twice(struct work *work)
{
    return calls(work) && is_so_in_child(calls, work);
}

/* A call that hangs does not keep the process from forking. */
static void fork_waits_not_for_ever(void **state)
{
    struct work work = {.run = call_until_told};

    (void)state;
    assert_meanwhile(&work, calls_twice);
}

static int watch(void **state)
{
    (void)state;
    return hsm_fork_watch(&shown) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_finds_gates_empty),
        cmocka_unit_test(fork_waits_for_calls),
        cmocka_unit_test(fork_waits_not_for_ever),
    };

    return cmocka_run_group_tests(tests, watch, NULL);
}
