/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of modules and tokens. Both stay in their lists as long as the process
 * lives. Members below a "lock" comment are guarded by hsm_lock().
 */
#ifndef SKA_HSM_STATE_H
#define SKA_HSM_STATE_H

#include <stdatomic.h>
#include <stdint.h>

#include "provider/hsm/cryptoki.h"
#include "provider/hsm/fork.h"

struct hsm_pin;

/* The vendor's calls, as the header that is used declares them; NULL where there is none. */
struct hsm_ska_calls {
    /* Without these three a module has no SKA: hsm_module_supports_ska(). */
    __typeof__(&C_SerializePolicy) serialize_policy;
    __typeof__(&C_CreateApprovalToken) create_approval_token;
    __typeof__(&C_SKASign) sign;
    /* Each may be missing. */
    __typeof__(&C_CreateModifyPayload) create_modify_payload;
    __typeof__(&C_GetTimestamp) get_timestamp;
    __typeof__(&C_SKABlock) block;
    __typeof__(&C_SKAUnblock) unblock;
    __typeof__(&C_SKAModify) modify;
};

struct hsm_module {
    struct hsm_module *next;
    char *path;
    struct hsm_gate loading;
    atomic_bool loaded; /* what follows up to the lock is set once, before this */
    const CK_FUNCTION_LIST *calls;
    struct hsm_ska_calls ska;
    struct PKCS11_ctx_st *libp11; /* whose manufacturer this is */
    const char *manufacturer;
    bool simulator;
    /* lock: */
    unsigned int fork;         /* in which it was initialized */
    unsigned long incarnation; /* counts initializations: no session outlives one */
    struct hsm_token *tokens;
};

/* Sessions that are kept for the next operation; more are closed. */
#define HSM_IDLE_SESSIONS 64

/* A PIN that failed, as a salted hash. */
struct hsm_wrong_pin {
    struct hsm_wrong_pin *next;
    uint8_t hash[32];
};

struct hsm_token {
    struct hsm_token *next;
    struct hsm_module *module;
    /* What it is known by; set once. */
    char label[33];
    char serial[17];
    char manufacturer[33];
    char model[17];
    struct hsm_gate login; /* entered for logging in and for starting anew */
    /* lock: */
    CK_SLOT_ID slot;
    CK_FLAGS flags;            /* CK_TOKEN_INFO.flags */
    bool logged_in;            /* as far as is known: the application may log out at any time */
    bool ready;                /* false: start anew before the next use */
    unsigned long incarnation; /* of the module, in which this was made ready */
    unsigned long generation;  /* counts fresh starts: handles of objects do not outlive one */
    unsigned long pool;        /* counts losses of all sessions */
    size_t leased;
    size_t idle_count;
    CK_SESSION_HANDLE idle[HSM_IDLE_SESSIONS];
    struct hsm_pin *pin; /* that logged in last; read and replaced inside the login gate */
    struct hsm_wrong_pin *wrong_pins;
    bool prompting;
    unsigned int prompting_fork;
    pthread_t prompting_thread;
    bool prompt_failed;
};

#endif
