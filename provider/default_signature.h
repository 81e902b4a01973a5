/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the default provider does with the software key inside a key of ours.
 */
#ifndef SKA_PROVIDER_DEFAULT_SIGNATURE_H
#define SKA_PROVIDER_DEFAULT_SIGNATURE_H

#include "provider/signature_context.h"

bool ska_software_sign_init(struct ska_signature *signature, struct ska_key *key,
                            const OSSL_PARAM params[]) SKA_MUST_CHECK;
bool ska_software_digest_sign_init(struct ska_signature *signature, struct ska_key *key,
                                   const char *digest, const OSSL_PARAM params[]) SKA_MUST_CHECK;
OSSL_FUNC_signature_verify_init_fn ska_verify_init;
OSSL_FUNC_signature_verify_fn ska_verify;
OSSL_FUNC_signature_verify_recover_init_fn ska_verify_recover_init;
OSSL_FUNC_signature_verify_recover_fn ska_verify_recover;
OSSL_FUNC_signature_digest_verify_init_fn ska_digest_verify_init;
OSSL_FUNC_signature_digest_verify_update_fn ska_digest_verify_update;
OSSL_FUNC_signature_digest_verify_final_fn ska_digest_verify_final;
OSSL_FUNC_signature_digest_verify_fn ska_digest_verify;
bool ska_software_ctx_dup(struct ska_signature *to,
                          const struct ska_signature *from) SKA_MUST_CHECK;
void ska_software_ctx_reset(struct ska_signature *signature);

#endif
