/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process has of the simulator.
 */
#include "simulator/context.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include <openssl/crypto.h>

#include "simulator/fault_injection.h"

/* The one of the process. */
static struct {
    pthread_once_t once;
    OSSL_LIB_CTX *libctx;
    struct sim_config config; /* valid in SIM_PHASE_READY, and until the calls of it are over */
    pthread_mutex_t state_lock;
    /* Guarded by it: */
    pthread_cond_t changed;
    enum sim_phase phase;
    unsigned int active; /* calls under way */
} context = {.once = PTHREAD_ONCE_INIT,
             .state_lock = PTHREAD_MUTEX_INITIALIZER,
             .changed = PTHREAD_COND_INITIALIZER};

/* Of the call that this thread is in. */
static _Thread_local const struct sim_config *config_of_call;

/* ---- libcrypto -------------------------------------------------------------------------- */

static void make_libctx(void)
{
    if (OPENSSL_init_crypto(0, NULL))
        context.libctx = OSSL_LIB_CTX_new();
}

OSSL_LIB_CTX *sim_libctx(void)
{
    pthread_once(&context.once, make_libctx);
    return context.libctx;
}

/* ---- State ------------------------------------------------------------------------------ */

void sim_state_lock(void)
{
    pthread_mutex_lock(&context.state_lock);
}

void sim_state_unlock(void)
{
    pthread_mutex_unlock(&context.state_lock);
}

void sim_state_wait(void)
{
    pthread_cond_wait(&context.changed, &context.state_lock);
}

void sim_state_changed(void)
{
    pthread_cond_broadcast(&context.changed);
}

enum sim_phase sim_phase(void)
{
    enum sim_phase phase = SIM_PHASE_NONE;

    sim_state_lock();
    phase = context.phase;
    sim_state_unlock();
    return phase;
}

enum sim_phase sim_phase_change(enum sim_phase phase)
{
    enum sim_phase before = SIM_PHASE_NONE;

    sim_state_lock();
    before = context.phase;
    context.phase = phase;
    sim_state_unlock();
    return before;
}

void sim_context_after_fork(void)
{
    static const pthread_cond_t nobody = PTHREAD_COND_INITIALIZER;

    context.changed = nobody; /* those who waited were the parent's threads */
    context.active = 0;
    if (context.phase == SIM_PHASE_READY || context.phase == SIM_PHASE_ENDING)
        context.phase = SIM_PHASE_INHERITED;
}

/* ---- Calls ------------------------------------------------------------------------------ */

bool sim_call_begins(void)
{
    bool ready = false;

    sim_state_lock();
    ready = context.phase == SIM_PHASE_READY;
    if (ready)
        context.active++;
    sim_state_unlock();
    config_of_call = ready ? &context.config : NULL;
    return ready;
}

void sim_call_ends(void)
{
    config_of_call = NULL;
    sim_state_lock();
    context.active--;
    if (context.phase != SIM_PHASE_READY)
        sim_state_changed();
    sim_state_unlock();
}

static struct timespec moment_after(unsigned int milliseconds)
{
    struct timespec moment = {0, 0};

    clock_gettime(CLOCK_REALTIME, &moment);
    moment.tv_sec += milliseconds / 1000;
    moment.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    moment.tv_sec += moment.tv_nsec / 1000000000;
    moment.tv_nsec %= 1000000000;
    return moment;
}

bool sim_calls_wait(unsigned int but, unsigned int milliseconds)
{
    struct timespec end = moment_after(milliseconds);
    bool over = false;
    int waited = 0;

    sim_state_lock();
    while (context.active > but && waited != ETIMEDOUT) {
        if (milliseconds == 0)
            sim_state_wait();
        else
            waited = pthread_cond_timedwait(&context.changed, &context.state_lock, &end);
    }
    over = context.active <= but;
    sim_state_unlock();
    return over;
}

/* ---- Configuration ---------------------------------------------------------------------- */

const struct sim_config *sim_config(void)
{
    return config_of_call;
}

bool sim_remembers(void)
{
    const struct sim_config *config = sim_config();

    return config != NULL && config->remember;
}

struct sim_config *sim_config_place(void)
{
    return &context.config;
}

int64_t sim_now(void)
{
    const struct sim_config *config = sim_config();

    if (config == NULL)
        return (int64_t)time(NULL);
    return (config->clock != 0 ? config->clock : (int64_t)time(NULL)) + config->clock_offset;
}

CK_RV sim_fault(const char *moment)
{
    const struct sim_config *config = sim_config();

    return config == NULL ? CKR_OK : sim_fault_at(config->fault, moment);
}
