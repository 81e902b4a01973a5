/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/refusal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "provider/request/approver_signature.h"

/* Their zero bytes are part of them. */
static const char without_reason[] = "SKA-REJECT-1";
static const char with_reason[] = "SKA-REJECT-2";

#define HASH_LENGTH 32

_Static_assert(SKA_REFUSAL_SIZE == sizeof(with_reason) + 2 * (size_t)HASH_LENGTH,
               "both hashes fit");

static bool add_hash(OSSL_LIB_CTX *libctx, struct ska_span of, uint8_t hash[HASH_LENGTH],
                     const struct ska_errors *errors)
{
    return EVP_Q_digest(libctx, "SHA256", NULL, of.data, of.length, hash, NULL) == 1 ||
           ska_fail(errors, SKA_R_INTERNAL, "SHA-256");
}

bool ska_refusal_bytes(OSSL_LIB_CTX *libctx, struct ska_span token, const char *reason,
                       uint8_t bytes[SKA_REFUSAL_SIZE], struct ska_span *message,
                       const struct ska_errors *errors)
{
    const size_t start = sizeof(with_reason);

    memcpy(bytes, reason == NULL ? without_reason : with_reason, start);
    *message = ska_span(bytes, reason == NULL ? start + HASH_LENGTH : SKA_REFUSAL_SIZE);
    return add_hash(libctx, token, bytes + start, errors) &&
           (reason == NULL ||
            add_hash(libctx, ska_span_text(reason), bytes + start + HASH_LENGTH, errors));
}

static bool verifies_with(OSSL_LIB_CTX *libctx, const struct ska_approval *refusal,
                          struct ska_span token, const char *reason)
{
    uint8_t bytes[SKA_REFUSAL_SIZE];
    struct ska_span message = {NULL, 0};

    return ska_refusal_bytes(libctx, token, reason, bytes, &message, NULL) &&
           ska_signature_verify(libctx, ska_span_of(&refusal->public_key), refusal->digest,
                                ska_span_of(&refusal->signature), message);
}

bool ska_refusal_verify(OSSL_LIB_CTX *libctx, struct ska_approval *refusal, struct ska_span token)
{
    if (refusal->reason != NULL && verifies_with(libctx, refusal, token, refusal->reason))
        return true;
    if (!verifies_with(libctx, refusal, token, NULL))
        return false;
    free(refusal->reason);
    refusal->reason = NULL;
    return true;
}
