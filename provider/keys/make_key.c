/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/make_key.h"

#include "provider/keys/key_place.h"

bool keys_can_make(const struct ska_settings *settings, const struct hsm_uri *uri,
                   const struct backend_key_template *template_, const struct ska_errors *errors)
{
    return key_place_of(settings, uri)->can_make(settings, uri, template_, errors);
}

bool keys_make(const struct ska_settings *settings, const struct hsm_look_up *wanted,
               const struct backend_key_template *template_, OSSL_LIB_CTX *libctx,
               struct backend_key **key, const struct ska_errors *errors)
{
    return key_place_of(settings, wanted->uri)
        ->make(settings, wanted, template_, libctx, key, errors);
}
