/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that have nothing to do with a token. libcrypto asks whichever provider was activated first
 * to generate a key; where that is this one, the default provider makes the key, and it is held for
 * libcrypto so that the order of activation does not matter.
 */
#ifndef SKA_DEFAULT_KEY_H
#define SKA_DEFAULT_KEY_H

#include "provider/key.h"

/* A copy of a whole software key. NULL: it cannot be copied. */
struct ska_key *ska_software_dup(const struct ska_key *key);

OSSL_FUNC_keymgmt_set_params_fn ska_software_set_params;
OSSL_FUNC_keymgmt_settable_params_fn ska_software_settable_params;

void *ska_generation_new(struct ska_provider *provider, enum ska_key_type type, int selection,
                         const OSSL_PARAM params[]);
OSSL_FUNC_keymgmt_gen_set_template_fn ska_generation_set_template;
OSSL_FUNC_keymgmt_gen_set_params_fn ska_generation_set_params;
OSSL_FUNC_keymgmt_gen_settable_params_fn ska_generation_settable_rsa, ska_generation_settable_ec,
    ska_generation_settable_edwards;
OSSL_FUNC_keymgmt_gen_fn ska_generation_run;
OSSL_FUNC_keymgmt_gen_cleanup_fn ska_generation_free;

#endif
