/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timestamps that the HSM makes, and its clock, which they tell.
 */
#ifndef SKA_SIGN_HSM_TIME_H
#define SKA_SIGN_HSM_TIME_H

#include <openssl/types.h>

#include "provider/backend/backend_key.h"
#include "provider/request/approval_token.h"
#include "provider/sign/ballot.h"

struct ska_made_timestamp {
    struct ska_bytes block;
    struct ska_bytes signature;  /* DER, as a token takes it */
    struct ska_bytes public_key; /* of the timestamp key, SubjectPublicKeyInfo DER */
    uint64_t seconds;
};

/*
 * A timestamp by the timestamp key of this label on the token of `key`. label == NULL: none is
 * configured, SKA_R_BAD_CONFIGURATION. Free with ska_made_timestamp_clear(), also after a failure.
 */
bool ska_hsm_timestamp(struct backend_key *key, const char *label, enum ska_operation operation,
                       struct ska_span payload, struct ska_made_timestamp *made,
                       const struct ska_errors *errors) SKA_MUST_CHECK;
void ska_made_timestamp_clear(struct ska_made_timestamp *made);

/*
 * Whether the timestamp in a token was made by this timestamp key of the key's token, whose
 * SubjectPublicKeyInfo *public_key receives. False without an error where it was not or the key
 * cannot be found.
 */
bool ska_hsm_timestamp_genuine(OSSL_LIB_CTX *libctx, struct backend_key *key, const char *label,
                               const struct ska_approval_token *token,
                               struct ska_bytes *public_key) SKA_MUST_CHECK;

/*
 * The ballot's time becomes the HSM's, as the key tells it that made the token's timestamp; this
 * machine's where the HSM does not tell. For messages and for what is expected to have expired;
 * nothing is decided by it. The HSM is not asked where the rule has no time limits and the
 * timestamp is past.
 */
void ska_ballot_ask_time(struct ska_ballot *ballot, struct backend_key *key);

/* The HSM's clock, in seconds since the epoch, by the timestamp key of this label. */
bool ska_hsm_now(struct backend_key *key, const char *label, uint64_t *now,
                 const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
