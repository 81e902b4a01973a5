/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SKATSB_FOREIGN_SIGNATURE_H
#define SKATSB_FOREIGN_SIGNATURE_H

#include <openssl/types.h>

#include "simulator/tsb/signing.h"

/*
 * For a fault: a signature of the right shape, in the place of the HSM's, by a key that nobody
 * knows.
 */
bool tsb_foreign_signature(OSSL_LIB_CTX *libctx, const struct tsb_algorithm *algorithm,
                           struct ska_span payload, struct ska_bytes *signature) SKA_MUST_CHECK;

#endif
