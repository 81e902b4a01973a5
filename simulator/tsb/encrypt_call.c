/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypting.
 */
#include <string.h>

#include "simulator/tsb/body_member.h"
#include "simulator/tsb/calls.h"
#include "simulator/tsb/cipher.h"
#include "simulator/tsb/derived_key.h"

struct encryption {
    const char *key_name;
    struct ska_bytes payload;
    struct tsb_cipher cipher;
    struct ska_bytes encrypted;
    size_t tag;
};

static bool read_encryption(struct tsb_exchange *exchange, struct encryption *wanted)
{
    static const char *const names[] = {"encryptKeyName",
                                        "keyPassword",
                                        "payload",
                                        "cipherAlgorithm",
                                        "initializationVector",
                                        "tagLength",
                                        "additionalAuthenticationData",
                                        NULL};
    struct ska_errors errors = tsb_answer_errors(&exchange->answer);
    struct ska_json_place top;
    struct ska_json_place inner;

    tsb_exchange_top(exchange, &errors, &top);
    return tsb_read_root(&top, "encryptRequest", names, &inner) &&
           tsb_need_text(&inner, "encryptKeyName", &wanted->key_name) &&
           tsb_need_base64(&inner, "payload", &wanted->payload) &&
           tsb_cipher_read(&exchange->answer, &inner, &wanted->cipher) &&
           tsb_check_key_password(exchange, &inner, "keyPassword", wanted->key_name);
}

static bool encrypt_with_key(struct tsb_exchange *exchange, struct encryption *wanted)
{
    struct tsb_device *device = exchange->server->device;
    struct tsb_key key;
    CK_RV rv = tsb_key_open(device, wanted->key_name, &key);
    bool fits = rv != CKR_OK || tsb_cipher_fits(&wanted->cipher, &key);

    if (rv == CKR_OK && fits)
        rv = tsb_cipher_encrypt(device, &key, &wanted->cipher, ska_span_of(&wanted->payload),
                                &wanted->encrypted, &wanted->tag);
    tsb_key_close(device, &key);
    if (!fits)
        return tsb_refuse(&exchange->answer, TSB_ALGORITHM_NOT_SUPPORTED_BY_KEY,
                          "key %s cannot do %s", wanted->key_name, wanted->cipher.name);
    return rv == CKR_OK || tsb_fail_key(exchange, rv, wanted->key_name);
}

static bool add_base64_or_null(cJSON *json, const char *name, struct ska_span value)
{
    return value.length == 0 ? cJSON_AddNullToObject(json, name) != NULL
                             : ska_json_add_base64(json, name, value);
}

static void answer_encryption(struct tsb_exchange *exchange, const struct encryption *wanted)
{
    struct ska_span all = ska_span_of(&wanted->encrypted);
    size_t tag = wanted->tag <= all.length ? wanted->tag : 0;
    struct ska_span without = ska_span(tag > 0 ? all.data : NULL, tag > 0 ? all.length - tag : 0);
    cJSON *json = cJSON_CreateObject();

    if (json != NULL &&
        !(ska_json_add_base64(json, "encryptedPayload", all) &&
          add_base64_or_null(json, "encryptedPayloadWithoutMessageAuthenticationCode", without) &&
          add_base64_or_null(json, "initializationVector", ska_span_of(&wanted->cipher.vector)) &&
          add_base64_or_null(json, "messageAuthenticationCode",
                             ska_span(all.data + all.length - tag, tag)))) {
        cJSON_Delete(json);
        json = NULL;
    }
    tsb_answer_json(&exchange->answer, 200, json);
}

void tsb_encrypt(struct tsb_exchange *exchange)
{
    struct encryption wanted;

    memset(&wanted, 0, sizeof(wanted));
    if (read_encryption(exchange, &wanted) && encrypt_with_key(exchange, &wanted))
        answer_encryption(exchange, &wanted);
    ska_bytes_clear_free(&wanted.payload);
    ska_bytes_free(&wanted.encrypted);
    tsb_cipher_clear(&wanted.cipher);
}
