/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of modules and tokens. Both stay in their lists as long as the process
 * lives. Members below a "lock" comment are guarded by hsm_lock().
 */
#ifndef SKA_HSM_STATE_H
#define SKA_HSM_STATE_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

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
    char *init_args; /* for C_Initialize; set once, inside the gate; or NULL */
    struct hsm_gate loading;
    atomic_bool loaded; /* what follows up to the lock is set once, before this */
    const CK_FUNCTION_LIST *calls;
    struct hsm_ska_calls ska;
    struct PKCS11_ctx_st *libp11; /* NULL: libp11 cannot initialize it */
    char manufacturer[33];
    dev_t root_device; /* of the process's root directory, when it was loaded */
    ino_t root_inode;
    bool ours;        /* it was initialized here, and by nobody before; inside the gate */
    time_t restarted; /* by a clock that only goes forward; inside the gate */
    bool simulator;
    /* lock: */
    unsigned int fork;         /* in which it was initialized */
    unsigned long incarnation; /* counts initializations: no session outlives one */
    struct hsm_token *tokens;
};

/* What is found out once. */
enum hsm_yes { HSM_UNKNOWN, HSM_YES, HSM_NO };

/* By enum ska_scheme. */
#define HSM_SCHEMES (SKA_SCHEME_EDDSA + 1)

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
    struct hsm_gate login;                 /* entered for logging in and for starting anew */
    atomic_int takes_digests[HSM_SCHEMES]; /* enum hsm_yes, by C_GetMechanismInfo */
    atomic_bool always_writing;            /* it opens sessions for writing only */
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
    /* What a lost login is repeated with; read and replaced inside the login gate. */
    struct hsm_pin *pin; /* that logged in last */
    char *pin_file;      /* where it is read again, as in struct hsm_pin_source; or NULL */
    const char *pin_file_named_in; /* the same */
    bool pin_file_configured;      /* the same */
    bool pin_typed;                /* it was typed on the token's own pad */
    struct hsm_wrong_pin *wrong_pins;
    bool prompting;
    unsigned int prompting_fork;
    pthread_t prompting_thread;
    bool prompt_failed;
};

#endif
