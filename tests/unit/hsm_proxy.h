/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module for tests: SoftHSM, with calls counted and answers replaced on demand.
 */
#ifndef SKA_TEST_HSM_PROXY_H
#define SKA_TEST_HSM_PROXY_H

#include <stdatomic.h>

#include <pkcs11.h>

struct hsm_proxy {
    /* How often each was called. */
    atomic_int initialize;
    atomic_int login;
    atomic_int open_session;
    atomic_int close_session;
    atomic_int find;
    atomic_int get_attributes;
    atomic_int sign_init;
    atomic_int sign;
    atomic_int decrypt;
    atomic_int derive;
    atomic_int destroy;
    atomic_int ska; /* any of the vendor's calls */
    /* Calls made while the application's own library context was the thread's default. */
    atomic_int unshielded;
    /* Classes, attributes and mechanisms of the vendor's range that it was given. */
    atomic_int vendor_numbers;
    /* The next `fault_times` calls of this name give this answer instead of being made. */
    const char *fault_call;
    CK_RV fault_rv;
    atomic_int fault_times;
    /* Called once, before the next C_GetSessionInfo: what another thread does meanwhile. */
    void (*meanwhile)(void);
    /* C_Sign gives this many bytes less. */
    atomic_int cut_signature;
    /* C_DeriveKey makes secrets of this many bytes less. */
    atomic_int cut_secret;
    /* C_GetTokenInfo tells of another token, in whichever slot. */
    atomic_bool other_token;
    /* C_GetTokenInfo says that no login is needed, and these flags. */
    atomic_bool no_login;
    atomic_ulong token_flags;
};

/* Exported by the module under this name. */
typedef struct hsm_proxy *hsm_proxy_get(void);
extern struct hsm_proxy *hsm_proxy(void);

#endif
