/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys: that work with them survives stale handles. */
#include <stdlib.h>

#include <openssl/evp.h>

#include "provider/hsm/private_key.h"
#include "provider/hsm/token.h"

void hsm_key_free(struct backend_key *key)
{
    backend_key_clear(key);
    ska_bytes_free(&hsm_key_of(key)->mechanisms);
    free(hsm_key_of(key));
}

bool hsm_key_is_private(const struct backend_key *key)
{
    return ((const struct hsm_key *)key)->private;
}

const char *hsm_key_token_label(const struct backend_key *key)
{
    return hsm_token_label(((const struct hsm_key *)key)->token);
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
        !hsm_found_public(key->token, found, key->base.libctx, &public_key, &type, errors))
        return false;
    same = type == key->base.type && found->ska == key->base.ska &&
           found->timestamp == key->base.timestamp &&
           hsm_same_public(public_key, key->base.public_key);
    EVP_PKEY_free(public_key);
    return same ||
           ska_fail(errors, SKA_R_KEY_NOT_FOUND,
                    "token \"%s\" now has a different key under label \"%s\": load it again",
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
    const struct ska_span any = {NULL, 0};
    struct hsm_key_match match = {key->base.label.length > 0 ? ska_span_of(&key->base.label) : any,
                                  key->base.id.length > 0 ? ska_span_of(&key->base.id) : any};
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
