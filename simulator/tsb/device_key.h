/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of the HSM: finding them, and what they are.
 */
#ifndef SKATSB_DEVICE_KEY_H
#define SKATSB_DEVICE_KEY_H

#include "provider/rule/rule.h"
#include "simulator/tsb/device.h"
#include "simulator/tsb/device_template.h"

/* A key that was found by its label, in a session. */
struct tsb_key {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE private_key; /* or the secret key; CK_INVALID_HANDLE: a public key alone */
    CK_OBJECT_HANDLE public_key;  /* or the secret key; CK_INVALID_HANDLE: there is none */
    CK_KEY_TYPE type;
    bool ska;
    bool secret;
    bool timestamps;         /* signs timestamps and nothing else */
    bool temporary;          /* derived: its objects last as long as it is open */
    struct ska_bytes scalar; /* of a temporary one on a curve */
};

/*
 * A key that is stored in the HSM; derived ones too: derived_key.h. Takes a session.
 * CKR_OBJECT_HANDLE_INVALID: no such key. To be closed in any case.
 */
CK_RV tsb_key_open_stored(struct tsb_device *device, const char *label, struct tsb_key *key);
void tsb_key_close(struct tsb_device *device, struct tsb_key *key);

/* Objects of a class (with a label, NULL: any), at most `room` of them. */
CK_RV tsb_objects_find(struct tsb_device *device, CK_SESSION_HANDLE session, CK_OBJECT_CLASS class,
                       const char *label, CK_OBJECT_HANDLE *objects, CK_ULONG room,
                       CK_ULONG *count);

/* Those that have all of these attributes. */
CK_RV tsb_objects_match(struct tsb_device *device, CK_SESSION_HANDLE session,
                        struct tsb_template *wanted, CK_OBJECT_HANDLE *objects, CK_ULONG room,
                        CK_ULONG *count);
/* The first of those. CKR_OBJECT_HANDLE_INVALID: there is none. */
CK_RV tsb_object_match(struct tsb_device *device, CK_SESSION_HANDLE session,
                       struct tsb_template *wanted, CK_OBJECT_HANDLE *object);

/* Values of an object. */
CK_RV tsb_key_bytes(struct tsb_device *device, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                    CK_ATTRIBUTE_TYPE type, struct ska_bytes *value);
/* Of the private or secret key. */
bool tsb_key_flag(struct tsb_device *device, const struct tsb_key *key, CK_ATTRIBUTE_TYPE type);

/* One of the rules of an SKA key, as it is serialized. */
CK_RV tsb_key_rule(struct tsb_device *device, const struct tsb_key *key, enum ska_rule_kind kind,
                   struct ska_bytes *rule);

CK_RV tsb_key_spki(struct tsb_device *device, const struct tsb_key *key, struct ska_bytes *spki);

/* All objects of the key. */
CK_RV tsb_key_destroy(struct tsb_device *device, const struct tsb_key *key);

/* Labels of all private and secret keys, each text owned by the array; tsb_labels_free(). */
CK_RV tsb_key_labels(struct tsb_device *device, char ***labels, size_t *count);
void tsb_labels_free(char **labels, size_t count);

#endif
