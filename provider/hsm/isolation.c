/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/hsm/cryptoki.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "provider/base/private_libctx.h"
#include "provider/hsm/fork.h"

/* The thread's own default while it is inside a module. */
static _Thread_local OSSL_LIB_CTX *outside;
static _Thread_local unsigned int depth;

void hsm_isolation_enter(void)
{
    if (depth++ == 0) {
        hsm_call_begin();
        ERR_set_mark();
        outside = OSSL_LIB_CTX_set0_default(ska_private_libctx());
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
