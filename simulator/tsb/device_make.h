/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that come into the HSM: generated in there, or imported.
 */
#ifndef SKATSB_DEVICE_MAKE_H
#define SKATSB_DEVICE_MAKE_H

#include "simulator/tsb/device_key.h"

/* What a new key is to be. */
struct tsb_key_plan {
    const char *label;
    const char *id; /* NULL: none given */
    CK_KEY_TYPE type;
    CK_ULONG bits;              /* RSA, AES, generic secrets */
    struct ska_span parameters; /* of the curve, DER */
    bool encrypt, decrypt, verify, sign, wrap, unwrap, derive;
    bool extractable, modifiable, destroyable, sensitive, copyable;
    bool timestamps;
    const struct ska_rule *rules; /* of an SKA key, SKA_RULE_COUNT; NULL: an ordinary one */
    bool blocked;
};

bool tsb_plan_is_secret(const struct tsb_key_plan *plan);

CK_RV tsb_key_generate(struct tsb_device *device, const struct tsb_key_plan *plan);

/*
 * Ordinary keys from elsewhere: a pair, or a public key alone, of the plan's type; a secret.
 * CKR_KEY_TYPE_INCONSISTENT: `pair` is none of the plan's type and curve.
 */
CK_RV tsb_key_import(struct tsb_device *device, const struct tsb_key_plan *plan,
                     const EVP_PKEY *pair, bool public_only);
CK_RV tsb_key_import_secret(struct tsb_device *device, const struct tsb_key_plan *plan,
                            struct ska_span value);

/* The pair as objects of the key's session, which has one; they go when it is closed. */
CK_RV tsb_key_import_temporary(struct tsb_device *device, const struct tsb_key_plan *plan,
                               const EVP_PKEY *pair, struct tsb_key *key);

#endif
