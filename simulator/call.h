/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every call runs in.
 *
 * SoftHSM works with libcrypto's default context. That may be the application's, with our own
 * provider in it, so each call runs with a private context as the thread's default, and leaves the
 * thread's error queue as it found it.
 *
 * The application has session numbers of the simulator's, which are turned into SoftHSM's here and
 * nowhere else. So no call can name a session that the application has not opened, such as one that
 * the simulator signs in.
 */
#ifndef SKASIM_CALL_H
#define SKASIM_CALL_H

#include <stdbool.h>

#include <openssl/types.h>

#include <pkcs11.h>

struct sim_session;

struct sim_call {
    OSSL_LIB_CTX *application; /* the thread's default context before the call */
    struct sim_session *session;
    bool entered;
    bool switched;
    bool counted;
};

/*
 * Enters a call: answers CKR_CRYPTOKI_NOT_INITIALIZED or an injected fault, else CKR_OK with the
 * private context in place. CKR_GENERAL_ERROR inside of a call of the same thread: SoftHSM calls
 * the application's functions for mutexes, and what a call works with is its thread's. sim_leave()
 * must follow in any case; it returns rv.
 */
CK_RV sim_enter(struct sim_call *call, const char *name);
CK_RV sim_leave(struct sim_call *call, CK_RV rv);

/*
 * The same for a call in one of the application's sessions, which stays open until the call ends:
 * puts SoftHSM's number in the place of the application's, or answers CKR_SESSION_HANDLE_INVALID.
 */
CK_RV sim_enter_session(struct sim_call *call, const char *name, CK_SESSION_HANDLE *session);

/* The same for calls that need no C_Initialize. */
CK_RV sim_enter_pure(struct sim_call *call, const char *name);

#endif
