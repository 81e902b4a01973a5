/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys: their lives, and that work with them survives stale handles. */
#include "provider/hsm/key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/base/evp_key.h"
#include "provider/hsm/ecdsa.h"
#include "provider/hsm/private_key.h"

/* ---- Finding --------------------------------------------------------------------------------- */

struct find_work {
    struct hsm_work work;
    const struct hsm_key_match *match;
    struct hsm_found *found;
    unsigned long generation;
};

static CK_RV find_private_work(struct hsm_work *work, const struct hsm_lease *lease)
{
    struct find_work *search = (struct find_work *)work;

    hsm_found_free(search->found);
    search->generation = lease->generation;
    return hsm_find_private(lease, search->match, search->found, &work->call);
}

/* Takes label, id and rule over from what was found. */
static bool key_new(struct hsm_token *token, struct hsm_found *found, unsigned long generation,
                    OSSL_LIB_CTX *libctx, struct hsm_key **key, const struct ska_errors *errors)
{
    struct hsm_entry *entry = &found->entries.list[found->key];
    struct hsm_key *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a key");
    made->token = token;
    made->libctx = libctx;
    made->ska = found->ska;
    made->timestamp = found->timestamp;
    made->private = hsm_attribute_true(&found->parts[HSM_PART_PRIVATE]);
    made->always_authenticate = hsm_attribute_true(&found->parts[HSM_PART_ALWAYS_AUTHENTICATE]);
    made->handle = entry->handle;
    made->generation = generation;
    if (!hsm_found_public(token, found, libctx, &made->public_key, &made->type, errors)) {
        hsm_key_free(made);
        return false;
    }
    made->bits = (unsigned int)EVP_PKEY_get_bits(made->public_key);
    made->label = entry->label;
    made->id = entry->id;
    made->mechanisms = found->parts[HSM_PART_MECHANISMS].value;
    memset(&found->parts[HSM_PART_MECHANISMS].value, 0, sizeof(struct ska_bytes));
    found->parts[HSM_PART_MECHANISMS].present = false;
    made->use_rule = found->use_rule.value;
    memset(&found->use_rule.value, 0, sizeof(found->use_rule.value));
    memset(&entry->label, 0, sizeof(entry->label));
    memset(&entry->id, 0, sizeof(entry->id));
    if (hsm_raw_length(made->type, made->bits) > HSM_SIGNATURE_LIMIT) {
        ska_fail(errors, SKA_R_UNSUPPORTED, "key \"%s\" has %u bits",
                 hsm_show(hsm_key_label(made)).text, made->bits);
        hsm_key_free(made);
        return false;
    }
    *key = made;
    return true;
}

bool hsm_key_find(struct hsm_token *token, const struct hsm_key_match *match, OSSL_LIB_CTX *libctx,
                  struct hsm_key **key, const struct ska_errors *errors)
{
    struct hsm_found found = {0};
    struct find_work search = {{.run = find_private_work}, match, &found, 0};
    bool done = hsm_session_look(token, &search.work, errors) &&
                hsm_found_one(token, match, &found, "private", errors) &&
                key_new(token, &found, search.generation, libctx, key, errors);

    hsm_found_free(&found);
    return done;
}

static CK_RV find_public_work(struct hsm_work *work, const struct hsm_lease *lease)
{
    struct find_work *search = (struct find_work *)work;

    hsm_found_free(search->found);
    return hsm_find_public(lease, search->match, search->found, &work->call);
}

bool hsm_public_key_find(struct hsm_token *token, const struct hsm_key_match *match,
                         OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                         const struct ska_errors *errors)
{
    struct hsm_found found = {0};
    struct find_work search = {{.run = find_public_work}, match, &found, 0};
    bool done = hsm_session_look(token, &search.work, errors) &&
                hsm_found_one(token, match, &found, "public", errors) &&
                hsm_found_public(token, &found, libctx, key, type, errors);

    hsm_found_free(&found);
    return done;
}

/* ---- Its life, and what was read of it ------------------------------------------------------- */

void hsm_key_free(struct hsm_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->public_key);
    ska_bytes_free(&key->label);
    ska_bytes_free(&key->id);
    ska_bytes_free(&key->mechanisms);
    ska_bytes_free(&key->use_rule);
    ska_bytes_free(&key->spki);
    free(key);
}

struct hsm_token *hsm_key_token(const struct hsm_key *key)
{
    return key->token;
}

const char *hsm_key_label(const struct hsm_key *key)
{
    return key->label.data == NULL ? "" : (const char *)key->label.data;
}

struct ska_span hsm_key_id(const struct hsm_key *key)
{
    return ska_span_of(&key->id);
}

enum ska_key_type hsm_key_type(const struct hsm_key *key)
{
    return key->type;
}

