/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/public_key.h"

#include <limits.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

EVP_PKEY *public_key_decode(OSSL_LIB_CTX *libctx, struct ska_span spki)
{
    const unsigned char *next = spki.data;
    EVP_PKEY *key = NULL;

    if (spki.length == 0 || spki.length > LONG_MAX)
        return NULL;
    ERR_set_mark();
    key = d2i_PUBKEY_ex(NULL, &next, (long)spki.length, libctx, NULL);
    ERR_pop_to_mark();
    if (key != NULL && next != spki.data + spki.length) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

bool public_key_encode(const EVP_PKEY *key, struct ska_bytes *spki, const struct ska_errors *errors)
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    bool done = false;

    if (length <= 0) {
        ska_fail(errors, SKA_R_BAD_KEY, "its public key cannot be had: %s",
                 ERR_reason_error_string(ERR_peek_last_error()));
        ERR_clear_error();
        return false;
    }
    done = ska_bytes_copy(spki, ska_span(der, (size_t)length), errors);
    OPENSSL_free(der);
    return done;
}

bool public_key_type(const EVP_PKEY *key, enum ska_key_type *type)
{
    static const struct {
        const char *name;
        enum ska_key_type type;
    } types[] = {{"RSA", SKA_KEY_RSA},
                 {"RSA-PSS", SKA_KEY_RSA_PSS},
                 {"EC", SKA_KEY_EC},
                 {"ED25519", SKA_KEY_ED25519},
                 {"ED448", SKA_KEY_ED448}};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (EVP_PKEY_is_a(key, types[i].name)) {
            *type = types[i].type;
            return true;
        }
    return false;
}

bool public_key_equal(OSSL_LIB_CTX *libctx, struct ska_span a, struct ska_span b)
{
    EVP_PKEY *left = NULL;
    EVP_PKEY *right = NULL;
    bool equal = ska_span_equal(a, b);

    if (!equal) {
        left = public_key_decode(libctx, a);
        right = public_key_decode(libctx, b);
        ERR_set_mark();
        equal = left != NULL && right != NULL && EVP_PKEY_eq(left, right) == 1;
        ERR_pop_to_mark();
        EVP_PKEY_free(left);
        EVP_PKEY_free(right);
    }
    return equal;
}
