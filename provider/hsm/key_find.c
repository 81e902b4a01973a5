/* SPDX-License-Identifier: Apache-2.0 */
/* From a name to a key, and the table of what such a key can be asked to do. */
#include "provider/hsm/key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/backend/signature_form.h"
#include "provider/hsm/private_key.h"

/* A timestamp key is on the token of the key that it is for. */
static bool find_timestamp_key(struct backend_key *key, const char *label,
                               struct backend_key **found, const struct ska_errors *errors)
{
    const struct hsm_key_match match = {ska_span_text(label), {NULL, 0}};

    return hsm_key_find(hsm_key_of(key)->token, &match, key->libctx, found, errors);
}

static const struct backend hsm_backend = {
    .word = BACKEND_WORD_OF_HSM,
    .key_free = hsm_key_free,
    .token_label = hsm_key_token_label,
    .key_state = hsm_key_state,
    .key_input = hsm_key_input,
    .key_sign = hsm_key_sign,
    .key_decrypt = hsm_key_decrypt,
    .key_derive = hsm_key_derive,
    .timestamp_key = find_timestamp_key,
    .timestamp_make = hsm_timestamp_make,
    .create_token = hsm_create_token,
    .modify_payload = hsm_modify_payload,
    .ska_sign = hsm_ska_sign,
    .ska_change = hsm_ska_change,
};

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
                    OSSL_LIB_CTX *libctx, struct backend_key **key, const struct ska_errors *errors)
{
    struct hsm_entry *entry = &found->entries.list[found->key];
    struct hsm_key *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return ska_fail(errors, SKA_R_OUT_OF_MEMORY, "a key");
    made->base.backend = &hsm_backend;
    made->token = token;
    made->base.libctx = libctx;
    made->base.ska = found->ska;
    made->base.timestamp = found->timestamp;
    made->private = hsm_attribute_true(&found->parts[HSM_PART_PRIVATE]);
    made->always_authenticate = hsm_attribute_true(&found->parts[HSM_PART_ALWAYS_AUTHENTICATE]);
    made->handle = entry->handle;
    made->generation = generation;
    if (!hsm_found_public(token, found, libctx, &made->base.public_key, &made->base.type, errors)) {
        hsm_key_free(&made->base);
        return false;
    }
    made->base.bits = (unsigned int)EVP_PKEY_get_bits(made->base.public_key);
    made->base.label = entry->label;
    made->base.id = entry->id;
    made->mechanisms = found->parts[HSM_PART_MECHANISMS].value;
    memset(&found->parts[HSM_PART_MECHANISMS].value, 0, sizeof(struct ska_bytes));
    found->parts[HSM_PART_MECHANISMS].present = false;
    made->base.use_rule = found->use_rule.value;
    memset(&found->use_rule.value, 0, sizeof(found->use_rule.value));
    memset(&entry->label, 0, sizeof(entry->label));
    memset(&entry->id, 0, sizeof(entry->id));
    if (backend_raw_length(made->base.type, made->base.bits) > BACKEND_SIGNATURE_LIMIT) {
        ska_fail(errors, SKA_R_UNSUPPORTED, "key \"%s\" has %u bits",
                 hsm_show(hsm_key_label(made)).text, made->base.bits);
        hsm_key_free(&made->base);
        return false;
    }
    *key = &made->base;
    return true;
}

bool hsm_key_find(struct hsm_token *token, const struct hsm_key_match *match, OSSL_LIB_CTX *libctx,
                  struct backend_key **key, const struct ska_errors *errors)
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
