/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/foreign_signature.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

static bool sign_with_new_key(OSSL_LIB_CTX *libctx, size_t bits, struct ska_span payload,
                              uint8_t *made, size_t *length)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(libctx, NULL, "RSA", bits);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = key != NULL && context != NULL &&
                EVP_DigestSignInit_ex(context, NULL, "SHA256", libctx, NULL, key, NULL) == 1 &&
                EVP_DigestSign(context, made, length, payload.data, payload.length) == 1;

    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return done;
}

bool tsb_foreign_signature(OSSL_LIB_CTX *libctx, const struct tsb_algorithm *algorithm,
                           struct ska_span payload, struct ska_bytes *signature)
{
    uint8_t made[1024];
    size_t length = signature->length < sizeof(made) ? signature->length : sizeof(made);
    bool done = false;

    /* Of ECDSA and EdDSA any numbers below the order will do: the first byte of each half is 0. */
    if (algorithm->key_type == CKK_RSA) {
        length = sizeof(made);
        done = sign_with_new_key(libctx, signature->length * 8, payload, made, &length);
    } else {
        done = RAND_bytes_ex(libctx, made, length, 0) == 1;
        made[0] = made[length / 2] = made[length - 1] = 0;
    }
    if (!done)
        return false;
    ska_bytes_free(signature);
    return ska_bytes_copy(signature, ska_span(made, length), NULL);
}
