/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process has of the simulator: whether it is initialised, the configuration, and
 * libcrypto's private context; and how many calls are under way. call.h is what a call runs in.
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
    SIM_PHASE_ENDING,    /* C_Finalize waits for calls under way */
    SIM_PHASE_INHERITED, /* forked from a process that was ready */
    SIM_PHASE_OVER       /* the process ends */
};

/* The private context, made at first need and never freed; NULL when that fails. */
OSSL_LIB_CTX *sim_libctx(void);

/*
 * The configuration that this call runs by: of the C_Initialize before it, and there until the call
 * ends. NULL in a call that needs no C_Initialize and had none.
 */
const struct sim_config *sim_config(void);

/* Whether what was read of keys is remembered, by that configuration. */
bool sim_remembers(void);

/* The simulator's clock: seconds since the epoch, UTC. */
int64_t sim_now(void);

/* An injected fault at a moment that is no call; see fault_injection.h. */
CK_RV sim_fault(const char *moment);

/*
 * Guards what the simulator remembers (sessions, where records are). Held for moments only.
 * sim_state_wait() lets go of it until another thread has called sim_state_changed().
 */
void sim_state_lock(void);
void sim_state_unlock(void);
void sim_state_wait(void);
void sim_state_changed(void);

/* ---- For calls -------------------------------------------------------------------------- */

/*
 * Counts a call of this thread, which runs by the configuration from now on. False, and not
 * counted, when the simulator is not ready. What is counted is to be ended.
 */
bool sim_call_begins(void);
void sim_call_ends(void);

/* ---- For C_Initialize and what ends it -------------------------------------------------- */

enum sim_phase sim_phase(void);

/* Returns the phase before. */
enum sim_phase sim_phase_change(enum sim_phase phase);

/*
 * Waits until no calls but this many are under way; at most for so many milliseconds, or, with 0,
 * as long as it takes. False when there are more still.
 */
bool sim_calls_wait(unsigned int but, unsigned int milliseconds);

/* The configuration that sim_config() shows in SIM_PHASE_READY. */
struct sim_config *sim_config_place(void);

/* In a forked child, with the state locked: no call is under way, and it is not initialised. */
void sim_context_after_fork(void);

#endif
