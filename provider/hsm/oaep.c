/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing branches on what is in the block, and nothing is looked up by it, until all is decided.
 */
#include "provider/hsm/oaep.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* All ones where the numbers are the same, else zero. */
static size_t mask_if_equal(size_t a, size_t b)
{
    const size_t difference = a ^ b;

    return ((difference | ((size_t)0 - difference)) >> (8 * sizeof(size_t) - 1)) - 1;
}

/* XORs MGF1 of `seed` over the output. `room` has space for four bytes more than the seed. */
static bool xor_mgf1(OSSL_LIB_CTX *libctx, const char *digest, struct ska_span seed, uint8_t *room,
                     uint8_t *output, size_t length)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    size_t hashed = 0;
    bool done = true;

    memcpy(room, seed.data, seed.length);
    for (size_t i = 0, at = 0; done && at < length; i++) {
        const uint8_t counter[] = {0, 0, (uint8_t)(i >> 8), (uint8_t)i};

        memcpy(room + seed.length, counter, sizeof(counter));
        done = EVP_Q_digest(libctx, digest, NULL, room, seed.length + sizeof(counter), hash,
                            &hashed) == 1;
        for (size_t j = 0; done && j < hashed && at < length; j++)
            output[at++] ^= hash[j];
    }
    OPENSSL_cleanse(hash, sizeof(hash));
    return done;
}

static bool unmask(OSSL_LIB_CTX *libctx, const char *digest, uint8_t *seed, size_t seed_length,
                   uint8_t *data, size_t data_length)
{
    uint8_t room[BACKEND_SIGNATURE_LIMIT + 4];
    bool done = xor_mgf1(libctx, digest, ska_span(data, data_length), room, seed, seed_length) &&
                xor_mgf1(libctx, digest, ska_span(seed, seed_length), room, data, data_length);

    OPENSSL_cleanse(room, sizeof(room));
    return done;
}

/*
 * Behind the hash of the label: zeros, a one, and what was encrypted, of which it tells the length.
 * The mask is all ones where that is so.
 */
static size_t find_message(const uint8_t *data, size_t data_length, size_t *length)
{
    size_t good = SIZE_MAX;
    size_t found = 0; /* all ones once the one was met */

    *length = 0;
    for (size_t i = 0; i < data_length; i++) {
        const size_t one = mask_if_equal(data[i], 1);
        const size_t zero = mask_if_equal(data[i], 0);

        *length |= ~found & one & (data_length - i - 1);
        good &= found | one | zero;
        found |= one;
    }
    return good & found;
}

bool hsm_oaep_remove(OSSL_LIB_CTX *libctx, const struct backend_encryption *how, uint8_t *block,
                     size_t block_length, size_t *length)
{
    const char *digest = ska_digest_name(how->digest);
    const char *mgf1 = ska_digest_name(how->mgf1_digest);
    const size_t hash_length = ska_digest_length(how->digest);
    uint8_t label[EVP_MAX_MD_SIZE];
    uint8_t *data = block + 1 + hash_length;
    size_t data_length = 0;
    size_t good = 0;

    if (digest == NULL || mgf1 == NULL || block_length > BACKEND_SIGNATURE_LIMIT ||
        block_length < 2 * hash_length + 2)
        return false;
    data_length = block_length - 1 - hash_length;
    if (EVP_Q_digest(libctx, digest, NULL,
                     how->label.data == NULL ? (const void *)"" : how->label.data,
                     how->label.length, label, NULL) != 1 ||
        !unmask(libctx, mgf1, block + 1, hash_length, data, data_length))
        return false;
    good = find_message(data + hash_length, data_length - hash_length, length);
    good &= mask_if_equal(block[0], 0);
    good &= mask_if_equal((size_t)CRYPTO_memcmp(data, label, hash_length), 0);
    return good != 0;
}
