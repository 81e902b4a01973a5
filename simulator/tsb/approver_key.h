/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that the broker makes for approvers: with a certificate of their own, in a PKCS#12 container
 * under the approver's password, and a copy for him who has forgotten that, which only a key in the
 * HSM opens.
 */
#ifndef SKATSB_APPROVER_KEY_H
#define SKATSB_APPROVER_KEY_H

#include "simulator/tsb/device.h"

struct tsb_approver_key {
    struct ska_bytes certificate; /* DER */
    struct ska_bytes container;   /* PKCS#12 */
    struct ska_bytes backup;      /* the private key, encrypted */
    struct ska_bytes backup_key;  /* what with, encrypted to the key in the HSM */
};

void tsb_approver_key_clear(struct tsb_approver_key *key);

/* What is wanted; `bits` 0: an EC key, on P-256. */
struct tsb_approver_wish {
    const char *name;
    unsigned int bits;
    uint64_t days;
    const char *password;
};

/* The key in the HSM is made, where it is missing. */
CK_RV tsb_approver_key_make(struct tsb_device *device, const struct tsb_approver_wish *wish,
                            struct tsb_approver_key *key);

/* A container under another password, of the backup. */
CK_RV tsb_approver_key_restore(struct tsb_device *device, const char *name, const char *password,
                               struct tsb_approver_key *key);

/* AES-GCM, with the tag at the end. The key has 16 or 32 bytes. */
bool tsb_transport_encrypt(OSSL_LIB_CTX *libctx, struct ska_span key, struct ska_span plain,
                           struct ska_bytes *vector, struct ska_bytes *encrypted) SKA_MUST_CHECK;

#endif
