/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module as a whole: C_Initialize, C_Finalize, C_GetInfo, and the gate that every call passes.
 *
 * SoftHSM 2.6.1 must be finalized while libcrypto still works, else its own exit handlers crash. So
 * libcrypto is initialised before SoftHSM is loaded, and two handlers finalize SoftHSM in time: one
 * at exit, one for programs that clean libcrypto up themselves. A forked child starts afresh: it
 * has to call C_Initialize, as PKCS#11 says, and SoftHSM's inherited state is thrown away then.
 */
#include "simulator/module.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "simulator/fault.h"
#include "simulator/gate.h"
#include "simulator/lock.h"
#include "simulator/session.h"
#include "ska/simulator.h"
#include "simulator/softhsm.h"
#include "simulator/store.h"
#include "simulator/token_file.h"

/* How long the exit handler waits for calls of other threads. */
#define EXIT_WAIT_MS 2000

enum phase {
    PHASE_NONE,      /* not initialised */
    PHASE_READY,     /* between C_Initialize and C_Finalize */
    PHASE_INHERITED, /* forked from a process that was ready */
    PHASE_OVER       /* the process ends */
};

/* The one module of the process. */
static struct {
    pthread_mutex_t lock; /* C_Initialize and C_Finalize, one at a time */
    pthread_mutex_t state_lock;
    pthread_once_t once;
    OSSL_LIB_CTX *libctx;
    struct sim_config config; /* valid in PHASE_READY, like the next */
    char *token_directory;
    atomic_int phase;
    atomic_int active; /* calls under way */
} module = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .state_lock = PTHREAD_MUTEX_INITIALIZER,
            .once = PTHREAD_ONCE_INIT};

/* ---- Start and end of the process ------------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&module.lock);
    sim_gate_close();
    pthread_mutex_lock(&module.state_lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&module.state_lock);
    sim_gate_open();
    pthread_mutex_unlock(&module.lock);
}

static void after_fork_in_child(void)
{
    int ready = PHASE_READY;

    sim_lock_after_fork();
    atomic_store(&module.active, 0);
    atomic_compare_exchange_strong(&module.phase, &ready, PHASE_INHERITED);
    pthread_mutex_unlock(&module.state_lock);
    sim_gate_renew();
    pthread_mutex_unlock(&module.lock);
}

static void wait_for_other_threads(void)
{
    const struct timespec pause = {0, 1000 * 1000};

    for (int i = 0; i < EXIT_WAIT_MS && atomic_load(&module.active) > 0; i++)
        nanosleep(&pause, NULL);
}

static void at_exit(void)
{
    int phase = atomic_exchange(&module.phase, PHASE_OVER);

    if (phase != PHASE_READY && phase != PHASE_INHERITED)
        return;
    wait_for_other_threads();
    if (atomic_load(&module.active) == 0)
        softhsm()->C_Finalize(NULL);
}

static void start_process(void)
{
    if (!OPENSSL_init_crypto(0, NULL))
        return;
    module.libctx = OSSL_LIB_CTX_new();
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

OSSL_LIB_CTX *sim_libctx(void)
{
    pthread_once(&module.once, start_process);
    return module.libctx;
}

/* ---- The gate --------------------------------------------------------------------------- */

static void switch_context(struct sim_call *call)
{
    ERR_set_mark();
    call->application = OSSL_LIB_CTX_set0_default(module.libctx);
    call->switched = true;
}

CK_RV sim_enter(struct sim_call *call, const char *name)
{
    memset(call, 0, sizeof(*call));
    /* Counted before the phase is read: at_exit() changes the phase, then waits for the count. */
    atomic_fetch_add(&module.active, 1);
    call->counted = true;
    if (atomic_load(&module.phase) != PHASE_READY)
        return CKR_CRYPTOKI_NOT_INITIALIZED;
    switch_context(call);
    return sim_fault(name);
}

CK_RV sim_enter_pure(struct sim_call *call, const char *name)
{
    memset(call, 0, sizeof(*call));
    if (sim_libctx() == NULL)
        return CKR_HOST_MEMORY;
    switch_context(call);
    return sim_fault(name);
}

CK_RV sim_leave(struct sim_call *call, CK_RV rv)
{
    if (call->switched) {
        OSSL_LIB_CTX_set0_default(call->application);
        ERR_pop_to_mark();
    }
    if (call->counted)
        atomic_fetch_sub(&module.active, 1);
    return rv;
}

const struct sim_config *sim_config(void)
{
    return atomic_load(&module.phase) == PHASE_READY ? &module.config : NULL;
}

CK_RV sim_fault(const char *moment)
{
    const struct sim_config *config = sim_config();

    return config == NULL ? CKR_OK : sim_fault_at(config->fault, moment);
}

const char *sim_token_directory(void)
{
    return module.token_directory;
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
    pthread_mutex_lock(&module.state_lock);
}

void sim_state_unlock(void)
{
    pthread_mutex_unlock(&module.state_lock);
}

/* ---- Initialisation --------------------------------------------------------------------- */

