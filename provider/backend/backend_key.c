/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/backend/backend_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/backend/backend.h"
#include "provider/base/evp_key.h"

static void free_spki(struct ska_bytes *spki)
{
    if (spki != NULL)
        ska_bytes_free(spki);
    free(spki);
}

void backend_key_clear(struct backend_key *key)
{
    EVP_PKEY_free(key->public_key);
    ska_bytes_free(&key->label);
    ska_bytes_free(&key->id);
    ska_bytes_free(&key->use_rule);
    free_spki(atomic_load_explicit(&key->spki, memory_order_acquire));
}

void backend_key_free(struct backend_key *key)
{
    if (key != NULL)
        key->backend->key_free(key);
}

/* ---- What was read when the key was found ---------------------------------------------------- */

const char *backend_key_label(const struct backend_key *key)
{
    return key->label.data == NULL ? "" : (const char *)key->label.data;
}

const char *backend_key_token_label(const struct backend_key *key)
{
    return key->backend->token_label(key);
}

struct ska_span backend_key_id(const struct backend_key *key)
{
    return ska_span_of(&key->id);
}

enum ska_key_type backend_key_type(const struct backend_key *key)
{
    return key->type;
}

EVP_PKEY *backend_key_public(const struct backend_key *key)
{
    return key->public_key;
}

static struct ska_bytes *encode_spki(const struct backend_key *key, const struct ska_errors *errors)
{
    struct ska_bytes *made = calloc(1, sizeof(*made));

    if (made == NULL)
        ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a public key");
    else if (ska_evp_encode(key->public_key, made, NULL))
        return made;
    else
        ska_fail(errors, SKA_R_INTERNAL, "public key of key '%s'", backend_key_label(key));
    free(made);
    return NULL;
}

/* Encoding takes longer than anything else that is done for a signature here. */
bool backend_key_spki(struct backend_key *key, struct ska_span *spki,
                      const struct ska_errors *errors)
{
    struct ska_bytes *kept = atomic_load_explicit(&key->spki, memory_order_acquire);
    struct ska_bytes *made = NULL;

    if (kept == NULL) {
        made = encode_spki(key, errors);
        if (made == NULL)
            return false;
        /* The first who is done decides. */
        if (atomic_compare_exchange_strong_explicit(&key->spki, &kept, made, memory_order_acq_rel,
                                                    memory_order_acquire))
            kept = made;
        else
            free_spki(made);
    }
    *spki = ska_span_of(kept);
    return true;
}

bool backend_key_use_rule_is_forgotten(const struct backend_key *key)
{
    return atomic_load_explicit(&key->use_rule_forgotten, memory_order_relaxed);
}

struct ska_span backend_key_use_rule(const struct backend_key *key)
{
    return backend_key_use_rule_is_forgotten(key) ? ska_span(NULL, 0) : ska_span_of(&key->use_rule);
}

void backend_key_forget_use_rule(struct backend_key *key)
{
    atomic_store_explicit(&key->use_rule_forgotten, true, memory_order_relaxed);
}

bool backend_key_is_ska(const struct backend_key *key)
{
    return key->ska;
}

bool backend_key_is_timestamp(const struct backend_key *key)
{
    return key->timestamp;
}

bool backend_key_never_signs(const struct backend_key *key)
{
    return key->never_signs;
}

enum backend_word backend_key_word(const struct backend_key *key)
{
    return key->backend->word;
}

const char *backend_word_text(enum backend_word word)
{
    return word == BACKEND_WORD_OF_HSM ? "the HSM" : "the broker";
}

const char *backend_word_lead(enum backend_word word)
{
    return word == BACKEND_WORD_OF_HSM ? "" : "the broker says, unconfirmed, that ";
}

/* ---- What the back end does ------------------------------------------------------------------ */

bool backend_key_state(struct backend_key *key, struct backend_key_state *state,
                       const struct ska_errors *errors)
{
    memset(state, 0, sizeof(*state));
    if (!key->ska)
        return true;
    if (!key->backend->key_state(key, state, errors))
        return false;
    atomic_store(&key->was_blocked, state->blocked == BACKEND_YES);
    return true;
}

bool backend_key_was_blocked(const struct backend_key *key)
{
    return atomic_load(&key->was_blocked);
}

void backend_key_state_clear(struct backend_key_state *state)
{
    for (size_t i = 0; i < SKA_RULE_COUNT; i++)
        ska_bytes_free(&state->rules[i]);
    memset(state, 0, sizeof(*state));
}

enum backend_input backend_key_input(struct backend_key *key, enum ska_scheme scheme,
                                     enum ska_digest digest)
{
    return key->backend->key_input(key, scheme, digest);
}

static bool must_not_be_timestamp(const struct backend_key *key, const struct ska_errors *errors)
{
    return !key->timestamp || ska_fail(errors, SKA_R_UNSUPPORTED, "key '%s' only signs timestamps",
                                       backend_key_label(key));
}

bool backend_key_sign(struct backend_key *key, const struct ska_mechanism *mechanism,
                      struct ska_span input, struct ska_span message, uint8_t *signature,
                      size_t *signature_length, const struct ska_errors *errors)
{
    if (key->ska)
        return ska_fail(errors, SKA_R_INTERNAL,
                        "key '%s' is an SKA key: it does not sign without its rule",
                        backend_key_label(key));
    return must_not_be_timestamp(key, errors) &&
           key->backend->key_sign(key, mechanism, input, message, signature, signature_length,
                                  errors);
}

