/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's names of signature algorithms, and what the HSM has to be asked for.
 */
#ifndef SKATSB_SIGNING_H
#define SKATSB_SIGNING_H

#include <pkcs11.h>

#include "provider/base/bytes.h"
#include "provider/base/mechanism.h"
#include "simulator/tsb/answer.h"

/* Of no HSM here: BIP-340, see schnorr.h. */
#define TSB_CKM_SCHNORR CK_UNAVAILABLE_INFORMATION

/* What the payload is. */
enum tsb_payload {
    TSB_MESSAGE,    /* the HSM hashes it, or signs it as it is (EdDSA) */
    TSB_DIGEST,     /* a digest, signed as it is */
    TSB_DIGEST_INFO /* a digest that a DigestInfo is put around first */
};

struct tsb_algorithm {
    const char *name;
    CK_KEY_TYPE key_type;
    CK_MECHANISM_TYPE mechanism;
    enum tsb_payload payload;
    enum ska_digest digest; /* that the payload is, or is hashed with */
    bool pss;
    const char *hashed_here; /* a hash that the HSM does not have; NULL: none */
    unsigned int times;      /* how often */
};

/* NULL, refused: an algorithm that there is not, or not here. `place` names it in messages. */
const struct tsb_algorithm *tsb_algorithm_find(const char *name, const char *place,
                                               struct tsb_answer *answer);

/* The mechanism with its parameters; points into itself. */
struct tsb_mechanism {
    CK_MECHANISM mechanism;
    CK_RSA_PKCS_PSS_PARAMS pss;
};

/*
 * What the HSM signs for a payload, which may be with a DigestInfo around it, and how. Refused: a
 * payload that is not what the algorithm wants.
 */
bool tsb_signing_prepare(const struct tsb_algorithm *algorithm, struct ska_span payload,
                         struct tsb_mechanism *mechanism, struct ska_bytes *data,
                         struct tsb_answer *answer) SKA_MUST_CHECK;

/* The HSM's signature as clients get it: ECDSA as DER unless they want it raw. */
bool tsb_signing_finish(const struct tsb_algorithm *algorithm, bool raw,
                        struct ska_bytes *signature) SKA_MUST_CHECK;

/* r||s as DER, and back, each half of `length` bytes. */
bool tsb_ecdsa_to_der(struct ska_span raw, struct ska_bytes *der) SKA_MUST_CHECK;
bool tsb_ecdsa_from_der(struct ska_span der, size_t length, struct ska_bytes *raw) SKA_MUST_CHECK;

#endif
