/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys behind a broker, which knows them by their labels.
 */
#ifndef SKA_TSB_BROKER_KEY_H
#define SKA_TSB_BROKER_KEY_H

#include "provider/backend/backend.h"
#include "provider/base/json.h"
#include "provider/tsb/connection.h"

struct tsb_key {
    struct backend_key base;
    struct tsb_connection *connection;
    _Atomic(EVP_PKEY_CTX *) verifier; /* of the public key; NULL: nothing was verified yet */
};

/*
 * The key of this label, with its public key and rules; `libctx` is where the public key is made,
 * and must outlive it. SKA_R_KEY_NOT_FOUND where there is none, SKA_R_WRONG_USE for one that cannot
 * sign, unless that may be.
 */
bool tsb_key_find(struct tsb_connection *connection, struct ska_span label, bool any_use,
                  OSSL_LIB_CTX *libctx, struct backend_key **key,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

/* The same from an answer that describes it, which must be for the key of this label. */
bool tsb_key_read(struct tsb_connection *connection, const char *label, const cJSON *json,
                  OSSL_LIB_CTX *libctx, struct backend_key **key,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

/* What such an answer says of its state and its rules now; free with backend_key_state_clear(). */
bool tsb_state_read(const struct tsb_connection *connection, const char *label, const cJSON *json,
                    struct backend_key_state *state,
                    const struct ska_errors *errors) SKA_MUST_CHECK;

/* The labels of all keys that there are, as the broker tells them; false ends it. */
typedef bool tsb_label_visit(void *arg, struct ska_span label);
bool tsb_key_list(struct tsb_connection *connection, tsb_label_visit *visit, void *arg,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- For the tables: see provider/backend/backend.h ------------------------------------------ */

bool tsb_key_sign(struct backend_key *key, const struct ska_mechanism *mechanism,
                  struct ska_span input, struct ska_span message, uint8_t *signature,
                  size_t *signature_length, const struct ska_errors *errors) SKA_MUST_CHECK;
enum backend_answer tsb_ska_sign(struct backend_key *key, const struct ska_mechanism *mechanism,
                                 struct ska_span token, const struct backend_approval *approvals,
                                 size_t approval_count, uint8_t *signature,
                                 size_t *signature_length, struct backend_refusal *refusal,
                                 const struct ska_errors *errors);

enum backend_answer tsb_ska_change(struct backend_key *key, enum ska_operation operation,
                                   struct ska_span token, const struct backend_approval *approvals,
                                   size_t approval_count, struct backend_refusal *refusal,
                                   const struct ska_errors *errors);
bool tsb_modify_payload(struct backend_key *key, const struct ska_rule *const rules[SKA_RULE_COUNT],
                        struct ska_bytes *payload, const struct ska_errors *errors) SKA_MUST_CHECK;

bool tsb_hand_in(struct backend_key *key, const struct broker_request *request,
                 struct ska_span meta_data, char id[BROKER_ID_SIZE],
                 const struct ska_errors *errors) SKA_MUST_CHECK;
enum broker_answer tsb_look(struct backend_key *key, const char *id,
                            const struct broker_request *request, struct broker_status *status,
                            const struct ska_errors *errors);
/* The same of any request, without its signature. */
enum broker_answer tsb_request_state(struct tsb_connection *connection, const char *id,
                                     struct broker_status *status, const struct ska_errors *errors);
enum broker_withdrawal tsb_withdraw(void *connection, const char *id, bool brief,
                                    const struct ska_errors *errors) SKA_MUST_CHECK;

static inline struct tsb_key *tsb_key_of(struct backend_key *key)
{
    return (struct tsb_key *)key;
}

#endif
