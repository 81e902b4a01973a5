/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of the HSM: generating, finding, what they are, signing with ordinary ones.
 */
#ifndef SKATSB_DEVICE_KEY_H
#define SKATSB_DEVICE_KEY_H

#include "provider/rule/rule.h"
#include "simulator/tsb/device.h"

/* A pair that was found by its label, in a session. */
struct tsb_key {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE private_key;
    CK_OBJECT_HANDLE public_key; /* CK_INVALID_HANDLE: there is none */
    CK_KEY_TYPE type;
    bool ska;
    bool timestamps; /* signs timestamps and nothing else */
};

/* Takes a session. CKR_OBJECT_HANDLE_INVALID: no such key. To be closed in any case. */
CK_RV tsb_key_open(struct tsb_device *device, const char *label, struct tsb_key *key);
void tsb_key_close(struct tsb_device *device, struct tsb_key *key);

/* Values of its private key. */
CK_RV tsb_key_bytes(struct tsb_device *device, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                    CK_ATTRIBUTE_TYPE type, struct ska_bytes *value);
bool tsb_key_flag(struct tsb_device *device, const struct tsb_key *key, CK_ATTRIBUTE_TYPE type);

/* One of the rules of an SKA key, as it is serialized. */
CK_RV tsb_key_rule(struct tsb_device *device, const struct tsb_key *key, enum ska_rule_kind kind,
                   struct ska_bytes *rule);

CK_RV tsb_key_spki(struct tsb_device *device, const struct tsb_key *key, struct ska_bytes *spki);

/* What a new pair is to be. */
struct tsb_key_plan {
    const char *label;
    const char *id; /* NULL: none given */
    CK_KEY_TYPE type;
    CK_ULONG bits;              /* RSA */
    struct ska_span parameters; /* of the curve, DER */
    bool sign, decrypt, unwrap, destroyable, extractable;
    bool timestamps;
    const struct ska_rule *rules; /* of an SKA key, SKA_RULE_COUNT; NULL: an ordinary one */
    bool blocked;
};

CK_RV tsb_key_generate(struct tsb_device *device, const struct tsb_key_plan *plan);

/* Both objects of the pair. */
CK_RV tsb_key_destroy(struct tsb_device *device, const struct tsb_key *key);

/* Labels of all private keys, each text owned by the array; freed with tsb_labels_free(). */
CK_RV tsb_key_labels(struct tsb_device *device, char ***labels, size_t *count);
void tsb_labels_free(char **labels, size_t count);

/* An ordinary key's signature, as the HSM gives it. */
CK_RV tsb_key_sign(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                   struct ska_span data, struct ska_bytes *signature);

/* CKR_SIGNATURE_INVALID: no signature of this key. */
CK_RV tsb_key_verify(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                     struct ska_span data, struct ska_span signature);

#endif
