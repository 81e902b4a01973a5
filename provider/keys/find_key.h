/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a URI to a key, wherever keys are (key_place.h).
 */
#ifndef SKA_KEYS_FIND_KEY_H
#define SKA_KEYS_FIND_KEY_H

#include "provider/base/settings.h"
#include "provider/hsm/look_up.h"

/* Whether the settings are enough to look for keys, without asking a person for a PIN. */
bool keys_can_be_asked(const struct ska_settings *settings);

/*
 * The private key that the URI in `wanted` names. Errors as of hsm_look_up_key(); of a broker as of
 * tsb_key_find(), and SKA_R_BAD_URI for a URI that has no label or more than one.
 */
bool keys_find(const struct ska_settings *settings, const struct hsm_look_up *wanted,
               OSSL_LIB_CTX *libctx, struct backend_key **key,
               const struct ska_errors *errors) SKA_MUST_CHECK;

/* The public key that it names; of a broker that of the private key. */
bool keys_find_public(const struct ska_settings *settings, const struct hsm_look_up *wanted,
                      OSSL_LIB_CTX *libctx, EVP_PKEY **key, enum ska_key_type *type,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
