/* SPDX-License-Identifier: Apache-2.0 */
#include "simulator/tsb/rsa_padding.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "provider/base/evp_key.h"

#define MODULUS_MOST 1024

/* ---- Encrypting ------------------------------------------------------------------------------ */

static int padding_number(enum tsb_rsa_padding padding)
{
    if (padding == TSB_RSA_OAEP)
        return RSA_PKCS1_OAEP_PADDING;
    return padding == TSB_RSA_PKCS1 ? RSA_PKCS1_PADDING : RSA_NO_PADDING;
}

static bool set_padding(EVP_PKEY_CTX *context, enum tsb_rsa_padding padding, const char *digest)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, padding_number(padding)) == 1 &&
           (padding != TSB_RSA_OAEP ||
            (EVP_PKEY_CTX_set_rsa_oaep_md_name(context, digest, NULL) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, digest, NULL) == 1));
}

static bool fill_with_zeros(EVP_PKEY *key, struct ska_span data, struct ska_bytes *filled)
{
    size_t length = (size_t)EVP_PKEY_get_size(key);

    if (data.length > length)
        return false;
    filled->data = calloc(1, length + 1);
    if (filled->data == NULL)
        return false;
    filled->length = length;
    memcpy(filled->data + length - data.length, data.data, data.length);
    return true;
}

static bool encrypt_to_key(EVP_PKEY_CTX *context, struct ska_span data, struct ska_bytes *encrypted)
{
    uint8_t room[MODULUS_MOST];
    size_t length = sizeof(room);

    return EVP_PKEY_encrypt(context, room, &length, data.data, data.length) == 1 &&
           ska_bytes_copy(encrypted, ska_span(room, length), NULL);
}

bool tsb_rsa_encrypt(OSSL_LIB_CTX *libctx, struct ska_span spki, enum tsb_rsa_padding padding,
                     const char *digest, struct ska_span data, struct ska_bytes *encrypted)
{
    EVP_PKEY *key = ska_evp_decode(libctx, spki);
    EVP_PKEY_CTX *context = key == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(libctx, key, NULL);
    struct ska_bytes filled = {NULL, 0};
    bool done = context != NULL && EVP_PKEY_get_size(key) <= MODULUS_MOST &&
                EVP_PKEY_encrypt_init(context) == 1 && set_padding(context, padding, digest);

    if (done && padding == TSB_RSA_NONE) {
        done = fill_with_zeros(key, data, &filled);
        data = ska_span_of(&filled);
    }
    done = done && encrypt_to_key(context, data, encrypted);
    ska_bytes_clear_free(&filled);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return done;
}

/* ---- OAEP (RFC 8017, 7.1.2) ------------------------------------------------------------------ */

static bool add_mgf1(OSSL_LIB_CTX *libctx, const char *digest, struct ska_span seed,
                     uint8_t *output, size_t length)
{
    uint8_t input[MODULUS_MOST + 4];
    uint8_t hash[EVP_MAX_MD_SIZE];
    size_t hashed = 0;

    memcpy(input, seed.data, seed.length);
    for (size_t i = 0, at = 0; at < length; i++) {
        const uint8_t counter[] = {0, 0, (uint8_t)(i >> 8), (uint8_t)i};

        memcpy(input + seed.length, counter, sizeof(counter));
        if (EVP_Q_digest(libctx, digest, NULL, input, seed.length + sizeof(counter), hash,
                         &hashed) != 1)
            return false;
        for (size_t j = 0; j < hashed && at < length; j++)
            output[at++] ^= hash[j];
    }
    return true;
}

/* Behind zeros and a one in what is left after the hash of the empty label. */
static bool take_message(struct ska_span rest, struct ska_bytes *plain)
{
    size_t i = 0;

    while (i < rest.length && rest.data[i] == 0)
        i++;
    return i < rest.length && rest.data[i] == 1 &&
           ska_bytes_copy(plain, ska_span(rest.data + i + 1, rest.length - i - 1), NULL);
}

static bool open_block(OSSL_LIB_CTX *libctx, const char *digest, uint8_t *block, size_t length,
                       struct ska_bytes *plain)
{
    uint8_t label[EVP_MAX_MD_SIZE];
    size_t hashed = 0;
    uint8_t *seed = block + 1;
    uint8_t *data = NULL;
    size_t data_length = 0;

    if (EVP_Q_digest(libctx, digest, NULL, "", 0, label, &hashed) != 1 || length < 2 * hashed + 2 ||
        block[0] != 0)
        return false;
    data = seed + hashed;
    data_length = length - hashed - 1;
    return add_mgf1(libctx, digest, ska_span(data, data_length), seed, hashed) &&
           add_mgf1(libctx, digest, ska_span(seed, hashed), data, data_length) &&
           CRYPTO_memcmp(data, label, hashed) == 0 &&
           take_message(ska_span(data + hashed, data_length - hashed), plain);
}

bool tsb_oaep_remove(OSSL_LIB_CTX *libctx, const char *digest, struct ska_span block,
                     struct ska_bytes *plain)
{
    uint8_t copy[MODULUS_MOST];
    bool done = false;

    if (block.length > sizeof(copy))
        return false;
    memcpy(copy, block.data, block.length);
    done = open_block(libctx, digest, copy, block.length, plain);
    OPENSSL_cleanse(copy, sizeof(copy));
    return done;
}
