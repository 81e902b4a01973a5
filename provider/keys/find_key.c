/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/keys/find_key.h"

#include "provider/keys/key_place.h"

bool keys_can_be_asked(const struct ska_settings *settings)
{
    return settings->tsb_url != NULL ||
           (settings->pkcs11_module != NULL && settings->pin_source != NULL);
}

bool keys_find(const struct ska_settings *settings, const struct hsm_look_up *wanted,
               OSSL_LIB_CTX *libctx, struct backend_key **key, const struct ska_errors *errors)
{
    return key_place_of(settings, wanted->uri)->find(settings, wanted, libctx, key, errors);
}

bool keys_find_public(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                      OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                      const struct ska_errors *errors)
{
    return key_place_of(settings, wanted->uri)
        ->find_public(settings, wanted, libctx, key, type, errors);
}
