/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/cryptoki.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include "provider/hsm/fork.h"

/*
 * Never freed: a module keeps what it fetched from it until the very end of the process, after any
 * moment at which we could free it.
 */
static OSSL_LIB_CTX *private_libctx;
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;

/* The thread's own default while it is inside a module. */
static _Thread_local OSSL_LIB_CTX *outside;
static _Thread_local unsigned int depth;

/*
 * libcrypto registers its exit handler before any module is loaded, so that it runs after those of
 * modules, which still use it: SoftHSM 2.6.1 crashes otherwise.
 */
static void make_private_libctx(void)
{
    OSSL_LIB_CTX *libctx = OPENSSL_init_crypto(0, NULL) ? OSSL_LIB_CTX_new() : NULL;

    if (libctx != NULL && OSSL_PROVIDER_load(libctx, "default") == NULL) {
        OSSL_LIB_CTX_free(libctx);
        libctx = NULL;
    }
    private_libctx = libctx;
}

bool hsm_isolation_init(const struct ska_errors *errors)
{
    ERR_set_mark();
    if (!CRYPTO_THREAD_run_once(&once, make_private_libctx))
        private_libctx = NULL;
    ERR_pop_to_mark();
    return private_libctx != NULL ||
           ska_fail(errors, SKA_R_INTERNAL,
                    "no library context of libcrypto with its default provider can be made");
}

OSSL_LIB_CTX *hsm_isolation_libctx(void)
{
    return private_libctx;
}

void hsm_isolation_enter(void)
{
    if (depth++ == 0) {
        hsm_call_begin();
        ERR_set_mark();
        outside = OSSL_LIB_CTX_set0_default(private_libctx);
    }
}

CK_RV hsm_isolation_leave(CK_RV rv)
{
    if (--depth == 0) {
        OSSL_LIB_CTX_set0_default(outside);
        outside = NULL;
        ERR_pop_to_mark();
        hsm_call_end();
    }
    return rv;
}
