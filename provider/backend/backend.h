/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For those who stand between us and the HSM: what each has to offer, and what all keep of a key.
 */
#ifndef SKA_BACKEND_BACKEND_H
#define SKA_BACKEND_BACKEND_H

#include <stdatomic.h>

#include "provider/backend/backend_key.h"
#include "provider/backend/broker.h"

/* See the functions of broker.h. None may be NULL. */
struct broker {
    bool (*hand_in)(struct backend_key *key, const struct broker_request *request,
                    struct ska_span meta_data, char id[BROKER_ID_SIZE],
                    const struct ska_errors *errors);
    enum broker_answer (*look)(struct backend_key *key, const char *id,
                               const struct broker_request *request, struct broker_status *status,
                               const struct ska_errors *errors);
    void *(*connection)(struct backend_key *key); /* never freed */
    enum broker_withdrawal (*withdraw)(void *connection, const char *id, bool brief,
                                       const struct ska_errors *errors);
    const char *(*name)(const void *connection);
};

/*
 * See the functions of backend_key.h, each of which calls one of these. None may be NULL but the
 * broker and those that are said to.
 */
struct backend {
    const struct broker *broker;               /* NULL: it is none */
    enum backend_word word;                    /* of key_state() and of what was read of a key */
    void (*key_free)(struct backend_key *key); /* with backend_key_clear() */
    const char *(*token_label)(const struct backend_key *key);
    bool (*key_state)(struct backend_key *key, struct backend_key_state *state,
                      const struct ska_errors *errors);
    enum backend_input (*key_input)(struct backend_key *key, enum ska_scheme scheme,
                                    enum ska_digest digest);
    bool (*key_sign)(struct backend_key *key, const struct ska_mechanism *mechanism,
                     struct ska_span input, struct ska_span message, uint8_t *signature,
                     size_t *signature_length, const struct ska_errors *errors);
    /* NULL: keys that are reached this way only sign. */
    bool (*key_decrypt)(struct backend_key *key, const struct backend_encryption *how,
                        struct ska_span input, uint8_t *output, size_t *length,
                        const struct ska_errors *errors);
    bool (*key_derive)(struct backend_key *key, struct ska_span peer, uint8_t *secret,
                       size_t *length, const struct ska_errors *errors);
    bool (*timestamp_key)(struct backend_key *key, const char *label, struct backend_key **found,
                          const struct ska_errors *errors);
    bool (*timestamp_make)(struct backend_key *timestamp_key, enum ska_operation operation,
                           struct ska_span payload, struct ska_bytes *block,
                           struct ska_bytes *signature, const struct ska_errors *errors);
    bool (*create_token)(struct backend_key *key, enum ska_operation operation,
                         struct ska_span payload, const struct backend_timestamp *timestamp,
                         struct ska_bytes *token, const struct ska_errors *errors);
    bool (*modify_payload)(struct backend_key *key,
                           const struct ska_rule *const rules[SKA_RULE_COUNT],
                           struct ska_bytes *payload, const struct ska_errors *errors);
    enum backend_answer (*ska_sign)(struct backend_key *key, const struct ska_mechanism *mechanism,
                                    struct ska_span token, const struct backend_approval *approvals,
                                    size_t approval_count, uint8_t *signature,
                                    size_t *signature_length, struct backend_refusal *refusal,
                                    const struct ska_errors *errors);
    enum backend_answer (*ska_change)(struct backend_key *key, enum ska_operation operation,
                                      struct ska_span token,
                                      const struct backend_approval *approvals,
                                      size_t approval_count, struct backend_refusal *refusal,
                                      const struct ska_errors *errors);
};

/* The first member of what a back end keeps of a key, which fills it in when it has found one. */
struct backend_key {
    const struct backend *backend;
    OSSL_LIB_CTX *libctx; /* where the public key was made; it outlives the key */
    struct ska_bytes label;
    struct ska_bytes id;
    enum ska_key_type type;
    unsigned int bits;
    bool ska;
    bool timestamp;
    bool never_signs; /* it is only shown */
    EVP_PKEY *public_key;
    struct ska_bytes use_rule;
    atomic_bool use_rule_forgotten;
    atomic_bool was_blocked;
    _Atomic(struct ska_bytes *) spki; /* NULL: not encoded yet; then it stays as it is */
};

/* Frees what hangs on it, not itself. */
void backend_key_clear(struct backend_key *key);

#endif
