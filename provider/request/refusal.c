/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/request/refusal.h"

#include <string.h>

#include <openssl/evp.h>

#include "provider/request/approver_signature.h"

bool ska_refusal_bytes(OSSL_LIB_CTX *libctx, struct ska_span token,
                       uint8_t bytes[SKA_REFUSAL_LENGTH], const struct ska_errors *errors)
{
    static const char prefix[] = "SKA-REJECT-1"; /* its zero byte is part of it */

    memcpy(bytes, prefix, sizeof(prefix));
    return EVP_Q_digest(libctx, "SHA256", NULL, token.data, token.length, bytes + sizeof(prefix),
                        NULL) == 1 ||
           ska_fail(errors, SKA_R_INTERNAL, "SHA-256");
}

bool ska_refusal_verify(OSSL_LIB_CTX *libctx, const struct ska_approval *refusal,
                        struct ska_span token)
{
    uint8_t bytes[SKA_REFUSAL_LENGTH];

    return ska_refusal_bytes(libctx, token, bytes, NULL) &&
           ska_signature_verify(libctx, ska_span_of(&refusal->public_key), refusal->digest,
                                ska_span_of(&refusal->signature), ska_span(bytes, sizeof(bytes)));
}
