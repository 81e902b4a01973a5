/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an approver shows who he is: the time of now, signed with his key.
 */
#ifndef SKATSB_APPROVER_PROOF_H
#define SKATSB_APPROVER_PROOF_H

#include "simulator/tsb/exchange.h"

/* As whom a call was signed. */
struct tsb_caller {
    bool by_service;             /* signed by a notification service */
    bool everybody;              /* which sees everybody's tasks if it names nobody */
    bool certificate;            /* what `data` is, and a rule must list */
    struct ska_bytes data;       /* SubjectPublicKeyInfo or certificate, DER */
    struct ska_bytes public_key; /* SubjectPublicKeyInfo */
};

/*
 * Reads approverPublicKey or approverCertificate, one of both; neither: a caller without data.
 * To be cleared in any case.
 */
bool tsb_caller_read(struct tsb_answer *answer, const struct ska_json_place *place,
                     struct tsb_caller *caller) SKA_MUST_CHECK;
void tsb_caller_clear(struct tsb_caller *caller);

/*
 * The same with the members timestamp, timestampSignature, timestampDigestAlgorithm and
 * timestampSigningCertificate, which are checked. To be cleared in any case.
 */
bool tsb_proof_read(struct tsb_exchange *exchange, const struct ska_json_place *place,
                    struct tsb_caller *caller) SKA_MUST_CHECK;

#endif
