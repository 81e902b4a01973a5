/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decrypting.
 */
#include "simulator/tsb/body_member.h"
#include "simulator/tsb/operation_steps.h"

const char *const tsb_decrypt_members[] = {"encryptedPayload",
                                           "cipherAlgorithm",
                                           "initializationVector",
                                           "tagLength",
                                           "additionalAuthenticationData",
                                           NULL};

bool tsb_decrypt_read(struct tsb_exchange *exchange, const struct ska_json_place *inner,
                      struct tsb_operation *wanted)
{
    return tsb_need_base64(inner, "encryptedPayload", &wanted->payload) &&
           tsb_cipher_read(&exchange->answer, inner, &wanted->cipher);
}

bool tsb_decrypt_prepare(struct tsb_exchange *exchange, struct tsb_operation *wanted)
{
    if (!tsb_cipher_fits(&wanted->cipher, &wanted->key))
        return tsb_refuse(&exchange->answer, TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY,
                          "key %s cannot do %s", wanted->key_name, wanted->cipher.name);
    return ska_bytes_copy(&wanted->data, ska_span_of(&wanted->payload), NULL) ||
           tsb_refuse(&exchange->answer, TSB_IMPLEMENTATION, "out of memory");
}

CK_RV tsb_decrypt_run(struct tsb_device *device, struct tsb_operation *wanted,
                      const struct tsb_authority *by, struct ska_bytes *made)
{
    struct tsb_cipher_mechanism mechanism;
    CK_RV rv = CKR_OK;

    tsb_cipher_prepare(&wanted->cipher, &mechanism);
    rv = wanted->key.ska
             ? tsb_ska_execute(device, &wanted->key, CK_SKA_DECRYPT, &mechanism.mechanism, by, made)
             : tsb_key_decrypt(device, &wanted->key, &mechanism.mechanism,
                               ska_span_of(&wanted->data), made);
    return rv == CKR_OK ? tsb_cipher_finish(device, &wanted->cipher, made) : rv;
}

bool tsb_decrypt_finish(struct tsb_exchange *exchange, struct tsb_operation *wanted,
                        struct ska_bytes *made, char **text)
{
    (void)exchange;
    (void)wanted;
    return ska_base64_encode(ska_span_of(made), text, NULL);
}
