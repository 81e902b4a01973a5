/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/look_up.h"

#include "provider/base/error_capture.h"
#include "provider/hsm/fork.h"
#include "provider/hsm/list.h"
#include "provider/hsm/state.h"

/* ---- In one token ---------------------------------------------------------------------------- */

/* Whether a login may help against a failure. */
static bool is_for_want_of_login(enum ska_reason reason)
{
    return reason == SKA_R_KEY_NOT_FOUND || reason == SKA_R_PIN_MISSING;
}

/* As far as is known without asking the module. */
static bool is_believed_logged_in(const struct hsm_token *token)
{
    bool believed = false;

    hsm_lock();
    believed = token->logged_in;
    hsm_unlock();
    return believed;
}

static bool log_in_and_look(const struct hsm_look_up *wanted, struct hsm_token *token,
                            hsm_look *look, void *arg, const struct ska_errors *errors)
{
    return hsm_token_login(token, &wanted->source, errors) && look(arg, token, errors);
}

static bool look_in_token(const struct hsm_look_up *wanted, struct hsm_token *token, hsm_look *look,
                          void *arg, const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);
    const bool believed = is_believed_logged_in(token);
    bool done = look(arg, token, &quiet);

    if (done)
        hsm_token_keep_source(token, &wanted->source);
    else if (is_for_want_of_login(failure.reason) &&
             hsm_token_wants_login(token, &wanted->source, wanted->private_key))
        done = log_in_and_look(wanted, token, look, arg, errors);
    /* Another thread may have logged in while this one looked without a login. */
    else if (is_for_want_of_login(failure.reason) && !believed && hsm_token_logged_in(token))
        done = look(arg, token, errors);
    else
        ska_error_capture_raise(&failure, errors);
    ska_error_capture_clear(&failure);
    return done;
}

/* ---- In tokens that are alike ---------------------------------------------------------------- */

static bool count_object(void *arg, const struct hsm_object *object)
{
    (void)object;
    *(bool *)arg = true;
    return false;
}

/* Whether something of the name shows in it: another slot of the card may have another PIN. */
static bool shows_something(const struct hsm_uri *uri, struct hsm_token *token)
{
    const struct hsm_object_match match = {HSM_OBJECT_ANY, ska_span_of(&uri->object),
                                           ska_span_of(&uri->id)};
    bool any = false;

    return hsm_object_list(token, &match, count_object, &any, NULL) && any;
}

/* First without a login, then with one, where something shows before where nothing does. */
static bool look_in_alike(const struct hsm_look_up *wanted, const struct hsm_tokens *tokens,
                          hsm_look *look, void *arg, const struct ska_errors *errors)
{
    struct ska_error_capture failure = {0};
    const struct ska_errors quiet = ska_error_capture(&failure);

    for (size_t i = 0; i < tokens->count; i++)
        if (look(arg, tokens->list[i], NULL)) {
            hsm_token_keep_source(tokens->list[i], &wanted->source);
            return true;
        }
    for (int shown = 1; shown >= 0; shown--)
        for (size_t i = 0; i < tokens->count; i++) {
            if (shows_something(wanted->uri, tokens->list[i]) != (shown == 1))
                continue;
            ska_error_capture_clear(&failure);
            if (look_in_token(wanted, tokens->list[i], look, arg, &quiet))
                return true;
            /* Tried in each of them, a wrong PIN would soon lock the card that they are. */
            if (failure.reason == SKA_R_PIN_INCORRECT || failure.reason == SKA_R_PIN_LOCKED)
                goto out;
        }
out:
    ska_error_capture_raise(&failure, errors);
    ska_error_capture_clear(&failure);
    return false;
}

bool hsm_look_up(const struct hsm_look_up *wanted, hsm_look *look, void *arg,
                 const struct ska_errors *errors)
{
    struct hsm_tokens tokens = {.count = 0};

    if (!hsm_locate_alike(wanted->uri, wanted->defaults, &tokens, errors))
        return false;
    return tokens.count == 1 ? look_in_token(wanted, tokens.list[0], look, arg, errors)
                             : look_in_alike(wanted, &tokens, look, arg, errors);
}

/* ---- What is looked for ---------------------------------------------------------------------- */

struct key_look {
    const struct hsm_look_up *wanted;
    struct hsm_key_match match;
    OSSL_LIB_CTX *libctx;
    struct backend_key *key;
    EVP_PKEY *public_key;
    enum ska_key_type type;
};

static struct key_look key_look_for(const struct hsm_look_up *wanted, OSSL_LIB_CTX *libctx)
{
    struct key_look look = {.wanted = wanted, .libctx = libctx};

    look.match.label = ska_span_of(&wanted->uri->object);
    look.match.id = ska_span_of(&wanted->uri->id);
    return look;
}

/* A private object that shows without a login cannot be used without one. */
static bool look_for_key(void *arg, struct hsm_token *token, const struct ska_errors *errors)
{
    struct key_look *look = arg;

    if (!hsm_key_find(token, &look->match, look->libctx, &look->key, errors))
        return false;
    if (!hsm_key_is_private(look->key) ||
        !hsm_token_wants_login(token, &look->wanted->source, look->wanted->private_key))
        return true;
    backend_key_free(look->key);
    look->key = NULL;
    return ska_fail(errors, SKA_R_PIN_MISSING, "token \"%s\": the key requires a login",
                    hsm_token_label(token));
}

bool hsm_look_up_key(const struct hsm_look_up *wanted, OSSL_LIB_CTX *libctx,
                     struct backend_key **key, const struct ska_errors *errors)
{
    struct key_look look = key_look_for(wanted, libctx);
    bool done = hsm_look_up(wanted, look_for_key, &look, errors);

    if (done)
        *key = look.key;
    return done;
}

static bool look_for_public(void *arg, struct hsm_token *token, const struct ska_errors *errors)
{
    struct key_look *look = arg;

    return hsm_public_key_find(token, &look->match, look->libctx, &look->public_key, &look->type,
                               errors);
}

bool hsm_look_up_public(const struct hsm_look_up *wanted, OSSL_LIB_CTX *libctx, EVP_PKEY **key,
                        enum ska_key_type *type, const struct ska_errors *errors)
{
    struct key_look look = key_look_for(wanted, libctx);
    bool done = hsm_look_up(wanted, look_for_public, &look, errors);

    if (done) {
        *key = look.public_key;
        *type = look.type;
    }
    return done;
}

bool hsm_look_up_tokens(const struct hsm_look_up *wanted, struct hsm_tokens *tokens,
                        const struct ska_errors *errors)
{
    if (!hsm_locate_all(wanted->uri, wanted->defaults, tokens, errors))
        return false;
    return tokens->count > 1 ||
           !hsm_token_wants_login(tokens->list[0], &wanted->source, wanted->private_key) ||
           hsm_token_login(tokens->list[0], &wanted->source, errors);
}
