/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of signature contexts: the usual ones, and those of approvals.
 */
#ifndef SKA_PROVIDER_SIGNATURE_PARAMS_H
#define SKA_PROVIDER_SIGNATURE_PARAMS_H

#include "provider/signature_context.h"

OSSL_FUNC_signature_set_ctx_params_fn ska_signature_set_params;
OSSL_FUNC_signature_get_ctx_params_fn ska_signature_get_params;
OSSL_FUNC_signature_settable_ctx_params_fn ska_signature_settable_rsa, ska_signature_settable_ec,
    ska_signature_settable_edwards;
OSSL_FUNC_signature_gettable_ctx_params_fn ska_signature_gettable_rsa, ska_signature_gettable_other;
bool ska_signature_set_digest(struct ska_signature *signature, const char *name) SKA_MUST_CHECK;

#endif
