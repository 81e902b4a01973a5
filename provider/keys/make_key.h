/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a key pair, wherever keys are.
 */
#ifndef SKA_KEYS_MAKE_KEY_H
#define SKA_KEYS_MAKE_KEY_H

#include "provider/backend/backend_key_template.h"
#include "provider/keys/find_key.h"

/*
 * Whether such a key can be made where the URI says, as far as that is known without asking
 * anybody. SKA_R_UNSUPPORTED, SKA_R_BAD_POLICY, SKA_R_BAD_URI.
 */
bool keys_can_make(const struct ska_settings *settings, const struct hsm_uri *uri,
                   const struct backend_key_template *template_,
                   const struct ska_errors *errors) SKA_MUST_CHECK;

/*
 * Makes it. Errors as of hsm_key_generate(), or of tsb_key_create(). Free the key with
 * backend_key_free().
 */
bool keys_make(const struct ska_settings *settings, const struct hsm_look_up *wanted,
               const struct backend_key_template *template_, OSSL_LIB_CTX *libctx,
               struct backend_key **key, const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
