/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The approval token, what approvers sign, and the HSM timestamp inside it.
 */
#ifndef SKA_REQUEST_APPROVAL_TOKEN_H
#define SKA_REQUEST_APPROVAL_TOKEN_H

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"

/* The largest token that this project accepts, in bytes. */
#define SKA_TOKEN_LIMIT ((size_t)192 * 1024)

/* All spans point into the bytes that were decoded. */
struct ska_timestamp {
    struct ska_span block; /* the whole container, length header included: what is signed */
    bool modify;           /* its payload is a modify payload */
    struct ska_span payload;
    uint64_t seconds; /* since the epoch, UTC */
    struct ska_span key_name;
};

struct ska_approval_token {
    enum ska_operation operation;
    struct ska_span key_name; /* empty: bound to no key; this project refuses that by default */
    bool has_timestamp;
    struct ska_timestamp timestamp;
    struct ska_span timestamp_signature; /* DER, see approver_signature.h */
    bool has_payload;                    /* always for signing and modifying */
    struct ska_span
        payload; /* SKA_OPERATION_MODIFY: a modify payload, see modify in rule_codec.h */
};

/*
 * Strict: everything in its order, nothing unknown, nothing twice; payload of the kind that fits
 * the operation; the payload in a timestamp equal to that of the token for signing and modifying.
 */
bool ska_approval_token_decode(struct ska_span encoded, struct ska_approval_token *token,
                               const struct ska_errors *errors) SKA_MUST_CHECK;
/*
 * Of the timestamp only its block is read. Writes nothing that ska_approval_token_decode() would
 * refuse: SKA_R_BAD_INPUT_LENGTH for a value that is too long, SKA_R_BAD_TOKEN for parts that do
 * not fit.
 */
bool ska_approval_token_encode(const struct ska_approval_token *token, struct ska_bytes *encoded,
                               const struct ska_errors *errors) SKA_MUST_CHECK;

bool ska_timestamp_decode(struct ska_span encoded, struct ska_timestamp *timestamp,
                          const struct ska_errors *errors) SKA_MUST_CHECK;
/*
 * Whether a timestamp over a payload of this length fits into a token; else the message says how
 * much is too much.
 */
bool ska_timestamp_fits(size_t payload, struct ska_span key_name,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
/* timestamp->block is not read. */
bool ska_timestamp_encode(const struct ska_timestamp *timestamp, struct ska_bytes *encoded,
                          const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