/* A raw decryption with an RSA key is a signature, and a secret that was agreed on is a use, too.
 */
static bool may_do_more_than_sign(const struct backend_key *key, bool there, const char *what,
                                  const struct ska_errors *errors)
{
    if (key->ska)
        return ska_fail(errors, SKA_R_UNSUPPORTED,
                        "key '%s' is an SKA key: it signs what was approved, and does not %s",
                        backend_key_label(key), what);
    return must_not_be_timestamp(key, errors) &&
           (there || ska_fail(errors, SKA_R_UNSUPPORTED,
                              "key '%s' can be used only for signing: it does not %s",
                              backend_key_label(key), what));
}

bool backend_key_may_decrypt(const struct backend_key *key, const struct ska_errors *errors)
{
    return may_do_more_than_sign(key, key->backend->key_decrypt != NULL, "decrypt", errors);
}

bool backend_key_may_derive(const struct backend_key *key, const struct ska_errors *errors)
{
    return may_do_more_than_sign(key, key->backend->key_derive != NULL, "agree on secrets (ECDH)",
                                 errors);
}

bool backend_key_decrypt(struct backend_key *key, const struct backend_encryption *how,
                         struct ska_span input, uint8_t *output, size_t *length,
                         const struct ska_errors *errors)
{
    const size_t modulus = (key->bits + 7) / 8;

    if (!backend_key_may_decrypt(key, errors))
        return false;
    if (key->type != SKA_KEY_RSA)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "key '%s' is not an RSA key that decrypts",
                        backend_key_label(key));
    if (input.length != modulus)
        return ska_fail(errors, SKA_R_BAD_INPUT_LENGTH, "%zu bytes, but key '%s' decrypts %zu",
                        input.length, backend_key_label(key), modulus);
    return key->backend->key_decrypt(key, how, input, output, length, errors);
}

bool backend_key_derive(struct backend_key *key, struct ska_span peer, uint8_t *secret,
                        size_t *length, const struct ska_errors *errors)
{
    if (!backend_key_may_derive(key, errors))
        return false;
    if (key->type != SKA_KEY_EC)
        return ska_fail(errors, SKA_R_UNSUPPORTED, "key '%s' is not an EC key",
                        backend_key_label(key));
    return key->backend->key_derive(key, peer, secret, length, errors);
}

bool backend_timestamp_key(struct backend_key *key, const char *label, struct backend_key **found,
                           const struct ska_errors *errors)
{
    return key->backend->timestamp_key(key, label, found, errors);
}

bool backend_timestamp_make(struct backend_key *timestamp_key, enum ska_operation operation,
                            struct ska_span payload, struct ska_bytes *block,
                            struct ska_bytes *signature, const struct ska_errors *errors)
{
    /* Which keys make timestamps the HSM knows best, since it may not show the attribute. */
    if (timestamp_key->ska)
        return ska_fail(errors, SKA_R_WRONG_USE, "key '%s' is an SKA key, not a timestamp key",
                        backend_key_label(timestamp_key));
    return timestamp_key->backend->timestamp_make(timestamp_key, operation, payload, block,
                                                  signature, errors);
}

static bool must_be_ska(const struct backend_key *key, const struct ska_errors *errors)
{
    return key->ska ||
           ska_fail(errors, SKA_R_INTERNAL, "key '%s' is not an SKA key", backend_key_label(key));
}

bool backend_create_token(struct backend_key *key, enum ska_operation operation,
                          struct ska_span payload, const struct backend_timestamp *timestamp,
                          struct ska_bytes *token, const struct ska_errors *errors)
{
    static const struct backend_timestamp none;

    return must_be_ska(key, errors) &&
           key->backend->create_token(key, operation, payload,
                                      timestamp == NULL ? &none : timestamp, token, errors);
}

bool backend_modify_payload(struct backend_key *key,
                            const struct ska_rule *const rules[SKA_RULE_COUNT],
                            struct ska_bytes *payload, const struct ska_errors *errors)
{
    return key->backend->modify_payload(key, rules, payload, errors);
}

enum backend_answer backend_ska_sign(struct backend_key *key, const struct ska_mechanism *mechanism,
                                     struct ska_span token,
                                     const struct backend_approval *approvals,
                                     size_t approval_count, uint8_t *signature,
                                     size_t *signature_length, struct backend_refusal *refusal,
                                     const struct ska_errors *errors)
{
    memset(refusal, 0, sizeof(*refusal));
    return must_be_ska(key, errors)
               ? key->backend->ska_sign(key, mechanism, token, approvals, approval_count, signature,
                                        signature_length, refusal, errors)
               : BACKEND_FAILED;
}

enum backend_answer backend_ska_change(struct backend_key *key, enum ska_operation operation,
                                       struct ska_span token,
                                       const struct backend_approval *approvals,
                                       size_t approval_count, struct backend_refusal *refusal,
                                       const struct ska_errors *errors)
{
    memset(refusal, 0, sizeof(*refusal));
    return must_be_ska(key, errors) ? key->backend->ska_change(key, operation, token, approvals,
                                                               approval_count, refusal, errors)
                                    : BACKEND_FAILED;
}
