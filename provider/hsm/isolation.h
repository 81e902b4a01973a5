/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call into a module is made with HSM_CALL(). Modules use libcrypto too, with the thread's
 * default library context, in which this very provider may be active; and they leave errors in the
 * thread's queue. So a call runs with a private context as the thread's default, and what it adds
 * to the queue is dropped.
 */
#ifndef SKA_HSM_ISOLATION_H
#define SKA_HSM_ISOLATION_H

#include <openssl/types.h>

#include "provider/hsm/cryptoki.h"

#define HSM_CALL(call) (hsm_isolation_enter(), hsm_isolation_leave(call))

void hsm_isolation_enter(void);
CK_RV hsm_isolation_leave(CK_RV rv);

/* Once before the first call. */
bool hsm_isolation_init(const struct ska_errors *errors) SKA_MUST_CHECK;

/* The private context: the default provider and nothing else. */
OSSL_LIB_CTX *hsm_isolation_libctx(void);

#endif
