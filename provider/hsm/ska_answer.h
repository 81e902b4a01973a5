/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes into the calls that the rules of an SKA key decide, and what comes out.
 */
#ifndef SKA_HSM_SKA_ANSWER_H
#define SKA_HSM_SKA_ANSWER_H

#include "provider/base/bytes.h"

struct hsm_approval {
    bool certificate;          /* what signer is: a certificate or a SubjectPublicKeyInfo */
    struct ska_span signer;    /* DER */
    struct ska_span signature; /* DER: SEQUENCE { AlgorithmIdentifier, BIT STRING } */
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

#endif
