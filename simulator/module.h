/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module as a whole: whether it is initialised, and the gate that every call passes.
 *
 * SoftHSM works with libcrypto's default context. That may be the application's, with our own
 * provider in it, so each call runs with a private context as the thread's default, and leaves the
 * thread's error queue as it found it.
 */
#ifndef SKASIM_MODULE_H
#define SKASIM_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include <pkcs11.h>

#include "simulator/config.h"

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

/* An injected fault at a moment that is no call; see fault.h. */
CK_RV sim_fault(const char *moment);

/* The private context, made at first need and never freed; NULL when that fails. */
OSSL_LIB_CTX *sim_libctx(void);

/* NULL outside of C_Initialize to C_Finalize. */
const struct sim_config *sim_config(void);

/* SoftHSM's token directory, as its configuration said at C_Initialize; NULL when there is none. */
const char *sim_token_directory(void);

/* The simulator's clock: seconds since the epoch, UTC. */
int64_t sim_now(void);

/* Fills one of Cryptoki's text fields: padded with blanks, without NUL. */
void sim_set_text(unsigned char *field, size_t size, const char *text);

/* Guards what the simulator remembers (sessions, where rules are). Held for moments only. */
void sim_state_lock(void);
void sim_state_unlock(void);

#endif
