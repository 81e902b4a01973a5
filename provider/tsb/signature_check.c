/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/tsb/signature_check.h"

#include <openssl/evp.h>

#include "provider/base/evp_verify.h"

/*
 * A copy of the key's own, which nobody sets anything in: libcrypto's search for the algorithm
 * takes twenty times as long as a copy. NULL: none can be made.
 */
static EVP_PKEY_CTX *verifier_of(struct tsb_key *key)
{
    EVP_PKEY_CTX *kept = atomic_load_explicit(&key->verifier, memory_order_acquire);
    EVP_PKEY_CTX *made = NULL;

    if (kept != NULL)
        return EVP_PKEY_CTX_dup(kept);
    made = ska_evp_verifier(key->base.libctx, key->base.public_key);
    if (made == NULL)
        return NULL;
    if (atomic_compare_exchange_strong(&key->verifier, &kept, made))
        return EVP_PKEY_CTX_dup(made);
    EVP_PKEY_CTX_free(made); /* another thread was quicker */
    return EVP_PKEY_CTX_dup(kept);
}

bool tsb_signature_verifies(struct tsb_key *key, const struct ska_mechanism *mechanism,
                            struct ska_span payload, struct ska_span signature)
{
    EVP_PKEY_CTX *verifier = mechanism->form == SKA_PAYLOAD_DIGEST ? verifier_of(key) : NULL;
    bool same = ska_evp_verifies(key->base.libctx, key->base.public_key, verifier, mechanism,
                                 payload, signature);

    EVP_PKEY_CTX_free(verifier);
    return same;
}
