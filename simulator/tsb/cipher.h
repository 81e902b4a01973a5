/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's names of ciphers, and what the HSM has to be asked for.
 */
#ifndef SKATSB_CIPHER_H
#define SKATSB_CIPHER_H

#include "provider/base/json.h"
#include "simulator/tsb/answer.h"
#include "simulator/tsb/device_crypt.h"

struct tsb_cipher_algorithm;

/* One cipher with what belongs to it. */
struct tsb_cipher {
    const char *name; /* borrowed */
    const struct tsb_cipher_algorithm *algorithm;
    struct ska_bytes vector;
    struct ska_bytes authenticated; /* additional data */
    uint64_t tag_bits;
};

/*
 * Members cipherAlgorithm, initializationVector, tagLength, additionalAuthenticationData at a
 * place. What there is not, or not here, is refused. To be cleared in any case.
 */
bool tsb_cipher_read(struct tsb_answer *answer, const struct ska_json_place *place,
                     struct tsb_cipher *cipher) SKA_MUST_CHECK;
void tsb_cipher_clear(struct tsb_cipher *cipher);

bool tsb_cipher_fits(const struct tsb_cipher *cipher, const struct tsb_key *key);

/* The mechanism of a decryption, with its parameters; points into itself and the cipher. */
struct tsb_cipher_mechanism {
    CK_MECHANISM mechanism;
    CK_GCM_PARAMS gcm;
    CK_AES_CTR_PARAMS counter;
};
void tsb_cipher_prepare(const struct tsb_cipher *cipher, struct tsb_cipher_mechanism *mechanism);

/* What such a decryption by the HSM has given, without the padding that is still around it. */
CK_RV tsb_cipher_finish(struct tsb_device *device, const struct tsb_cipher *cipher,
                        struct ska_bytes *plain);

/*
 * Makes an initialization vector, where one is needed and none given. `tag` is the length in bytes
 * of what stands at the end for authentication.
 */
CK_RV tsb_cipher_encrypt(struct tsb_device *device, const struct tsb_key *key,
                         struct tsb_cipher *cipher, struct ska_span data,
                         struct ska_bytes *encrypted, size_t *tag);

#endif
