/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generating key pairs, ordinary and SKA.
 */
#ifndef SKA_HSM_KEY_GENERATE_H
#define SKA_HSM_KEY_GENERATE_H

#include "provider/backend/backend_key_template.h"

struct hsm_token;
struct hsm_uri;

/*
 * Label and id from a URI that names a key that is to be made; both are borrowed. SKA_R_BAD_URI: it
 * has no label, or one that is not UTF-8, or names something else than a private key.
 */
bool hsm_key_template_name(struct backend_key_template *template_, const struct hsm_uri *uri,
                           const struct ska_errors *errors) SKA_MUST_CHECK;

/* SKA_R_BAD_POLICY: the HSM does not take these rules, as in SAM mode. */
bool hsm_key_generate(struct hsm_token *token, const struct backend_key_template *template_,
                      const struct ska_errors *errors) SKA_MUST_CHECK;

#endif
