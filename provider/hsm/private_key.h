/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a private key, and work with it.
 */
#ifndef SKA_HSM_PRIVATE_KEY_H
#define SKA_HSM_PRIVATE_KEY_H

#include <stdatomic.h>

#include "provider/hsm/find.h"

struct hsm_key {
    struct hsm_token *token;
    OSSL_LIB_CTX *libctx;
    struct ska_bytes label;
    struct ska_bytes id;
    enum ska_key_type type;
    unsigned int bits;
    bool ska;
    bool timestamp;
    bool private;                          /* CKA_PRIVATE */
    bool always_authenticate;              /* CKA_ALWAYS_AUTHENTICATE */
    struct ska_bytes mechanisms;           /* CKA_ALLOWED_MECHANISMS; empty: any */
    atomic_int takes_digests[HSM_SCHEMES]; /* enum hsm_yes */
    struct ska_bytes use_rule;
    atomic_bool use_rule_forgotten;
    EVP_PKEY *public_key;
    /* guarded by hsm_lock(): */
    struct ska_bytes spki; /* stays as it is once it is there */
    CK_OBJECT_HANDLE handle;
    unsigned long generation; /* of the token, in which the handle is good */
};

/* Like struct hsm_work, with the key's handle, which is looked up again when it is stale. */
struct hsm_key_work {
    const char *call;
    bool only_if_nothing_done;
    CK_RV (*run)(struct hsm_key_work *work, const struct hsm_lease *lease, CK_OBJECT_HANDLE key);
};

/* Like hsm_session_answer(). */
bool hsm_key_work(struct hsm_key *key, struct hsm_key_work *work, CK_RV *answer,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