EVP_PKEY *hsm_key_public(const struct hsm_key *key)
{
    return key->public_key;
}

/* Encoding takes longer than anything else that is done for a signature here. */
bool hsm_key_spki(struct hsm_key *key, struct ska_span *spki, const struct ska_errors *errors)
{
    struct ska_bytes made = {NULL, 0};

    hsm_lock();
    *spki = ska_span_of(&key->spki);
    hsm_unlock();
    if (spki->data != NULL)
        return true;
    if (!ska_evp_encode(key->public_key, &made, NULL))
        return ska_fail(errors, SKA_R_INTERNAL, "public key of key \"%s\"",
                        hsm_show(hsm_key_label(key)).text);
    hsm_lock();
    if (key->spki.data == NULL) {
        key->spki = made;
        made.data = NULL;
    }
    *spki = ska_span_of(&key->spki);
    hsm_unlock();
    ska_bytes_free(&made);
    return true;
}

struct ska_span hsm_key_use_rule(const struct hsm_key *key)
{
    return atomic_load_explicit(&key->use_rule_forgotten, memory_order_relaxed)
               ? ska_span(NULL, 0)
               : ska_span_of(&key->use_rule);
}

void hsm_key_forget_use_rule(struct hsm_key *key)
{
    atomic_store_explicit(&key->use_rule_forgotten, true, memory_order_relaxed);
}

bool hsm_key_is_ska(const struct hsm_key *key)
{
    return key->ska;
}

bool hsm_key_is_private(const struct hsm_key *key)
{
    return key->private;
}

bool hsm_key_is_timestamp(const struct hsm_key *key)
{
    return key->timestamp;
}

/* ---- Work, and finding again ----------------------------------------------------------------- */

/* That what is found under the key's label and id now is still this key. */
static bool is_this_key(struct hsm_key *key, const struct hsm_key_match *match,
                        const struct hsm_found *found, const struct ska_errors *errors)
{
    enum ska_key_type type = SKA_KEY_RSA;
    EVP_PKEY *public_key = NULL;
    bool same = false;

    if (!hsm_found_one(key->token, match, found, "private", errors) ||
        !hsm_found_public(key->token, found, key->libctx, &public_key, &type, errors))
        return false;
    same = type == key->type && found->ska == key->ska && found->timestamp == key->timestamp &&
           hsm_same_public(public_key, key->public_key);
    EVP_PKEY_free(public_key);
    return same || ska_fail(errors, SKA_R_KEY_NOT_FOUND,
                            "token \"%s\" has another key now under label \"%s\": load it again",
                            hsm_show(key->token->label).text, hsm_show(hsm_key_label(key)).text);
}

/* Work with a key as work in a session. */
struct key_session_work {
    struct hsm_work work;
    struct hsm_key *key;
    struct hsm_key_work *inner;
    const struct ska_errors *errors;
};

static CK_RV find_key_again(struct key_session_work *again, const struct hsm_lease *lease,
                            CK_OBJECT_HANDLE *handle)
{
    struct hsm_key *key = again->key;
    struct hsm_key_match match = {key->label.length > 0 ? ska_span_of(&key->label)
                                                        : ska_span(NULL, 0),
                                  key->id.length > 0 ? hsm_key_id(key) : ska_span(NULL, 0)};
    struct hsm_found found = {0};
    CK_RV rv = hsm_find_private(lease, &match, &found, &again->inner->call);

    if (rv == CKR_OK && !is_this_key(key, &match, &found, again->errors)) {
        again->work.raised = true;
    } else if (rv == CKR_OK) {
        *handle = found.entries.list[found.key].handle;
        hsm_lock();
        key->handle = *handle;
        key->generation = lease->generation;
        hsm_unlock();
    }
    hsm_found_free(&found);
    return rv;
}

static CK_RV run_key_work(struct hsm_work *work, const struct hsm_lease *lease)
{
    struct key_session_work *with_key = (struct key_session_work *)work;
    struct hsm_key *key = with_key->key;
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    bool good = false;
    CK_RV rv = CKR_OK;

    hsm_lock();
    handle = key->handle;
    good = key->generation == lease->generation;
    hsm_unlock();
    if (!good)
        rv = find_key_again(with_key, lease, &handle);
    return rv == CKR_OK && !work->raised ? with_key->inner->run(with_key->inner, lease, handle)
                                         : rv;
}

bool hsm_key_work(struct hsm_key *key, struct hsm_key_work *work, CK_RV *answer,
                  const struct ska_errors *errors)
{
    struct key_session_work with_key = {
        .work = {.run = run_key_work, .only_if_nothing_done = work->only_if_nothing_done},
        .key = key,
        .inner = work,
        .errors = errors};

    return hsm_session_answer(key->token, &with_key.work, answer, errors);
}
