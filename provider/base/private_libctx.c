/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/base/private_libctx.h"

#include <stdatomic.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

/*
 * Never freed: a module keeps what it fetched from it until the very end of the process, after any
 * moment at which we could free it.
 */
static _Atomic(OSSL_LIB_CTX *) private_libctx;

static _Atomic(EVP_MD *) digests[SKA_DIGEST_COUNT];

/*
 * libcrypto registers its exit handler before any module is loaded, so that it runs after those of
 * modules, which still use it: SoftHSM 2.6.1 crashes otherwise.
 */
static OSSL_LIB_CTX *libctx_with_default(OSSL_PROVIDER **provider)
{
    OSSL_LIB_CTX *libctx = OPENSSL_init_crypto(0, NULL) ? OSSL_LIB_CTX_new() : NULL;

    *provider = libctx == NULL ? NULL : OSSL_PROVIDER_load(libctx, "default");
    if (*provider == NULL) {
        OSSL_LIB_CTX_free(libctx);
        libctx = NULL;
    }
    return libctx;
}

/*
 * Two threads may both make one, and one of them is freed: a lock could be held by another thread
 * while this process is forked.
 */
bool ska_private_libctx_make(const struct ska_errors *errors)
{
    OSSL_PROVIDER *provider = NULL;
    OSSL_LIB_CTX *none = NULL;
    OSSL_LIB_CTX *made = NULL;

    if (atomic_load(&private_libctx) != NULL)
        return true;
    ERR_set_mark();
    made = libctx_with_default(&provider);
    ERR_pop_to_mark();
    if (made == NULL)
        return ska_fail(errors, SKA_R_INTERNAL,
                        "a libcrypto library context with the default provider cannot be created");
    if (!atomic_compare_exchange_strong(&private_libctx, &none, made)) {
        OSSL_PROVIDER_unload(provider);
        OSSL_LIB_CTX_free(made);
    }
    return true;
}

OSSL_LIB_CTX *ska_private_libctx(void)
{
    return atomic_load_explicit(&private_libctx, memory_order_acquire);
}

const EVP_MD *ska_private_digest(enum ska_digest digest)
{
    EVP_MD *known = atomic_load_explicit(&digests[digest], memory_order_acquire);
    EVP_MD *fetched = NULL;

    if (known != NULL)
        return known;
    fetched = EVP_MD_fetch(ska_private_libctx(), ska_digest_name(digest), NULL);
    if (fetched != NULL && !atomic_compare_exchange_strong(&digests[digest], &known, fetched)) {
        EVP_MD_free(fetched);
        return known;
    }
    return fetched;
}