/* From version 4 on libcrypto ends nothing at exit. */
static bool before_libcrypto_ends(void (*handler)(void))
{
#if OPENSSL_VERSION_MAJOR < 4
    return OPENSSL_atexit(handler);
#else
    (void)handler;
    return true;
#endif
}

static bool register_exit_handlers(void)
{
    static bool registered; /* guarded by module.lock */

    if (!registered)
        registered = atexit(at_exit) == 0 && before_libcrypto_ends(at_exit);
    return registered;
}

/* Without the lock, where there is no token directory to lock, SoftHSM says what is wrong. */
static CK_RV initialize_undisturbed(CK_C_INITIALIZE_ARGS *args)
{
    bool alone = sim_token_file_begin() == CKR_OK;
    CK_RV rv = softhsm()->C_Initialize(args);

    if (alone)
        sim_token_file_end(false);
    return rv;
}

/*
 * Hands the arguments on. Who says nothing about threads gets locking all the same: the vendor's
 * own examples use threads after C_Initialize(NULL).
 */
static CK_RV initialize_softhsm(const CK_C_INITIALIZE_ARGS *args)
{
    CK_C_INITIALIZE_ARGS own = {.flags = CKF_OS_LOCKING_OK};
    CK_RV rv = CKR_OK;

    if (args != NULL)
        own = *args;
    if (own.CreateMutex == NULL && own.DestroyMutex == NULL && own.LockMutex == NULL &&
        own.UnlockMutex == NULL)
        own.flags |= CKF_OS_LOCKING_OK;
    rv = initialize_undisturbed(&own);
    if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        fprintf(stderr, "SKA simulator: this process uses SoftHSMv2 directly too; it cannot do "
                        "both\n");
        return CKR_GENERAL_ERROR;
    }
    return rv;
}

static CK_RV initialize(const CK_C_INITIALIZE_ARGS *args)
{
    CK_RV rv = CKR_OK;

    if (!sim_config_read(&module.config, module.libctx) ||
        !softhsm_load(module.config.softhsm_module) || !register_exit_handlers())
        return CKR_GENERAL_ERROR;
    rv = sim_fault_at(module.config.fault, "C_Initialize");
    if (rv != CKR_OK)
        return rv;
    module.token_directory = sim_lock_directory();
    return initialize_softhsm(args);
}

/* Forgets what belongs to a C_Initialize that is over or was another process's. */
static void forget(void)
{
    sim_sessions_forget();
    sim_store_forget();
    sim_config_free(&module.config);
    free(module.token_directory);
    module.token_directory = NULL;
}

CK_RV C_Initialize(CK_VOID_PTR args)
{
    struct sim_call call;
    CK_RV rv = CKR_GENERAL_ERROR;

    if (sim_libctx() == NULL)
        return CKR_GENERAL_ERROR;
    pthread_mutex_lock(&module.lock);
    memset(&call, 0, sizeof(call));
    switch_context(&call);
    if (atomic_load(&module.phase) == PHASE_READY) {
        rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
    } else if (atomic_load(&module.phase) != PHASE_OVER) {
        if (atomic_load(&module.phase) == PHASE_INHERITED) {
            softhsm()->C_Finalize(NULL);
            forget();
            atomic_store(&module.phase, PHASE_NONE);
        }
        rv = initialize(args);
        if (rv == CKR_OK)
            atomic_store(&module.phase, PHASE_READY);
        else
            forget();
    }
    rv = sim_leave(&call, rv);
    pthread_mutex_unlock(&module.lock);
    return rv;
}

CK_RV C_Finalize(CK_VOID_PTR reserved)
{
    struct sim_call call;
    CK_RV rv = CKR_OK;

    pthread_mutex_lock(&module.lock);
    rv = sim_enter(&call, __func__);
    if (rv == CKR_OK)
        rv = softhsm()->C_Finalize(reserved);
    if (rv == CKR_OK) {
        atomic_store(&module.phase, PHASE_NONE);
        forget();
    }
    rv = sim_leave(&call, rv);
    pthread_mutex_unlock(&module.lock);
    return rv;
}

void sim_set_text(unsigned char *field, size_t size, const char *text)
{
    memset(field, ' ', size);
    memcpy(field, text, strlen(text));
}

CK_RV C_GetInfo(CK_INFO_PTR info)
{
    struct sim_call call;
    CK_RV rv = sim_enter(&call, __func__);

    if (rv == CKR_OK && info == NULL)
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK) {
        memset(info, 0, sizeof(*info));
        info->cryptokiVersion.major = 2;
        info->cryptokiVersion.minor = 40;
        sim_set_text(info->manufacturerID, sizeof(info->manufacturerID), SKASIM_MANUFACTURER);
        sim_set_text(info->libraryDescription, sizeof(info->libraryDescription),
                     "for development, not certified");
        info->libraryVersion.major = SKASIM_VERSION_MAJOR;
        info->libraryVersion.minor = SKASIM_VERSION_MINOR;
    }
    return sim_leave(&call, rv);
}
