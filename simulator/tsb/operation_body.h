/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies that ask for an operation of a key: {"signRequest": {...}, "requestSignature": ...} and
 * its like for blocking, unblocking and modifying; with signedApprovals in synchronous calls.
 */
#ifndef SKATSB_OPERATION_BODY_H
#define SKATSB_OPERATION_BODY_H

#include "simulator/tsb/device_key.h"
#include "simulator/tsb/exchange.h"
#include "simulator/tsb/policy_body.h"
#include "simulator/tsb/signing.h"

/* Texts are borrowed from the body and may be NULL. */
struct tsb_operation {
    enum ska_operation operation;
    const char *key_name;
    struct ska_bytes payload; /* decoded; of a modification the HSM's form of the new rules */
    const char *payload_type;
    const char *meta_data;
    const char *meta_data_signature;
    const char *algorithm_name;
    const struct tsb_algorithm *algorithm; /* of a signature */
    const char *signature_type;
    const cJSON *approvals; /* array of texts; NULL: none */

    struct tsb_key key; /* open */
    struct tsb_mechanism mechanism;
    struct ska_bytes data; /* what the HSM is given of the payload */
};

/*
 * Reads the body, checks the password, opens the key and sees that it can do this. To be cleared in
 * any case.
 */
bool tsb_operation_read(struct tsb_exchange *exchange, enum ska_operation operation,
                        bool synchronous, struct tsb_operation *wanted) SKA_MUST_CHECK;
void tsb_operation_clear(struct tsb_exchange *exchange, struct tsb_operation *wanted);

/* "signRequest", and what the id of the request is called in the answer. */
const char *tsb_operation_root(enum ska_operation operation);
const char *tsb_operation_id_name(enum ska_operation operation);

bool tsb_operation_wants_raw(const struct tsb_operation *wanted);

#endif
