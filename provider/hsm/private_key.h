/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of a private key, work with it, and what the table of this back end has for it.
 */
#ifndef SKA_HSM_PRIVATE_KEY_H
#define SKA_HSM_PRIVATE_KEY_H

#include "provider/backend/backend.h"
#include "provider/hsm/find.h"

struct hsm_key {
    struct backend_key base;
    struct hsm_token *token;
    bool private;                          /* CKA_PRIVATE */
    bool always_authenticate;              /* CKA_ALWAYS_AUTHENTICATE */
    struct ska_bytes mechanisms;           /* CKA_ALLOWED_MECHANISMS; empty: any */
    atomic_int takes_digests[HSM_SCHEMES]; /* enum hsm_yes */
    /* guarded by hsm_lock(): */
    CK_OBJECT_HANDLE handle;
    unsigned long generation; /* of the token, in which the handle is good */
};

static inline struct hsm_key *hsm_key_of(struct backend_key *key)
{
    return (struct hsm_key *)key;
}

static inline const char *hsm_key_label(const struct hsm_key *key)
{
    return backend_key_label(&key->base);
}

/* Like struct hsm_work, with the key's handle, which is looked up again when it is stale. */
struct hsm_key_work {
    const char *call;
    bool only_if_nothing_done;
    CK_RV (*run)(struct hsm_key_work *work, const struct hsm_lease *lease, CK_OBJECT_HANDLE key);
};

/* Like hsm_session_answer(). */
bool hsm_key_work(struct hsm_key *key, struct hsm_key_work *work, CK_RV *answer,
                  const struct ska_errors *errors) SKA_MUST_CHECK;

/* ---- For the table: see provider/backend/backend.h ------------------------------------------- */

void hsm_key_free(struct backend_key *key);
const char *hsm_key_token_label(const struct backend_key *key);
bool hsm_key_state(struct backend_key *key, struct backend_key_state *state,
                   const struct ska_errors *errors) SKA_MUST_CHECK;
enum backend_input hsm_key_input(struct backend_key *key, enum ska_scheme scheme,
                                 enum ska_digest digest);
bool hsm_key_sign(struct backend_key *key, const struct ska_mechanism *mechanism,
                  struct ska_span input, struct ska_span message, uint8_t *signature,
                  size_t *signature_length, const struct ska_errors *errors) SKA_MUST_CHECK;
bool hsm_key_decrypt(struct backend_key *key, const struct backend_encryption *how,
                     struct ska_span input, uint8_t *output, size_t *length,
                     const struct ska_errors *errors) SKA_MUST_CHECK;
bool hsm_key_derive(struct backend_key *key, struct ska_span peer, uint8_t *secret, size_t *length,
                    const struct ska_errors *errors) SKA_MUST_CHECK;
bool hsm_timestamp_make(struct backend_key *timestamp_key, enum ska_operation operation,
                        struct ska_span payload, struct ska_bytes *block,
                        struct ska_bytes *signature,
                        const struct ska_errors *errors) SKA_MUST_CHECK;
bool hsm_create_token(struct backend_key *key, enum ska_operation operation,
                      struct ska_span payload, const struct backend_timestamp *timestamp,
                      struct ska_bytes *token, const struct ska_errors *errors) SKA_MUST_CHECK;
bool hsm_modify_payload(struct backend_key *key, const struct ska_rule *const rules[SKA_RULE_COUNT],
                        struct ska_bytes *payload, const struct ska_errors *errors) SKA_MUST_CHECK;
enum backend_answer hsm_ska_sign(struct backend_key *key, const struct ska_mechanism *mechanism,
                                 struct ska_span token, const struct backend_approval *approvals,
                                 size_t approval_count, uint8_t *signature,
                                 size_t *signature_length, struct backend_refusal *refusal,
                                 const struct ska_errors *errors);
enum backend_answer hsm_ska_change(struct backend_key *key, enum ska_operation operation,
                                   struct ska_span token, const struct backend_approval *approvals,
                                   size_t approval_count, struct backend_refusal *refusal,
                                   const struct ska_errors *errors);

#endif
