/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C_Initialize and C_Finalize, and what forks and the end of the process do to what is initialised.
 *
 * SoftHSM 2.6.1 must be finalized while libcrypto still works, else its own exit handlers crash. So
 * libcrypto is initialised before SoftHSM is loaded, and two handlers finalize SoftHSM in time: one
 * at exit, one for programs that clean libcrypto up themselves. A forked child starts afresh: it
 * has to call C_Initialize, as PKCS#11 says, and SoftHSM's inherited state is thrown away then.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include <pkcs11.h>

#include "simulator/call.h"
#include "simulator/change_lock.h"
#include "simulator/config.h"
#include "simulator/context.h"
#include "simulator/fault_injection.h"
#include "simulator/object_kind.h"
#include "simulator/rule_acceptance.h"
#include "simulator/session_table.h"
#include "simulator/softhsm_calls.h"
#include "simulator/token_file.h"

/* How long the exit handler waits for calls of other threads. */
#define EXIT_WAIT_MS 2000

/* C_Initialize and C_Finalize, one at a time. */
static pthread_mutex_t initialize_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- Forks and the end of the process --------------------------------------------------- */

static void before_fork(void)
{
    pthread_mutex_lock(&initialize_lock);
    softhsm_before_fork();
    sim_state_lock();
}

static void after_fork(void)
{
    sim_state_unlock();
    softhsm_after_fork();
    pthread_mutex_unlock(&initialize_lock);
}

static void after_fork_in_child(void)
{
    sim_lock_after_fork();
    sim_context_after_fork();
    sim_state_unlock();
    softhsm_after_fork_in_child();
    pthread_mutex_unlock(&initialize_lock);
}

static void at_exit(void)
{
    enum sim_phase phase = sim_phase_change(SIM_PHASE_OVER);

    if (phase != SIM_PHASE_NONE && phase != SIM_PHASE_OVER && sim_calls_wait(0, EXIT_WAIT_MS))
        softhsm()->C_Finalize(NULL);
}

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

static bool register_handlers(void)
{
    static bool registered; /* guarded by initialize_lock */

    if (!registered)
        registered = atexit(at_exit) == 0 && before_libcrypto_ends(at_exit) &&
                     pthread_atfork(before_fork, after_fork, after_fork_in_child) == 0;
    return registered;
}

/* ---- Initialisation --------------------------------------------------------------------- */

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
        fprintf(stderr,
                "SKA simulator: this process also uses SoftHSMv2 directly; it cannot do both\n");
        return CKR_GENERAL_ERROR;
    }
    return rv;
}

static CK_RV initialize_module(const CK_C_INITIALIZE_ARGS *args)
{
    struct sim_config *config = sim_config_place();
    CK_RV rv = CKR_OK;

    if (!sim_config_read(config, sim_libctx()) ||
        (config->sam && !sim_sam_ca_readable(config->sam_ca)) ||
        !softhsm_load(config->softhsm_module) || !register_handlers())
        return CKR_GENERAL_ERROR;
    rv = sim_fault_at(config->fault, "C_Initialize");
    if (rv != CKR_OK)
        return rv;
    sim_lock_prepare();
    return initialize_softhsm(args);
}

/* Forgets what belongs to a C_Initialize that is over or was another process's. */
static void forget_everything(void)
{
    sim_sessions_forget();
    sim_objects_forget();
    sim_config_free(sim_config_place());
    sim_lock_forget();
}

/* With the lock held. */
static CK_RV initialize_in_phase(const CK_C_INITIALIZE_ARGS *args)
{
    CK_RV rv = CKR_OK;

    switch (sim_phase()) {
    case SIM_PHASE_READY:
        return CKR_CRYPTOKI_ALREADY_INITIALIZED;
    case SIM_PHASE_OVER:
        return CKR_GENERAL_ERROR;
    case SIM_PHASE_INHERITED:
        softhsm()->C_Finalize(NULL);
        forget_everything();
        sim_phase_change(SIM_PHASE_NONE);
        break;
    case SIM_PHASE_NONE:
    case SIM_PHASE_ENDING: /* by no thread, with the lock held */
        break;
    }
    rv = initialize_module(args);
    if (rv == CKR_OK)
        sim_phase_change(SIM_PHASE_READY);
    else
        forget_everything();
    return rv;
}

CK_RV C_Initialize(CK_VOID_PTR args)
{
    struct sim_call call;
    CK_RV rv = CKR_OK;

    pthread_mutex_lock(&initialize_lock);
    rv = sim_enter_pure(&call, __func__);
    rv = rv == CKR_OK ? initialize_in_phase(args) : CKR_GENERAL_ERROR;
    rv = sim_leave(&call, rv);
    pthread_mutex_unlock(&initialize_lock);
    return rv;
}

/*
 * No call enters any more, and those of other threads are waited for: what they work with goes. The
 * end of the process, which waits for nobody for ever, may come meanwhile.
 */
static CK_RV end_when_idle(CK_VOID_PTR reserved)
{
    CK_RV rv = CKR_OK;

    sim_phase_change(SIM_PHASE_ENDING);
    sim_calls_wait(1, 0);
    rv = softhsm()->C_Finalize(reserved);
    if (rv == CKR_OK)
        forget_everything();
    if (sim_phase_change(rv == CKR_OK ? SIM_PHASE_NONE : SIM_PHASE_READY) == SIM_PHASE_OVER)
        sim_phase_change(SIM_PHASE_OVER);
    return rv;
}

CK_RV C_Finalize(CK_VOID_PTR reserved)
{
    struct sim_call call;
    CK_RV rv = CKR_OK;

    pthread_mutex_lock(&initialize_lock);
    rv = sim_enter(&call, __func__);
    if (rv == CKR_OK)
        rv = end_when_idle(reserved);
    rv = sim_leave(&call, rv);
    pthread_mutex_unlock(&initialize_lock);
    return rv;
}
