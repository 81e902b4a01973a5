/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every call runs in: whether the module is initialised, its configuration, and libcrypto's
 * private context.
 *
 * SoftHSM works with libcrypto's default context. That may be the application's, with our own
 * provider in it, so each call runs with a private context as the thread's default, and leaves the
 * thread's error queue as it found it.
 */
#ifndef SKASIM_CONTEXT_H
#define SKASIM_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/types.h>

#include <pkcs11.h>

#include "simulator/config.h"

enum sim_phase {
    SIM_PHASE_NONE,      /* not initialised */
    SIM_PHASE_READY,     /* between C_Initialize and C_Finalize */
    SIM_PHASE_INHERITED, /* forked from a process that was ready */
    SIM_PHASE_OVER       /* the process ends */
};

struct sim_call {
    OSSL_LIB_CTX *application; /* the thread's default context before the call */
    bool switched;
    bool counted;
};

/*
 * Enters a call: answers CKR_CRYPTOKI_NOT_INITIALIZED or an injected fault, else CKR_OK with the
 * private context in place. sim_leave() must follow in any case; it returns rv.
 */
CK_RV sim_enter(struct sim_call *call, const char *name);
CK_RV sim_leave(struct sim_call *call, CK_RV rv);

/* The same for calls that need no C_Initialize. */
CK_RV sim_enter_pure(struct sim_call *call, const char *name);

/* How many calls are between sim_enter() and sim_leave(). */
int sim_calls_under_way(void);

/* An injected fault at a moment that is no call; see fault_injection.h. */
CK_RV sim_fault(const char *moment);

/* The private context, made at first need and never freed; NULL when that fails. */
OSSL_LIB_CTX *sim_libctx(void);

/* NULL outside of C_Initialize to C_Finalize. */
const struct sim_config *sim_config(void);

/* The simulator's clock: seconds since the epoch, UTC. */
int64_t sim_now(void);

/* Guards what the simulator remembers (sessions, where records are). Held for moments only. */
void sim_state_lock(void);
void sim_state_unlock(void);

/* ---- For C_Initialize and what ends it -------------------------------------------------- */

enum sim_phase sim_phase(void);

/* Returns the phase before. */
enum sim_phase sim_phase_change(enum sim_phase phase);

/* The configuration that sim_config() shows in SIM_PHASE_READY. */
struct sim_config *sim_config_place(void);

/* In a forked child, with the state locked: no call is under way, and it is not initialised. */
void sim_context_after_fork(void);

#endif
