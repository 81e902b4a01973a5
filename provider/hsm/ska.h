/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor's calls: rules, timestamps, approval tokens, signatures, changes, and what an SKA key
 * says of itself.
 */
#ifndef SKA_HSM_SKA_H
#define SKA_HSM_SKA_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "provider/rule/rule.h"

struct hsm_key;
struct hsm_module;

/* ---- Rules as the HSM takes them ------------------------------------------------------------- */

/* The value of a CKA_SKA_*_ACCESS_BLOB, made by the module's C_SerializePolicy. */
bool hsm_rule_serialize(const struct hsm_module *module, const struct ska_rule *rule,
                        struct ska_bytes *serialized,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * The payload of a modification (C_CreateModifyPayload); a rule that is NULL stays as it is, but
 * not all are. The key only says which module encodes it.
 */
bool hsm_modify_payload(struct hsm_key *key, const struct ska_rule *const rules[SKA_RULE_COUNT],
                        struct ska_bytes *payload, const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- Timestamps, tokens, approvals ----------------------------------------------------------- */

/* A timestamp that the HSM made: the block and its signature as DER. Both empty: none. */
struct hsm_timestamp {
    struct ska_span block;
    struct ska_span signature;
};

/*
 * A timestamp over an operation's payload (C_GetTimestamp with SHA-256), by a timestamp key. The
 * signature, over the whole block, is in OpenSSL's form (PKCS#1 v1.5, ECDSA as DER, raw EdDSA).
 * SKA_R_WRONG_USE: the key is none that makes timestamps.
 */
bool hsm_timestamp_make(struct hsm_key *timestamp_key, enum ska_operation operation,
                        struct ska_span payload, struct ska_bytes *block,
                        struct ska_bytes *signature,
                        const struct ska_errors *errors) SKA_MUST_CHECK;

/* The approval token for an operation with this key (C_CreateApprovalToken). */
bool hsm_ska_create_token(struct hsm_key *key, enum ska_operation operation,
                          struct ska_span payload, const struct hsm_timestamp *timestamp,
                          struct ska_bytes *token, const struct ska_errors *errors) SKA_MUST_CHECK;

struct hsm_approval {
    bool certificate;           /* what signer is: a certificate or a SubjectPublicKeyInfo */
    struct ska_span signer;     /* DER */
    struct ska_bytes signature; /* DER: SEQUENCE { AlgorithmIdentifier, BIT STRING } */
};

enum hsm_answer {
    HSM_DONE,
    HSM_REFUSED, /* the HSM said no; nothing raised: the caller knows the rule and explains */
    HSM_FAILED   /* it could not answer; raised */
};

/* What is known of a refusal. */
struct hsm_refusal {
    bool blocked;     /* the HSM says that the key is blocked */
    bool unsatisfied; /* the HSM says that no alternative of the rule is satisfied */
    char code[64];    /* how the HSM put it, for messages: a name or a number */
};

/*
 * One call of C_SKASign with the complete request. Repeated only after an answer that proves that
 * nothing was signed and that the session was lost.
 */
enum hsm_answer hsm_ska_sign(struct hsm_key *key, const struct ska_mechanism *mechanism,
                             struct ska_span token, const struct hsm_approval *approvals,
                             size_t approval_count, uint8_t *signature, size_t *signature_length,
                             struct hsm_refusal *refusal, const struct ska_errors *errors);

/*
 * One call of C_SKABlock, C_SKAUnblock or C_SKAModify with the complete request; otherwise like
 * hsm_ska_sign(). The key keeps working, with a new handle if the HSM gives it one.
 */
enum hsm_answer hsm_ska_change(struct hsm_key *key, enum ska_operation operation,
                               struct ska_span token, const struct hsm_approval *approvals,
                               size_t approval_count, struct hsm_refusal *refusal,
                               const struct ska_errors *errors);

/* Reads from the HSM now. */
struct hsm_key_state {
    bool blocked;
    bool sam_approved;                      /* false where the HSM does not tell */
    struct ska_bytes rules[SKA_RULE_COUNT]; /* serialized; data == NULL: cannot be read */
};
bool hsm_key_state(struct hsm_key *key, struct hsm_key_state *state,
                   const struct ska_errors *errors) SKA_MUST_CHECK;
void hsm_key_state_clear(struct hsm_key_state *state);

#endif
