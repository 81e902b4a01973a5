/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every call runs in.
 */
#include "simulator/context.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "simulator/fault_injection.h"

/* The one of the process. */
static struct {
    pthread_mutex_t state_lock;
    pthread_once_t once;
    OSSL_LIB_CTX *libctx;
    struct sim_config config; /* valid in SIM_PHASE_READY */
    atomic_int phase;
    atomic_int active; /* calls under way */
} context = {.state_lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

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

/* ---- Calls ------------------------------------------------------------------------------ */

static void switch_libctx(struct sim_call *call)
{
    ERR_set_mark();
    call->application = OSSL_LIB_CTX_set0_default(context.libctx);
    call->switched = true;
}

CK_RV sim_enter(struct sim_call *call, const char *name)
{
    memset(call, 0, sizeof(*call));
    /* Counted before the phase is read: who ends the process changes it, then waits for the count.
     */
    atomic_fetch_add(&context.active, 1);
    call->counted = true;
    if (sim_phase() != SIM_PHASE_READY)
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    switch_libctx(call);
    return sim_fault(name);
}

CK_RV sim_enter_pure(struct sim_call *call, const char *name)
{
    memset(call, 0, sizeof(*call));
    if (sim_libctx() == NULL)
        return CKR_HOST_MEMORY;
    switch_libctx(call);
    return sim_fault(name);
}

CK_RV sim_leave(struct sim_call *call, CK_RV rv)
{
    if (call->switched) {
        OSSL_LIB_CTX_set0_default(call->application);
        ERR_pop_to_mark();
    }
    if (call->counted)
        atomic_fetch_sub(&context.active, 1);
    return rv;
}

int sim_calls_under_way(void)
{
    return atomic_load(&context.active);
}

CK_RV sim_fault(const char *moment)
{
    const struct sim_config *config = sim_config();

    return config == NULL ? CKR_OK : sim_fault_at(config->fault, moment);
}

/* ---- Configuration and state ------------------------------------------------------------ */

const struct sim_config *sim_config(void)
{
    return sim_phase() == SIM_PHASE_READY ? &context.config : NULL;
}

int64_t sim_now(void)
{
    const struct sim_config *config = sim_config();

    if (config == NULL)
        return (int64_t)time(NULL);
    return (config->clock != 0 ? config->clock : (int64_t)time(NULL)) + config->clock_offset;
}

void sim_state_lock(void)
{
    pthread_mutex_lock(&context.state_lock);
}

void sim_state_unlock(void)
{
    pthread_mutex_unlock(&context.state_lock);
}

enum sim_phase sim_phase(void)
{
    return (enum sim_phase)atomic_load(&context.phase);
}

enum sim_phase sim_phase_change(enum sim_phase phase)
{
    return (enum sim_phase)atomic_exchange(&context.phase, (int)phase);
}

struct sim_config *sim_config_place(void)
{
    return &context.config;
}

void sim_context_after_fork(void)
{
    int ready = SIM_PHASE_READY;

    atomic_store(&context.active, 0);
    atomic_compare_exchange_strong(&context.phase, &ready, SIM_PHASE_INHERITED);
}
