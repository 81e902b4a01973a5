/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/make_key.h"

#include "provider/hsm/key_generate.h"
#include "provider/tsb/key_create.h"

bool keys_can_make(const struct ska_settings *settings, const struct hsm_uri *uri,
                   const struct backend_key_template *template_, const struct ska_errors *errors)
{
    struct tsb_connection *connection = NULL;

    return keys_are_on_tokens(settings, uri) ||
           (keys_find_broker(settings, uri, &connection, errors) &&
            tsb_key_check(template_, errors));
}

static bool make_on_token(const struct hsm_look_up *wanted,
                          const struct backend_key_template *template_, OSSL_LIB_CTX *libctx,
                          struct backend_key **key, const struct ska_errors *errors)
{
    const struct hsm_key_match match = {ska_span_text(template_->label), template_->id};
    struct hsm_token *token = NULL;

    return hsm_locate(wanted->uri, wanted->defaults, &token, errors) &&
           hsm_token_login(token, &wanted->source, errors) &&
           hsm_key_generate(token, template_, errors) &&
           hsm_key_find(token, &match, libctx, key, errors);
}

bool keys_make(const struct ska_settings *settings, const struct hsm_look_up *wanted,
               const struct backend_key_template *template_, OSSL_LIB_CTX *libctx,
               struct backend_key **key, const struct ska_errors *errors)
{
    struct tsb_connection *connection = NULL;

    return keys_are_on_tokens(settings, wanted->uri)
               ? make_on_token(wanted, template_, libctx, key, errors)
               : keys_find_broker(settings, wanted->uri, &connection, errors) &&
                     tsb_key_create(connection, template_, libctx, key, errors);
}
