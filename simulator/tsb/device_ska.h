/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor's calls for what needs approvals.
 */
#ifndef SKATSB_DEVICE_SKA_H
#define SKATSB_DEVICE_SKA_H

#include "simulator/tsb/device_key.h"
#include "simulator/tsb/device_template.h"

/* The key that signs the HSM's timestamps for the broker, and the one for attestations. */
#define TSB_TIMESTAMP_KEY "tsb-integrity-key"
#define TSB_ATTESTATION_KEY "attestation-key"
/* Opens backups of approvers' keys; made when there is the first. */
#define TSB_BACKUP_KEY "approver-mgmt-backup-key-rsa-wrapping"

/* Makes both where they are missing. */
CK_RV tsb_ska_make_own_keys(struct tsb_device *device);

/* Whether the broker keeps this label for itself. */
bool tsb_ska_is_own_key(const char *label);

/* The HSM's timestamp for a payload: the block, and its signature as DER. */
struct tsb_stamp {
    struct ska_bytes block;
    struct ska_bytes signature;
    uint64_t seconds; /* in it */
};
/* `operation` is CK_SKA_SIGN, ..., here and below. */
CK_RV tsb_ska_stamp(struct tsb_device *device, CK_ULONG operation, struct ska_span payload,
                    struct tsb_stamp *stamp);
void tsb_stamp_clear(struct tsb_stamp *stamp);

/* The token that approvers sign; `stamp` may be NULL. */
CK_RV tsb_ska_token(struct tsb_device *device, const struct tsb_key *key, CK_ULONG operation,
                    struct ska_span payload, const struct tsb_stamp *stamp,
                    struct ska_bytes *token);

/* An approver's answer, borrowed. */
struct tsb_approval {
    bool certificate;
    struct ska_span signature; /* DER */
    struct ska_span signer;    /* SubjectPublicKeyInfo or certificate, DER */
};

/* What a rule decides by: a token, and who has approved it; borrowed. */
struct tsb_authority {
    struct ska_span token;
    const struct tsb_approval *approvals;
    size_t count;
};

/*
 * The one call that a rule decides about. `made` is the HSM's signature or what it has decrypted;
 * for that it needs a mechanism.
 */
CK_RV tsb_ska_execute(struct tsb_device *device, struct tsb_key *key, CK_ULONG operation,
                      CK_MECHANISM *mechanism, const struct tsb_authority *by,
                      struct ska_bytes *made);

/* The same for unwrapping, into an object of the key's session. */
CK_RV tsb_ska_unwrap(struct tsb_device *device, const struct tsb_key *key, CK_MECHANISM *mechanism,
                     const struct tsb_authority *by, struct tsb_template *template,
                     CK_OBJECT_HANDLE *object);

#endif
